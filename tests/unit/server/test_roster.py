"""Rows are read again when they changed, and only then."""

from __future__ import annotations

from collections.abc import Sequence

from common.adapters.memory.applications import MemoryApplications
from common.core.keys import AppKey, Object
from server.roster import Roster


def _follows_nothing(_app: Object) -> tuple[str, ...]:
    return ()


class Counting(MemoryApplications):
    """Counts what is read."""

    def __init__(self) -> None:
        super().__init__(_follows_nothing)
        self.reads: list[int] = []

    def many(self, keys: Sequence[AppKey]) -> list[Object | None]:
        """See `Applications.many`."""
        self.reads.append(len(keys))
        return super().many(keys)


def app(name: str, version: int, project: str = "default") -> Object:
    """A minimal Application."""
    meta = {"namespace": "argocd", "name": name, "resourceVersion": str(version)}
    return {"metadata": meta, "spec": {"project": project}}


def test_only_what_changed_is_read_again() -> None:
    """All at first; then nothing, then one; then one less."""
    applications = Counting()
    for name in ("b", "a", "c"):
        applications.put(app(name, 1))
    roster = Roster(applications)
    assert [row.key.name for row in roster.rows()] == ["a", "b", "c"]
    roster.rows()
    assert applications.reads == [3]
    applications.put(app("b", 2, "sea"))
    roster.touch([AppKey("argocd", "b")])
    assert [row.project for row in roster.rows()] == ["default", "sea", "default"]
    applications.remove(AppKey("argocd", "a"))
    roster.touch([AppKey("argocd", "a")])
    assert [row.key.name for row in roster.rows()] == ["b", "c"]
    assert applications.reads == [3, 1, 1]


def test_after_a_gap_everything_is_read() -> None:
    """What went meanwhile is gone."""
    applications = Counting()
    applications.put(app("a", 1))
    roster = Roster(applications)
    roster.rows()
    applications.remove(AppKey("argocd", "a"))
    applications.put(app("b", 1))
    roster.touch([None])
    assert [row.key.name for row in roster.rows()] == ["b"]
