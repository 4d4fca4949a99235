"""The list: filters, counts, pages, and rows made of what is stored."""

from __future__ import annotations

from datetime import UTC, datetime

from common.core.keys import AppKey
from server.roster import Row, row_of
from server.web.list_view import Query, list_view, read_query

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
APP = {
    "metadata": {"namespace": "argocd", "name": "shop", "labels": {"team": "sea"}},
    "spec": {
        "source": {"repoURL": "https://h/r.git", "path": "p", "targetRevision": "main"},
        "destination": {"server": "https://c", "namespace": "shop"},
        "syncPolicy": {"automated": {}},
    },
    "status": {
        "sync": {"status": "OutOfSync", "revision": "a" * 40},
        "health": {"status": "Healthy"},
        "operationState": {"phase": "Failed", "finishedAt": "2026-01-01T11:00:00Z"},
        "conditions": [{"type": "SyncError"}, {"type": "OrphanedResourceWarning"}],
        "resources": [{"status": "OutOfSync"}, {"status": "Synced"}],
    },
}


def row(name: str, **values: object) -> Row:
    """A row like the sample's."""
    sample = row_of(APP)
    fields = {field: getattr(sample, field) for field in sample.__struct_fields__}
    return Row(**{**fields, "key": AppKey("argocd", name), **values})  # type: ignore[arg-type]


def view(rows: list[Row], **query: object):  # type: ignore[no-untyped-def]
    """The list for a query."""
    return list_view(rows, Query(**query), clusters={"https://c": "one"}, home="argocd", now=NOW)  # type: ignore[arg-type]


def test_a_row_shows_what_people_look_for() -> None:
    """Short revision, the cluster by its name, how much is out of sync, errors but no warnings."""
    (line,) = view([row_of(APP)]).lines
    assert (line.name, line.href, line.namespace) == ("shop", "/applications/argocd/shop", "")
    assert (line.revision, line.target, line.source) == ("aaaaaaa", "main", "h/r · p")
    assert (line.cluster, line.destination, line.synced) == ("one", "shop", "1h ago")
    assert (line.sync.text, line.drift, line.conditions) == ("Out of sync", "1 of 2", 1)
    assert line.phase is not None
    assert line.phase.tone == "bad"


def test_a_malformed_application_has_a_row_too() -> None:
    """Nothing that somebody stored may take the list away."""
    odd = {"metadata": {"name": "x"}, "spec": {"sources": "?", "destination": 7}, "status": {"sync": []}}
    (line,) = view([row_of(odd)]).lines
    assert (line.sync.text, line.health.text, line.revision) == ("Unknown", "Unknown", "")


def test_text_finds_every_word_anywhere() -> None:
    """In names, sources, clusters and labels, without regard to case."""
    rows = [row("shop"), row("mail", labels=())]
    assert [line.name for line in view(rows, text="SEA one").lines] == ["shop"]
    assert view(rows, text="sea two").lines == ()


def test_counts_follow_the_other_filters() -> None:
    """A tile says how many it would show; one that is chosen leads back."""
    rows = [row("a"), row("b", sync="Synced"), row("c", sync="Synced", health="Degraded")]
    shown = view(rows, health="Healthy")
    assert [(tile.value, tile.count) for tile in shown.syncs] == [("OutOfSync", 1), ("Synced", 1)]
    assert [(tile.value, tile.count, tile.chosen) for tile in shown.healths] == [
        ("Degraded", 1, False),
        ("Healthy", 2, True),
    ]
    assert shown.healths[1].href == "/applications"
    assert shown.syncs[1].href == "/applications?sync=Synced&health=Healthy"


def test_long_lists_have_pages() -> None:
    """A hundred rows each; a page beyond the last is the last."""
    rows = [row(f"app-{n:03}") for n in range(250)]
    second = view(rows, page=2)
    assert (second.shown, second.previous, second.next) == (
        "101-200 of 250",
        "/applications",
        "/applications?page=3",
    )
    assert view(rows, page=99).shown == "201-250 of 250"


def test_an_address_is_read_whatever_it_says() -> None:
    """What is no page is the first one."""
    assert read_query({"page": "x", "text": " a "}) == Query(text="a")
    assert read_query({"page": "0"}).page == 1
    assert read_query({"page": "9" * 30}).page == 1


def test_a_filter_begins_at_the_first_page() -> None:
    """The address is the page's whole state; values are escaped."""
    assert Query(text="a&b", page=7).url(sync="Synced") == "/applications?text=a%26b&sync=Synced"
