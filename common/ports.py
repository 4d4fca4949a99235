"""What operations need from the outside, as Protocols. Each has a fake and a real adapter, and one
contract suite in `tests/contract` that both pass.

All methods may be called from several threads at once. What they raise is in `common.core.errors`.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from common.core.access import ClusterAccess, RepositoryAccess
from common.core.keys import (
    AppKey,
    ClusterId,
    GroupKind,
    GroupVersionKind,
    Object,
    ObjectKey,
    Revision,
)

if TYPE_CHECKING:
    from common.core.model.source import ApplicationSource


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...


# Git


class RemoteRefs(msgspec.Struct, frozen=True):
    """What ls-remote said: full ref names to commits (annotated tags peeled), and where HEAD points."""

    refs: Mapping[str, Revision]
    head: str
    """The full name of the branch that HEAD points to; empty when the server does not say."""
    head_revision: Revision | None


class TreeFile(msgspec.Struct, frozen=True):
    """One file of a tree. `path` is relative to the tree, with `/`."""

    path: str
    data: bytes
    symlink: bool = False
    """`data` is then the link's target."""


class CommitMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What a commit says of itself."""

    revision: Revision
    author: str
    committed_at: datetime
    message: str
    tags: tuple[str, ...] = ()


class GitReader(Protocol):
    """Reads repositories. A mirror on disk is shared by the processes of one machine."""

    def ls_remote(self, repo: RepositoryAccess) -> RemoteRefs:
        """Ask the server for its refs; never answered from the mirror."""
        ...

    def fetch(self, repo: RepositoryAccess, revision: Revision, *, ref: str | None = None) -> None:
        """Have the commit in the mirror; no request when it is there. `ref` is where it was found."""
        ...

    def tree_oids(
        self, repo: RepositoryAccess, revision: Revision, paths: Sequence[str]
    ) -> dict[str, str | None]:
        """The OID of each path (tree or blob; `""` is the root) in a commit of the mirror; None where it
        has none. One walk, whatever the number of paths.

        Raises CommitMissing.
        """
        ...

    def read_tree(self, repo: RepositoryAccess, oid: str, *, max_bytes: int) -> Iterator[TreeFile]:
        """Every file below a tree, sorted by path, without a checkout. Raises CommitMissing,
        RenderLimitExceeded.
        """
        ...

    def read_file(self, repo: RepositoryAccess, revision: Revision, path: str) -> bytes:
        """One file of a commit. Raises PathNotFound, CommitMissing."""
        ...

    def export(
        self, repo: RepositoryAccess, revision: Revision, paths: Collection[str]
    ) -> AbstractContextManager[Path]:
        """The given paths (`""` for all) laid out under one read-only directory as in the commit. It is
        named by their OIDs and shared; it stays while the context is open. Links that leave it are not made.
        """
        ...

    def commit(self, repo: RepositoryAccess, revision: Revision) -> CommitMetadata:
        """Author, date and message. Raises CommitMissing."""
        ...


# Rendering


class RenderLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one render may use."""

    timeout_seconds: float = 90.0
    """Argo CD's ARGOCD_EXEC_TIMEOUT."""
    memory_bytes: int = 1 << 30
    """Of the tool's process (its data, not its address space)."""
    output_bytes: int = 50 << 20
    """What the tool may print."""
    input_bytes: int = 10 << 20
    """All manifests of a directory together (reposerver.max.combined.directory.manifests.size)."""
    file_bytes: int = 256 << 20
    """The largest file that the tool may write."""
    open_files: int = 1024


class RenderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What argocd-cm says about rendering."""

    kustomize_options: tuple[str, ...] = ()
    """kustomize.buildOptions, split at spaces."""
    helm_value_schemes: tuple[str, ...] = ("https", "http")
    """helm.valuesFileSchemes: which addresses a value file may have."""
    limits: RenderLimits = RenderLimits()


class RenderRef(msgspec.Struct, frozen=True, kw_only=True):
    """Another source of the same Application, which `$name/` in a value file's path means."""

    repo: RepositoryAccess
    revision: Revision


class RenderInput(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A path that a render reads; the OIDs of all of them decide whether it must be made again."""

    ref: str = ""
    """Which of `RenderRequest.refs`; empty for the source itself."""
    path: str
    """`""` is the root. A path that does not exist (yet) is an input too."""


class RenderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One source of one Application at one revision."""

    app_name: str
    namespace: str
    """`spec.destination.namespace`."""
    project: str = "default"
    source: ApplicationSource
    source_type: str
    """Directory, Kustomize, Helm or Plugin."""
    repo: RepositoryAccess
    revision: Revision
    """A commit; the chart's exact version where `source.chart` is set."""
    refs: Mapping[str, RenderRef] = msgspec.field(default_factory=dict)
    """By `source.ref`, without the `$`."""
    helm_repositories: tuple[RepositoryAccess, ...] = ()
    """The configured chart repositories, for a chart's dependencies."""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    build_env: Mapping[str, str] = msgspec.field(default_factory=dict)
    """What `common.core.build_env.build_environment` gives."""
    settings: RenderSettings = RenderSettings()


class Renderer(Protocol):
    """Makes objects of a source. The commits of the request are in the mirror."""

    def identity(self, source_type: str) -> str:
        """The renderer and its version: part of the digest that the output is kept under."""
        ...

    def inputs(self, request: RenderRequest) -> tuple[RenderInput, ...]:
        """The paths that `render` would read, sorted, without rendering. Raises PathNotFound where the
        source's own path does not exist, CommitMissing, InvalidManifest.
        """
        ...

    def chart_versions(self, repo: RepositoryAccess, chart: str) -> list[str]:
        """The versions of a chart in a Helm repository. Raises GitError or RenderError."""
        ...

    def render(self, request: RenderRequest) -> list[Object]:
        """The objects in the order in which the tool printed them; `List`s flattened.

        Raises RenderError, PathNotFound, CommitMissing.
        """
        ...


# Clusters


class ApiResource(msgspec.Struct, frozen=True, kw_only=True):
    """One row of discovery."""

    gvk: GroupVersionKind
    plural: str
    namespaced: bool
    verbs: tuple[str, ...] = ()
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()


class ApiCatalog(msgspec.Struct, frozen=True, kw_only=True):
    """What a cluster serves: every served version of every kind, the preferred version first."""

    version: str
    """Its Kubernetes version, such as `v1.36.3`."""
    resources: tuple[ApiResource, ...]
    digest: str
    """Changes when any of it does."""
    failed: tuple[str, ...] = ()
    """Group versions (as `apiVersion` has them) that could not be asked for, or whose rows may be old: a
    kind of theirs that is not among the resources may exist all the same.
    """


class ListResult(msgspec.Struct, frozen=True):
    """A complete LIST (all its pages) at one resourceVersion."""

    items: tuple[Object, ...]
    resource_version: str


class Propagation(enum.StrEnum):
    """DeleteOptions.propagationPolicy."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


class PatchType(enum.StrEnum):
    """The content types of PATCH."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


class WatchEvent(msgspec.Struct, frozen=True):
    """ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    object: Object


class Cluster(Protocol):
    """One API server. Writes return what the server answered, managedFields included."""

    @property
    def access(self) -> ClusterAccess:
        """Whom we talk to."""
        ...

    def catalog(self, *, refresh: bool = False) -> ApiCatalog:
        """Discovery, kept until `refresh` or until a kind is missing."""
        ...

    def schema(self, gvk: GroupVersionKind) -> Mapping[str, Any] | None:
        """The kind's OpenAPI v3 schema with `$ref`s into `components` (returned as
        `{"root": <name>, "schemas": {...}}`, shared between the kinds of one group version); None when the
        server publishes none.
        """
        ...

    def get(self, gvk: GroupVersionKind, namespace: str, name: str) -> Object:
        """One object. Raises NotFound, KindNotServed."""
        ...

    def list(self, gvk: GroupVersionKind, namespace: str = "", *, label_selector: str = "") -> ListResult:
        """All of a kind. Raises rather than return part of it."""
        ...

    def apply(
        self,
        obj: Object,
        *,
        force: bool = True,
        dry_run: bool = False,
        field_manager: str = "moorings",
        validate: bool = True,
    ) -> Object:
        """Server-side apply."""
        ...

    def create(self, obj: Object, *, dry_run: bool = False) -> Object:
        """POST. Raises AlreadyExists."""
        ...

    def replace(self, obj: Object, *, dry_run: bool = False) -> Object:
        """PUT; with `metadata.resourceVersion` as precondition when it is set. Raises VersionConflict."""
        ...

    def patch(
        self,
        gvk: GroupVersionKind,
        namespace: str,
        name: str,
        body: object,
        *,
        patch_type: PatchType = PatchType.MERGE,
        dry_run: bool = False,
        subresource: str = "",
    ) -> Object:
        """PATCH; a `metadata.resourceVersion` in a merge patch is a precondition."""
        ...

    def delete(
        self,
        gvk: GroupVersionKind,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: Propagation = Propagation.BACKGROUND,
        dry_run: bool = False,
    ) -> None:
        """DELETE with preconditions. Raises NotFound, VersionConflict."""
        ...


class Clusters(Protocol):
    """Gives a client for an address; keeps connections between calls."""

    def connect(self, access: ClusterAccess) -> Cluster:
        """A client for it; the same one for equal values."""
        ...

    def home(self) -> Cluster:
        """The cluster that holds the Applications."""
        ...


# What is kept in Redis: only what can be made again


class Kind(enum.IntFlag):
    """What a due item is due for; bits are OR-ed until the item is claimed."""

    FETCH = 1
    RENDER = 2
    DIFF = 4
    APPLY = 8
    HARD = 16
    """Ignore caches: the hard refresh."""
    REVISION = 32
    """Only the revision in the status is behind."""


class Item(msgspec.Struct, frozen=True, order=True):
    """A member of the due set: `app:<namespace>/<name>` or `ref:<digest>`."""

    sort: str
    name: str

    def __str__(self) -> str:
        return f"{self.sort}:{self.name}"

    @classmethod
    def app(cls, key: AppKey) -> Item:
        """An application's item."""
        return cls("app", str(key))

    @classmethod
    def ref(cls, digest: str) -> Item:
        """A repository-ref's item."""
        return cls("ref", digest)

    @classmethod
    def parse(cls, text: str) -> Item:
        """Read the text form."""
        sort, _, name = text.partition(":")
        return cls(sort, name)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A held lease: the right to save others the work, never the right to write (DESIGN §6)."""

    item: Item
    incarnation: str
    sequence: int
    kinds: Kind
    waited_seconds: float
    """How long past its due time it was claimed."""


class DueSet(Protocol):
    """The queue of record. Each method is one Lua script on Redis's own clock, or a read."""

    def request(self, item: Item, kinds: Kind, *, delay_seconds: float = 0.0) -> bool:
        """Make it due; True when the caller should ring its doorbell."""
        ...

    def request_many(self, items: Iterable[Item], kinds: Kind, *, delay_seconds: float = 0.0) -> list[Item]:
        """The same for many in one round trip; returns those to ring."""
        ...

    def claim(self, item: Item, *, lease_seconds: float) -> Claim | None:
        """Take the lease; None when somebody else holds it or nothing is due."""
        ...

    def renew(self, claims: Sequence[Claim], *, lease_seconds: float) -> list[Claim]:
        """Hold on; returns those that are lost."""
        ...

    def release(self, claim: Claim, *, due_in_seconds: float | None) -> bool:
        """Let go, due again then (None: when something asks); True when it must be rung now because a
        request came meanwhile. Raises LeaseLost when it was not ours any more.
        """
        ...

    def tick(self, *, limit: int = 500) -> tuple[list[tuple[Item, Kind]], float]:
        """What to ring now, and the seconds until the next is due (bounded by a minute)."""
        ...

    def forget(self, item: Item) -> None:
        """The thing is gone."""
        ...

    def ensure_epoch(self) -> bool:
        """True, for exactly one caller, when Redis was empty: everything must be listed and made due, and
        then `keep_epoch` called. When that does not come within a minute another caller is told.
        """
        ...

    def keep_epoch(self) -> None:
        """Everything has been listed and made due."""
        ...

    def depth(self) -> dict[str, int]:
        """Counts for metrics: `due`, `scheduled`, `leased`."""
        ...


class Leases(Protocol):
    """The leases that this process holds, renewed by its heartbeat until they are released."""

    def claim(self, item: Item) -> Claim | None:
        """Claim and keep; None when somebody else holds it or nothing is due."""
        ...

    def held(self, claim: Claim) -> bool:
        """Whether it is surely still ours."""
        ...

    def release(self, claim: Claim, *, due_in_seconds: float | None) -> bool:
        """Stop keeping and let go; True when it must be rung now. Raises LeaseLost."""
        ...


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one application's live objects, read in one transaction with its marker."""

    objects: Mapping[ObjectKey, Object]
    complete: frozenset[GroupKind]
    """Kinds whose absence from `objects` is proof of absence."""


class Taken(msgspec.Struct, frozen=True):
    """What the live snapshot did with an object."""

    changed: bool
    """False when the snapshot's was as new."""
    previous_owner: str
    """Whom it belonged to before; empty for nobody."""


class LiveStore(Protocol):
    """The live snapshot (DESIGN §5). Versions only go forward: an older resourceVersion never replaces."""

    def lead(self, cluster: ClusterId, watcher: str, *, lease_seconds: float) -> bool:
        """Take or keep the cluster's watch lease for a watcher's incarnation; False when another has it.
        When it ends, all that this watcher had marked complete is no proof any more.
        """
        ...

    def leave(self, cluster: ClusterId, watcher: str) -> None:
        """Give the watch lease back, if it is this watcher's."""
        ...

    def read(self, cluster: ClusterId, owner: str) -> Snapshot:
        """The objects tracked by `owner` (the tracking-id's first part)."""
        ...

    def put(self, cluster: ClusterId, obj: Object, owner: str) -> bool:
        """Take in an event or the answer to a write of ours; False when ours is as new. `owner` is empty
        for an object that nobody tracks: then one that was tracked before leaves the snapshot.
        """
        ...

    def put_many(
        self, cluster: ClusterId, objects: Sequence[tuple[Object, str]], *, generation: int = 0
    ) -> list[Taken]:
        """Several `(object, owner)` in one round trip. The items of a LIST come with the generation that
        `begin` gave: `swap` drops what did not, unless it is newer than the LIST.
        """
        ...

    def remove(self, cluster: ClusterId, key: ObjectKey, resource_version: str) -> str:
        """A deletion; leaves a tombstone. Returns the owner it had, or empty."""
        ...

    def begin(self, cluster: ClusterId, kind: GroupKind, *, watcher: str = "") -> int:
        """A new generation of a kind, before its LIST; the kind is incomplete until `swap`. With `watcher`:
        raises LeaseLost when the lease is not its.
        """
        ...

    def swap(
        self,
        cluster: ClusterId,
        kind: GroupKind,
        generation: int,
        resource_version: str,
        *,
        watcher: str = "",
    ) -> list[str]:
        """The LIST is in: drop what it did not have, mark the kind complete. Returns owners that lost
        objects. Raises LeaseLost when a later generation was begun, or the lease is not `watcher`'s.
        """
        ...

    def incomplete(self, cluster: ClusterId, kind: GroupKind | None = None, *, watcher: str = "") -> None:
        """The watch is behind or gone: absence is no proof any more. With `watcher`: nothing happens when
        the lease is not its.
        """
        ...

    def complete(self, cluster: ClusterId) -> frozenset[GroupKind]:
        """Kinds whose absence is proof now. A watcher asks with each heartbeat, and lists again what it
        believes complete and is not here: Redis was flushed, or somebody called `incomplete`.
        """
        ...

    def forget(self, cluster: ClusterId) -> None:
        """The cluster is gone, or was restored from a backup: nothing is known of it."""
        ...

    def want(self, cluster: ClusterId, kinds: Collection[GroupKind]) -> None:
        """Ask the cluster's watcher for kinds; the watcher is woken when any is new."""
        ...

    def wanted(self, cluster: ClusterId) -> frozenset[GroupKind]:
        """What has been asked for."""
        ...

    def wait_wanted(self, timeout_seconds: float) -> frozenset[ClusterId]:
        """Block until a new kind is asked for somewhere, or the time is over: clusters to look at (after a
        broken connection none of them may be named).
        """
        ...


class Blobs(Protocol):
    """Content-addressed, compressed, immutable; evicted by us, oldest use first."""

    def get(self, namespace: str, digest: str) -> bytes:
        """Raises CacheMiss."""
        ...

    def put(self, namespace: str, digest: str, data: bytes) -> None:
        """Keep it."""
        ...


class Facts(Protocol):
    """Small JSON documents by name that can be made again: refs, inputs, stamps, failures."""

    def get(self, namespace: str, names: Sequence[str]) -> list[Any | None]:
        """Values in the order asked."""
        ...

    def put(self, namespace: str, values: Mapping[str, Any]) -> None:
        """Set several."""
        ...

    def drop(self, namespace: str, names: Sequence[str]) -> None:
        """Remove several."""
        ...

    def all(self, namespace: str) -> dict[str, Any]:
        """Every document of a namespace."""
        ...

    def version(self, name: str) -> int:
        """A counter that other processes bump, 0 at first."""
        ...

    def bump(self, name: str) -> int:
        """Tell the others that something they keep in memory has changed."""
        ...


class TaskQueue(Protocol):
    """Doorbells. A lost one costs a tick."""

    def ring(self, item: Item, kinds: Kind, *, cluster: ClusterId | None = None) -> None:
        """Send the message that makes a worker look at the item."""
        ...


class Jq(Protocol):
    """Users' jq expressions, outside this process, with a time limit."""

    def delete_paths(self, expression: str, document: object) -> object:
        """The document without what the expression selects. Raises InvalidInput."""
        ...


class Applications(Protocol):
    """The home cluster's Applications as the watcher last saw them, or as our last write left them."""

    def get(self, key: AppKey) -> Object | None:
        """The object; None when there is none, or none is known yet (see `complete`)."""
        ...

    def complete(self) -> bool:
        """Whether an Application that is not here does not exist."""
        ...

    def put(self, obj: Object) -> bool:
        """Take in an event or a write's answer; False when ours is as new."""
        ...

    def remove(self, key: AppKey) -> None:
        """It is gone."""
        ...

    def swap(self, objects: Sequence[Object], resource_version: str) -> list[AppKey]:
        """Take in a complete LIST and mark it complete: those that it does not have are gone, unless they
        are newer than it. Returns the keys that went.
        """
        ...

    def confirm(self) -> bool:
        """The watch lives: what is complete stays so for some seconds more. False when it is not complete
        (any more): list again.
        """
        ...

    def incomplete(self) -> None:
        """The watch is behind or gone: absence is no proof any more."""
        ...

    def keys(self) -> list[AppKey]:
        """All of them, sorted."""
        ...

    def many(self, keys: Sequence[AppKey]) -> list[Object | None]:
        """Several in one round trip."""
        ...

    def by_ref(self, digest: str) -> list[AppKey]:
        """Those that follow a repository's ref (`common.core.refs.ref_digest`), sorted."""
        ...


class Logins(Protocol):
    """What the server remembers of people who log in. Losing it logs nobody in and nobody out."""

    def attempt(self, who: str, *, window_seconds: float) -> int:
        """Count one more attempt; the number of them in the window, which begins with its first."""
        ...

    def forgive(self, who: str) -> None:
        """It went well: the attempts count no more."""
        ...

    def hand_out(self, token: str, *, seconds: float) -> None:
        """Let a random token log in once, within so many seconds. Only its digest is kept."""
        ...

    def take(self, token: str) -> bool:
        """Use such a token up; False when there is none (any more)."""
        ...

    def revoke(self, token_id: str, *, seconds: float) -> None:
        """Refuse a signed token until it ends by itself."""
        ...

    def revoked(self, token_id: str) -> bool:
        """Whether it is refused."""
        ...


class ApplicationChanges(Protocol):
    """A subscription to what `Applications` takes in, for one thread."""

    def wait(self, seconds: float) -> list[str]:
        """Sleep so long, or until something changed: then all of it, as `ADDED`, `MODIFIED` or `DELETED` and
        the key, separated by a space. An empty text: look yourself at what you may have missed.
        """
        ...

    def ring(self, words: str = "") -> None:
        """Wake everybody who waits."""
        ...

    def close(self) -> None:
        """End the subscription."""
        ...
