"""Workers that die, and workers that share."""

from __future__ import annotations

import random
import time

from tests.chaos.harbour import Harbour


def test_kill_at_random_moments(harbour: Harbour) -> None:
    """Twelve `kill -9` while 30 applications follow four commits: nothing missing or doubled."""
    chance = random.Random(7)
    first, second = harbour.start(workers=2)
    names = harbour.fleet(30)
    revisions = [harbour.revision]
    kills = 0
    for colour in ("blue", "green", "amber", "red"):
        if colour != "blue":
            revisions.append(harbour.push(names, colour))
            harbour.ring(names[0])
        for victim in (first, second, first):
            time.sleep(chance.uniform(0.05, 0.6))
            victim.kill()
            kills += 1
            victim.start(wait=False)
        harbour.converge(names, revisions[-1])
    assert kills >= 10
    harbour.check(names, "red", revisions)
    harbour.nothing_unexpected()


def test_two_workers_share_the_same_applications(harbour: Harbour) -> None:
    """Work rung twice for everybody is done once: one history entry for a revision, no write twice."""
    harbour.start(workers=2)
    names = harbour.fleet(20)
    for _ in range(20):
        for name in names:
            harbour.poke(name)
        time.sleep(0.02)
    harbour.converge(names, harbour.revision)
    first = harbour.revision
    harbour.push(names, "green")
    harbour.ring(names[0])
    for _ in range(20):
        for name in names:
            harbour.poke(name)
        time.sleep(0.02)
    harbour.converge(names, harbour.revision)
    harbour.check(names, "green", [first, harbour.revision])
    harbour.nothing_unexpected()
