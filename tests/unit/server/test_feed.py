"""What changes, told to everybody who listens."""

from __future__ import annotations

import asyncio
import queue

from common.core.keys import AppKey
from server.feed import RESYNC, Change, Feed, Listener, read_change
from server.web.live import concerns

A, B = AppKey("argocd", "a"), AppKey("argocd", "b")


class Told:
    """A subscription that a test speaks into."""

    def __init__(self) -> None:
        self.words: queue.Queue[str] = queue.Queue()
        self.closed = False

    def wait(self, seconds: float) -> list[str]:
        """What was said."""
        try:
            return [self.words.get(timeout=seconds)]
        except queue.Empty:
            return []

    def ring(self, words: str = "") -> None:
        """Say something."""
        self.words.put(words)

    def close(self) -> None:
        """No more."""
        self.closed = True


def test_messages_are_read_or_ignored() -> None:
    """An empty one means that anything may have changed."""
    assert read_change("ADDED argocd/a") == Change("ADDED", A)
    assert read_change("") is RESYNC
    assert read_change("SANK argocd/a") is None
    assert read_change("DELETED nowhere") is None


async def test_a_slow_listener_hears_each_application_once() -> None:
    """The last word counts; what was added and then changed is still new."""
    listener = Listener()
    listener.tell([Change("ADDED", A), Change("MODIFIED", B)])
    listener.tell([Change("MODIFIED", A), Change("DELETED", B)])
    assert await listener.next(0.1) == [Change("ADDED", A), Change("DELETED", B)]
    assert await listener.next(0.01) == []


async def test_one_subscription_serves_all_and_ends() -> None:
    """Every listener hears it; the roster is told first; the end wakes who waits."""
    told, touched = Told(), []
    feed = Feed(told, on_change=touched.extend)
    feed.start()
    async with feed.listen() as first, feed.listen() as second:
        told.ring("MODIFIED argocd/a")
        heard = await asyncio.gather(first.next(5), second.next(5))
        assert heard == [[Change("MODIFIED", A)]] * 2
        assert touched == [Change("MODIFIED", A)]
        assert feed.sequence == 1
        await feed.stop()
        assert await first.next(5) == []
    assert feed.ended
    assert told.closed


def test_a_page_looks_again_when_it_is_concerned() -> None:
    """A list by anything, an application's page by its own changes and by what nobody can tell."""
    assert concerns([Change("MODIFIED", A)], "")
    assert concerns([Change("MODIFIED", A)], "argocd/a")
    assert not concerns([Change("MODIFIED", A)], "argocd/b")
    assert concerns([RESYNC], "argocd/b")
