"""Follow a repository's refs: one ls-remote for a (repository, ref), however many applications use it.

When the ref has moved, only the applications whose input trees differ are made due at once. The others
get the new revision in their status lazily, at a bounded rate, because a status write is the dearest
request on the whole path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from common.core.access import RepositoryAccess
from common.core.convert import convert
from common.core.errors import GitError, RefNotFound, RenderError, RepositoryUnreachable
from common.core.follows import Followed, follows
from common.core.keys import AppKey, Revision
from common.core.model.application import read_application
from common.core.refs import newest_version, resolve
from common.operations.bundle import Ports
from common.operations.fleet import Fleet
from common.operations.render import INPUTS
from common.ports import Item, Kind

REFS = "refs"
"""Facts by ref digest: what a ref pointed to when it was last asked."""
FOLLOW_PER_SECOND = 20.0
"""How fast untouched applications get a new revision in their status."""
TOGETHER_SECONDS = 0.5
"""What comes within so long becomes due at once: with a thousand, a request each takes half a second."""
FOLLOW_WITHIN_SECONDS = 180.0
"""The bound for all of them, whatever their number."""


class RefFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a (repository, ref) pointed to when it was last asked."""

    url: str
    ref: str
    tag_prefix: str = ""
    chart: str = ""
    project: str = ""
    revision: str = ""
    previous: str = ""
    """What it pointed to before; empty while nothing but its first answer is known."""
    name: str = ""
    """The full name of the ref that it resolved to, such as `refs/heads/main`."""
    committed_at: datetime | None = None
    detected_at: datetime | None = None
    error: str = ""
    error_type: str = ""
    failing_since: datetime | None = None
    told: str = ""
    """The last revision that those who follow the ref were woken for: another may have found it first (a
    refresh asks too), or a poll may have been killed before it had told everybody.
    """

    @property
    def followed(self) -> Followed:
        """What it is about."""
        return Followed(url=self.url, ref=self.ref, tag_prefix=self.tag_prefix, chart=self.chart)


def ref_fact(ports: Ports, digest: str) -> RefFact | None:
    """What is known of a ref; None when it has not been asked since Redis was empty."""
    (found,) = ports.facts.get(REFS, [digest])
    return None if found is None else convert(found, RefFact)


def ask(ports: Ports, repo: RepositoryAccess, what: Followed, project: str) -> RefFact:
    """Resolve a ref at its server and have its commit in the mirror.

    A failure is kept beside what was known before, with the time since when it fails.
    """
    before = ref_fact(ports, what.digest)
    known = before or RefFact(
        url=what.url, ref=what.ref, tag_prefix=what.tag_prefix, chart=what.chart, project=project
    )
    now = ports.clock.now()
    try:
        fact = _chart(ports, repo, known, now) if what.chart else _commit(ports, repo, known, now)
    except (GitError, RenderError) as error:
        fact = msgspec.structs.replace(
            known,
            error=str(error),
            error_type=type(error).__name__,
            failing_since=known.failing_since or now,
        )
    if fact != before:
        ports.facts.put(REFS, {what.digest: msgspec.to_builtins(fact)})
    return fact


def _commit(ports: Ports, repo: RepositoryAccess, known: RefFact, now: datetime) -> RefFact:
    refs = ports.git.ls_remote(repo)
    try:
        resolved = resolve(known.ref, refs, tag_prefix=known.tag_prefix)
    except RefNotFound as error:
        raise RefNotFound(f"{_without_credentials(known.url)}: {error}") from error
    healthy = msgspec.structs.replace(known, error="", error_type="", failing_since=None)
    if resolved.revision == known.revision:
        return healthy
    ports.git.fetch(repo, resolved.revision, ref=resolved.name or None)
    commit = ports.git.commit(repo, resolved.revision)
    return msgspec.structs.replace(
        healthy,
        revision=commit.revision,
        previous=known.revision,
        name=resolved.name,
        committed_at=commit.committed_at,
        detected_at=now,
    )


def _without_credentials(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}" if separator else url


def _chart(ports: Ports, repo: RepositoryAccess, known: RefFact, now: datetime) -> RefFact:
    version = newest_version(known.ref, ports.renderer.chart_versions(repo, known.chart))
    if version is None:
        raise RenderError(f"{known.url}: chart {known.chart}: no version matches {known.ref!r}")
    healthy = msgspec.structs.replace(known, error="", error_type="", failing_since=None)
    if version == known.revision:
        return healthy
    return msgspec.structs.replace(healthy, revision=version, detected_at=now)


def follow(ports: Ports, fleet: Fleet, digest: str) -> float | None:
    """Poll one repository-ref; the seconds until the next poll, or None when nobody follows it any more."""
    keys = ports.applications.by_ref(digest)
    if not keys:
        ports.facts.drop(REFS, [digest])
        return None
    before = ref_fact(ports, digest)
    named = (before.followed, before.project) if before else _named(ports, keys, digest)
    if named is None:
        return None
    what, project = named
    repo = fleet.repository(what.url, project)
    after = ask(ports, repo, what, project)
    if after.revision != after.told:
        _wake(ports, repo, keys, after, digest)
        told = msgspec.structs.replace(after, told=after.revision)
        ports.facts.put(REFS, {digest: msgspec.to_builtins(told)})
    elif before is None or bool(after.error) != bool(before.error):
        ring(ports, keys, Kind.DIFF)
    return fleet.settings.reconciliation_seconds


def _named(ports: Ports, keys: Sequence[AppKey], digest: str) -> tuple[Followed, str] | None:
    """What is behind a digest, and whose project's credentials count: from an application that follows it."""
    for obj in ports.applications.many(keys):
        if obj is None:
            continue
        spec = read_application(obj).application.spec
        for what in follows(spec.effective_sources):
            if what.digest == digest:
                return what, spec.project_name
    return None


def _wake(ports: Ports, repo: RepositoryAccess, keys: Sequence[AppKey], fact: RefFact, digest: str) -> None:
    """Make due, at once, whose inputs changed, and the rest at the bounded rate."""
    if not fact.chart:
        # The mirror of this machine need not have what another machine found.
        ports.git.fetch(repo, Revision(fact.revision), ref=fact.name or None)
    inputs = ports.facts.get(INPUTS, [str(key) for key in keys])
    known = {
        key: one for key, one in zip(keys, inputs, strict=True) if not _rendered(one, fact.revision, digest)
    }
    keys = list(known)
    touched = set(keys) if fact.chart else _touched(ports, repo, known, fact, digest)
    ring(ports, [key for key in keys if key in touched], Kind.RENDER)
    untouched = [key for key in keys if key not in touched]
    pace = min(1 / FOLLOW_PER_SECOND, FOLLOW_WITHIN_SECONDS / max(1, len(untouched)))
    together = max(1, round(TOGETHER_SECONDS / pace))
    for start in range(0, len(untouched), together):
        items = [Item.app(key) for key in untouched[start : start + together]]
        ports.due.request_many(items, Kind.REVISION, delay_seconds=(start + 1) * pace)


def _rendered(inputs: object, revision: str, digest: str) -> bool:
    """Whether an application's last look was at this very revision: then there is nothing to tell it."""
    if not isinstance(inputs, dict) or len(inputs["revisions"]) != len(inputs["sources"]):
        return False
    pairs = zip(inputs["sources"], inputs["revisions"], strict=True)
    return {found for source, found in pairs if source["ref"] == digest} == {revision}


def _touched(
    ports: Ports, repo: RepositoryAccess, known: Mapping[AppKey, object], fact: RefFact, digest: str
) -> set[AppKey]:
    """The applications that read a path which this commit changed, or of which nothing is known."""
    wanted: dict[AppKey, dict[str, str | None]] = {}
    touched = set()
    for key, inputs in known.items():
        paths = _own_paths(inputs, digest)
        if paths is None:
            touched.add(key)
        else:
            wanted[key] = paths
    every = sorted({path for paths in wanted.values() for path in paths})
    now = ports.git.tree_oids(repo, Revision(fact.revision), every)
    touched |= {key for key, paths in wanted.items() if any(now[path] != oid for path, oid in paths.items())}
    return touched


def _own_paths(inputs: object, digest: str) -> dict[str, str | None] | None:
    """The paths that an application's render read of this ref; None when it must be looked at anew.

    A source that takes value files from another `ref` is looked at anew too: its paths are of two commits.
    """
    if not isinstance(inputs, dict):
        return None
    paths: dict[str, str | None] = {}
    for source in inputs["sources"]:
        for name, oid in source["oids"].items():
            ref, _, path = name.partition("/")
            if ref:
                return None
            if source["ref"] == digest:
                paths[path] = oid
    return paths or None


def ring(ports: Ports, keys: Sequence[AppKey], kinds: Kind) -> None:
    """Make applications due now and wake workers for them."""
    for item in ports.due.request_many([Item.app(key) for key in keys], kinds):
        ports.queue.ring(item, kinds)


def unreachable_for_seconds(fact: RefFact, now: datetime) -> float | None:
    """For how long a repository has not answered; None when it does, or answers with a refusal."""
    if fact.failing_since is None or fact.error_type != RepositoryUnreachable.__name__:
        return None
    return (now - fact.failing_since).total_seconds()
