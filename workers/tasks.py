"""The four tasks. Each parses its identifiers, takes one step, and ends; none ever waits."""

from __future__ import annotations

from celery import Celery

from common.adapters.queue import APPLY_TASK, DIFF_TASK, FETCH_TASK, RENDER_TASK
from common.ports import Item, Kind
from common.wiring import engine


def fetch(item: str, kinds: int) -> None:
    """Resolve a repository's ref, and make what it changed due."""
    engine().step(Item.parse(item), Kind(kinds))


def render(item: str, kinds: int) -> None:
    """Have an application's objects rendered, and go on from there."""
    engine().step(Item.parse(item), Kind(kinds))


def diff(item: str, kinds: int) -> None:
    """Compare desired with live."""
    engine().step(Item.parse(item), Kind(kinds))


def apply(item: str, kinds: int) -> None:
    """Take an operation as far as it goes without waiting."""
    engine().step(Item.parse(item), Kind(kinds))


def register(app: Celery) -> None:
    """Give the application its tasks."""
    for name, body in ((FETCH_TASK, fetch), (RENDER_TASK, render), (DIFF_TASK, diff), (APPLY_TASK, apply)):
        app.task(body, name=name)
