"""The Git host away, and a disk that is full."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.githost import GitHost, listen, server
from tests.chaos.harbour import Harbour
from tests.git_fixtures import HostedRepositories


@contextmanager
def serving_on(root: Path, port: int) -> Iterator[int]:
    """The repositories on one port (0: any), while the context is open."""
    running = server(GitHost(root))
    sock = listen(port)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [sock]}, name="githost")
    thread.start()
    try:
        while not running.started:
            time.sleep(0.005)
        yield sock.getsockname()[1]
    finally:
        running.should_exit = True
        thread.join(10)
        sock.close()


def test_away_during_polling(harbour: Harbour) -> None:
    """While the host is away nothing changes but what is healed from what is known; afterwards what was
    pushed meanwhile is followed.
    """
    harbour.settings(**{"timeout.reconciliation": "1s", "timeout.reconciliation.jitter": "0s"})
    root = harbour.git.root
    with serving_on(root, 0) as port:
        harbour.git = HostedRepositories(root, f"http://127.0.0.1:{port}")
        harbour.start(workers=1)
        names = harbour.fleet(5)
        harbour.converge(names, harbour.revision)
        first = harbour.revision
    harbour.paint(names[0], "settings-1", "red")
    harbour.until(lambda: harbour.colours(names[0])["settings-1"] == "blue", seconds=10)
    revision = harbour.push(names, "green")
    time.sleep(2.5)
    assert harbour.synced(names, first), harbour.behind(names, first)
    with serving_on(root, port):
        harbour.converge(names, revision)
    harbour.check(names, "green", [first, revision])
    harbour.nothing_unexpected()


def test_disk_full(harbour: Harbour) -> None:
    """A worker that can write no file says so as a condition and prunes nothing; one that can goes on."""
    (worker,) = harbour.start(workers=1)
    names = harbour.fleet(3)
    harbour.converge(names, harbour.revision)
    first = harbour.revision
    worker.stop()
    worker.start(limits={resource.RLIMIT_FSIZE: 0}, logged=False)
    revision = harbour.push(names, "green")
    harbour.ring(names[0])
    time.sleep(2.0)
    for name in names:
        assert harbour.colours(name) == dict.fromkeys(["settings-0", "settings-1", "settings-2"], "blue")
    worker.stop()
    worker.start()
    harbour.ring(names[0])
    harbour.converge(names, revision)
    harbour.check(names, "green", [first, revision])
