"""The list of applications: rows, filters and counts as the template shows them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

import msgspec

from server.roster import Row
from server.web.values import Badge, age, badge, repository, short

PAGE_ROWS = 100
HEALTHS = ("Degraded", "Missing", "Progressing", "Suspended", "Unknown", "Healthy")
SYNCS = ("OutOfSync", "Unknown", "Synced")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; the address's query is all of the page's state."""

    text: str = ""
    sync: str = ""
    health: str = ""
    project: str = ""
    cluster: str = ""
    page: int = 1

    def url(self, **changes: object) -> str:
        """The page's address with some of it changed; a change of anything but the page begins at page 1."""
        changed = msgspec.structs.replace(self, **({"page": 1} | changes))
        values = {
            name: value
            for name, value in msgspec.structs.asdict(changed).items()
            if value and (name, value) != ("page", 1)
        }
        return "/applications" + (f"?{urlencode(values)}" if values else "")


def read_query(given: Mapping[str, str]) -> Query:
    """What an address asks for; what is no number is page 1."""
    page = given.get("page", "")
    return Query(
        text=given.get("text", "").strip()[:200],
        sync=given.get("sync", ""),
        health=given.get("health", ""),
        project=given.get("project", ""),
        cluster=given.get("cluster", ""),
        page=max(1, int(page)) if page.isdecimal() and len(page) < 9 else 1,
    )


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table."""

    name: str
    namespace: str
    """Empty in the home namespace."""
    href: str
    project: str
    sync: Badge
    health: Badge
    drift: str
    """How many objects are out of sync, where any is."""
    revision: str
    target: str
    source: str
    cluster: str
    destination: str
    synced: str
    synced_at: str
    phase: Badge | None
    """Of the last operation, unless it went well."""
    automated: bool
    conditions: int


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """One choice of a filter with how many applications it has."""

    value: str
    mark: Badge
    count: int
    href: str
    chosen: bool


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a menu."""

    value: str
    label: str
    chosen: bool


class ListView(msgspec.Struct, frozen=True, kw_only=True):
    """The page."""

    query: Query
    here: str
    lines: tuple[Line, ...]
    total: int
    matched: int
    syncs: tuple[Tile, ...]
    healths: tuple[Tile, ...]
    projects: tuple[Option, ...]
    clusters: tuple[Option, ...]
    previous: str
    next: str
    shown: str
    filtered: bool
    clear: str


def app_path(namespace: str, name: str) -> str:
    """The address of an application's page."""
    return f"/applications/{quote(namespace, safe='')}/{quote(name, safe='')}"


def list_view(
    rows: Sequence[Row], query: Query, *, clusters: Mapping[str, str], home: str, now: datetime
) -> ListView:
    """The list for a query.

    Args:
        rows: all applications, in their order.
        query: what is asked for.
        clusters: names of clusters by their server.
        home: the home namespace.
        now: for ages.
    """

    def cluster_of(row: Row) -> str:
        return clusters.get(row.cluster, row.cluster)

    tests = _tests(query, cluster_of)
    matched = [row for row in rows if all(test(row) for test in tests.values())]
    pages = max(1, -(-len(matched) // PAGE_ROWS))
    page = min(query.page, pages)
    first = (page - 1) * PAGE_ROWS
    visible = matched[first : first + PAGE_ROWS]
    return ListView(
        query=query,
        here=query.url(page=page),
        lines=tuple(_line(row, cluster_of(row), home, now) for row in visible),
        total=len(rows),
        matched=len(matched),
        syncs=_tiles(rows, tests, query, "sync", SYNCS),
        healths=_tiles(rows, tests, query, "health", HEALTHS),
        projects=_options(sorted({row.project for row in rows}), query.project),
        clusters=_options(sorted({cluster_of(row) for row in rows}), query.cluster),
        previous=query.url(page=page - 1) if page > 1 else "",
        next=query.url(page=page + 1) if page < pages else "",
        shown=f"{first + 1}-{first + len(visible)} of {len(matched)}" if visible else "none",
        filtered=query != Query(page=query.page),
        clear=Query().url(),
    )


def _tests(query: Query, cluster_of: Callable[[Row], str]) -> dict[str, Callable[[Row], bool]]:
    """One test for each filter that is set."""
    tests: dict[str, Callable[[Row], bool]] = {}
    words = query.text.lower().split()
    if words:
        tests["text"] = lambda row: all(word in _haystack(row, cluster_of(row)) for word in words)
    if query.sync:
        tests["sync"] = lambda row: row.sync == query.sync
    if query.health:
        tests["health"] = lambda row: row.health == query.health
    if query.project:
        tests["project"] = lambda row: row.project == query.project
    if query.cluster:
        tests["cluster"] = lambda row: cluster_of(row) == query.cluster
    return tests


def _haystack(row: Row, cluster: str) -> str:
    labels = " ".join(f"{name}={value}" for name, value in row.labels)
    return f"{row.key} {row.project} {row.repo} {row.path} {cluster} {row.namespace} {labels}".lower()


def _tiles(
    rows: Sequence[Row],
    tests: Mapping[str, Callable[[Row], bool]],
    query: Query,
    field: str,
    order: Sequence[str],
) -> tuple[Tile, ...]:
    """How many applications each value would show, the other filters being as they are."""
    others = [test for name, test in tests.items() if name != field]
    counts = Counter(getattr(row, field) for row in rows if all(test(row) for test in others))
    chosen = getattr(query, field)
    return tuple(
        Tile(
            value=value,
            mark=badge(value),
            count=counts[value],
            href=query.url(**{field: "" if value == chosen else value}),
            chosen=value == chosen,
        )
        for value in order
        if counts[value] or value == chosen
    )


def _options(values: Sequence[str], chosen: str) -> tuple[Option, ...]:
    listed = values if not chosen or chosen in values else [*values, chosen]
    return tuple(Option(value=value, label=value, chosen=value == chosen) for value in listed)


def _line(row: Row, cluster: str, home: str, now: datetime) -> Line:
    return Line(
        name=row.key.name,
        namespace="" if row.key.namespace == home else row.key.namespace,
        href=app_path(row.key.namespace, row.key.name),
        project=row.project,
        sync=badge(row.sync),
        health=badge(row.health),
        drift=f"{row.out_of_sync} of {row.resources}" if row.out_of_sync else "",
        revision=short(row.revision),
        target=row.target,
        source=f"{repository(row.repo)} · {row.path}" if row.path else repository(row.repo),
        cluster=cluster,
        destination=row.namespace,
        synced=age(row.synced_at, now),
        synced_at=row.synced_at,
        phase=None if row.phase in ("", "Succeeded") else badge(row.phase),
        automated=row.automated,
        conditions=row.conditions,
    )
