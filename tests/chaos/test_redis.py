"""Redis holds only what can be made again: emptied, killed, or away, it costs time and nothing else."""

from __future__ import annotations

import random
import time

from tests.chaos.harbour import Harbour


def test_flush_at_random_moments(harbour: Harbour) -> None:
    """FLUSHALL six times while 20 applications follow three commits: everything converges, once."""
    chance = random.Random(11)
    harbour.start(workers=2)
    names = harbour.fleet(20)
    revisions = [harbour.revision]
    for colour in ("blue", "green", "amber"):
        if colour != "blue":
            revisions.append(harbour.push(names, colour))
            harbour.ring(names[0])
        for _ in range(2):
            time.sleep(chance.uniform(0.05, 0.5))
            harbour.redis.flushall()
        harbour.converge(names, revisions[-1])
    harbour.check(names, "amber", revisions)
    harbour.nothing_unexpected()


def test_killed_and_restarted_empty(harbour: Harbour) -> None:
    """Redis dies in the middle of a commit's syncs and comes back empty: nobody has to help."""
    harbour.start(workers=2)
    names = harbour.fleet(20)
    harbour.converge(names, harbour.revision)
    first = harbour.revision
    harbour.push(names, "green")
    harbour.ring(names[0])
    time.sleep(0.15)
    harbour.valkey.kill()
    time.sleep(1.0)
    harbour.valkey.start()
    harbour.converge(names, harbour.revision)
    harbour.check(names, "green", [first, harbour.revision])


def test_emptied_while_orphans_wait(harbour: Harbour) -> None:
    """A flush between a commit that removes an object and its sync: that object is pruned, no other is."""
    harbour.start(workers=1)
    names = harbour.fleet(5)
    harbour.converge(names, harbour.revision)
    revision = harbour.remove(names[0], 1)
    harbour.redis.flushall()
    harbour.ring(names[0])
    harbour.until(lambda: harbour.colours(names[0]).keys() == {"settings-0", "settings-2"}, seconds=20)
    harbour.converge([names[0]], revision)
    assert [len(harbour.colours(name)) for name in names] == [2, 3, 3, 3, 3]
