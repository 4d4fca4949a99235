"""Mirrors on disk: shared, bounded, repaired. What threads, processes and kills may do to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from common.adapters.git import GitLimits, GitMirrors
from common.adapters.git.locks import held
from common.core.access import RepositoryAccess, Secret
from common.core.errors import CommitMissing, RenderLimitExceeded, RepositoryUnreachable, StoreError
from common.core.keys import Revision
from sandbox.githost import HostOptions
from tests.git_fixtures import HostedRepositories, serving

pytestmark = pytest.mark.requires("git")

FETCHER = """
import sys
from pathlib import Path
from common.adapters.git import GitMirrors
from common.core.access import RepositoryAccess
folder, url, ref, *revisions = sys.argv[1:]
reader = GitMirrors(Path(folder))
print("ready", flush=True)
sys.stdin.readline()
for revision in revisions:
    reader.fetch(RepositoryAccess(url=url), revision, ref=ref or None)
    assert reader.read_file(RepositoryAccess(url=url), revision, "n") is not None
print("done", flush=True)
"""


def fetcher(folder: Path, url: str, ref: str, *revisions: str) -> subprocess.Popen[str]:
    """Another process, ready to fetch the commits when it gets a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", FETCHER, str(folder), url, ref, *revisions],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def mirror_path(reader: GitMirrors, access: RepositoryAccess) -> Path:
    """Where the mirror is."""
    return reader._mirror(access).path


def fsck(path: Path) -> None:
    """Git itself finds nothing wrong."""
    subprocess.run(
        ["git", f"--git-dir={path}", "fsck", "--connectivity-only"], check=True, capture_output=True
    )


def test_a_fetch_is_shallow_and_costs_no_second_request(tmp_path: Path, git_host: HostedRepositories) -> None:
    """One commit comes, not its history; a commit that is there is never asked for again."""
    repository = git_host.repository()
    old = [repository.commit({"n": str(n)}) for n in range(5)]
    asked: list[tuple[str, str]] = []
    reader = GitMirrors(tmp_path / "c", observe=lambda what, _seconds, outcome: asked.append((what, outcome)))
    access = RepositoryAccess(url=git_host.url_of())
    for _ in range(3):
        reader.fetch(access, old[-1], ref="refs/heads/main")
    assert asked == [("fetch", "ok")]
    with pytest.raises(CommitMissing):
        reader.commit(access, old[-2])
    reader.fetch(access, old[0])
    assert reader.read_file(access, old[0], "n") == b"0"
    fsck(mirror_path(reader, access))


def test_an_old_commit_is_found_where_servers_give_only_what_refs_point_to(tmp_path: Path) -> None:
    """Deepening on demand: a rollback to last month's commit works with any server."""
    (tmp_path / "h").mkdir()
    with serving(tmp_path / "h", HostOptions(any_commit=False)) as host:
        repository = host.repository()
        commits = [repository.commit({"n": str(n)}) for n in range(6)]
        reader = GitMirrors(tmp_path / "c")
        access = RepositoryAccess(url=host.url_of())
        reader.fetch(access, commits[-1], ref="refs/heads/main")
        reader.fetch(access, commits[1], ref="refs/heads/main")
        assert reader.read_file(access, commits[1], "n") == b"1"
        fsck(mirror_path(reader, access))


def test_a_branch_that_moved_meanwhile(tmp_path: Path, git_host: HostedRepositories) -> None:
    """The commit that was asked for comes, although its branch is already at another."""
    repository = git_host.repository()
    first = repository.commit({"n": "1"})
    repository.commit({"n": "2"})
    reader = GitMirrors(tmp_path / "c")
    access = RepositoryAccess(url=git_host.url_of())
    reader.fetch(access, first, ref="refs/heads/main")
    assert reader.read_file(access, first, "n") == b"1"


def test_a_force_push_leaves_nothing_behind(tmp_path: Path, git_host: HostedRepositories) -> None:
    """History that was rewritten is fetched like any other."""
    repository = git_host.repository()
    repository.commit({"n": "1"})
    reader = GitMirrors(tmp_path / "c")
    access = RepositoryAccess(url=git_host.url_of())
    reader.fetch(access, repository.commit({"n": "2"}), ref="refs/heads/main")
    repository.git.references.delete("refs/heads/main")
    fresh = repository.commit({"n": "other"})
    reader.fetch(access, fresh, ref="refs/heads/main")
    assert reader.read_file(access, fresh, "n") == b"other"


def test_threads_wait_for_the_network_side_by_side(tmp_path: Path) -> None:
    """Nothing holds the interpreter while it waits: eight slow requests take the time of one."""
    import socket
    import threading

    listener = socket.create_server(("127.0.0.1", 0), backlog=32)
    held_open: list[socket.socket] = []

    def accept() -> None:
        for _ in range(8):
            held_open.append(listener.accept()[0])

    thread = threading.Thread(target=accept)
    thread.start()
    reader = GitMirrors(tmp_path / "c", GitLimits(silence_timeout_seconds=1.0))
    access = RepositoryAccess(url=f"http://127.0.0.1:{listener.getsockname()[1]}/r.git")

    def ask(_: int) -> None:
        with pytest.raises(RepositoryUnreachable):
            reader.ls_remote(access)

    start, worked = time.monotonic(), 0
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(ask, n) for n in range(8)]
        while not all(w.done() for w in waiting):
            worked += 1
            time.sleep(0.001)
        for w in waiting:
            w.result()
    seconds = time.monotonic() - start
    thread.join()
    for connection in held_open:
        connection.close()
    listener.close()
    assert seconds < 3
    assert worked > 100  # this thread ran all the while


def test_threads_fetch_one_mirror(tmp_path: Path, git_host: HostedRepositories) -> None:
    """Twelve threads, six commits: each is there afterwards, and the mirror is sound."""
    repository = git_host.repository()
    commits = [repository.commit({"n": str(n)}) for n in range(6)]
    reader = GitMirrors(tmp_path / "c")
    access = RepositoryAccess(url=git_host.url_of())

    def work(n: int) -> bytes:
        reader.fetch(access, commits[n % 6])
        return reader.read_file(access, commits[n % 6], "n")

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(work, range(12))) == [str(n % 6).encode() for n in range(12)]
    fsck(mirror_path(reader, access))


def test_two_processes_fetch_one_mirror(tmp_path: Path, git_host: HostedRepositories) -> None:
    """They start together, on a mirror that is not there yet."""
    repository = git_host.repository()
    commits = [repository.commit({"n": str(n)}) for n in range(6)]
    url = git_host.url_of()
    both = [fetcher(tmp_path / "c", url, "", *commits), fetcher(tmp_path / "c", url, "", *reversed(commits))]
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in both:
        output, _ = process.communicate(timeout=60)
        assert (process.returncode, output) == (0, "done\n")
    reader = GitMirrors(tmp_path / "c")
    fsck(mirror_path(reader, RepositoryAccess(url=url)))


def test_killed_at_any_moment_of_a_fetch(tmp_path: Path, git_host: HostedRepositories) -> None:
    """kill -9 after more and more milliseconds: the next fetch always succeeds, by itself."""
    import random

    noise = random.Random(7)
    repository = git_host.repository()
    files: dict[str, bytes | str] = {f"f{n}": noise.randbytes(20_000) for n in range(60)}
    access = RepositoryAccess(url=git_host.url_of())
    for delay in (0, 0.004, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08):
        revision = repository.commit({**files, "n": str(delay), "big": noise.randbytes(500_000)})
        process = fetcher(tmp_path / "c", access.url, "refs/heads/main", revision)
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        reader = GitMirrors(tmp_path / "c")
        reader.fetch(access, revision, ref="refs/heads/main")
        assert reader.read_file(access, revision, "n") == str(delay).encode()
    fsck(mirror_path(reader, access))
    leftovers = [p.name for p in mirror_path(reader, access).rglob("*git2_*")]
    assert leftovers == []


@pytest.mark.parametrize("damage", ["pack", "index", "head", "ref", "objects", "empty", "file"])
def test_a_damaged_mirror_is_made_again(tmp_path: Path, git_host: HostedRepositories, damage: str) -> None:
    """Whatever is broken: reading says CommitMissing at worst, and the next fetch repairs it."""
    import shutil

    revision = git_host.repository().commit({"n": "1" * 5000})
    reader = GitMirrors(tmp_path / "c")
    access = RepositoryAccess(url=git_host.url_of())
    reader.fetch(access, revision)
    path = mirror_path(reader, access)
    pack = next((path / "objects/pack").glob("*.pack"))
    for file in (path / "objects/pack").iterdir():
        file.chmod(0o600)
    match damage:
        case "pack":
            pack.write_bytes(pack.read_bytes()[:40])
        case "index":
            pack.with_suffix(".idx").write_bytes(b"\0" * 2000)
        case "head":
            (path / "HEAD").write_bytes(b"")
        case "ref":
            (path / "refs/moorings/commits" / revision).write_bytes(b"")
        case "objects":
            shutil.rmtree(path / "objects")
        case "empty":
            shutil.rmtree(path)
            path.mkdir()
        case "file":
            shutil.rmtree(path)
            path.write_text("no directory")
    for _ in range(3):
        reader = GitMirrors(tmp_path / "c")
        try:
            reader.fetch(access, revision)
            assert reader.read_file(access, revision, "n") == b"1" * 5000
            break
        except CommitMissing:
            continue
    else:
        pytest.fail("not repaired")
    reader.fetch(access, git_host.repository().commit({"n": "2"}))
    fsck(path)


def test_stale_locks_of_git_do_not_matter(tmp_path: Path, git_host: HostedRepositories) -> None:
    """A killed git leaves lock files that nobody would ever remove."""
    repository = git_host.repository()
    reader = GitMirrors(tmp_path / "c")
    access = RepositoryAccess(url=git_host.url_of())
    reader.fetch(access, repository.commit({"n": "1"}))
    path = mirror_path(reader, access)
    for name in ("shallow.lock", "config.lock", "HEAD.lock", "refs/moorings/commits/x.lock"):
        (path / name).write_text("")
    reader._dripping.add(reader._mirror(access).name)
    reader.fetch(access, repository.commit({"n": "2"}))
    assert list(path.rglob("*.lock")) == []


def test_a_mirror_held_too_long_is_unreachable(tmp_path: Path, git_host: HostedRepositories) -> None:
    """Waiting for another process has an end too."""
    revision = git_host.repository().commit({"n": "1"})
    reader = GitMirrors(tmp_path / "c", GitLimits(fetch_timeout_seconds=0.3))
    access = RepositoryAccess(url=git_host.url_of())
    with held(reader._mirror(access).fetch_lock), pytest.raises(RepositoryUnreachable):
        reader.fetch(access, revision)


def test_packs_are_joined_while_others_read(tmp_path: Path, git_host: HostedRepositories) -> None:
    """The number of packs stays bounded, old commits stay readable, no reader ever fails."""
    repository = git_host.repository()
    reader = GitMirrors(tmp_path / "c", GitLimits(packs_before_repack=5))
    access = RepositoryAccess(url=git_host.url_of())
    commits = [repository.commit({"n": "0"})]
    reader.fetch(access, commits[0])
    stop = False

    def read() -> int:
        done = 0
        while not stop:
            assert reader.read_file(access, commits[0], "n") == b"0"
            done += 1
        return done

    with ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(read) for _ in range(2)]
        try:
            for n in range(1, 17):
                commits.append(repository.commit({"n": str(n)}))
                reader.fetch(access, commits[-1], ref="refs/heads/main")
        finally:
            stop = True
        assert all(r.result() > 0 for r in reading)
    assert len(reader._mirror(access).packs()) <= 5
    assert [reader.read_file(access, c, "n") for c in commits] == [str(n).encode() for n in range(17)]
    fsck(mirror_path(reader, access))


def test_commits_used_longest_ago_lose_their_place(tmp_path: Path, git_host: HostedRepositories) -> None:
    """A repack keeps the most recently used; the rest is fetched again when asked for."""
    repository = git_host.repository()
    reader = GitMirrors(tmp_path / "c", GitLimits(packs_before_repack=3, kept_commits=2))
    access = RepositoryAccess(url=git_host.url_of())
    commits = [repository.commit({"n": str(n)}) for n in range(3)]
    for commit in commits:
        reader.fetch(access, commit)
        time.sleep(0.01)
    with pytest.raises(CommitMissing):
        reader.commit(access, commits[0])
    assert reader.commit(access, commits[2]).revision == commits[2]
    reader.fetch(access, commits[0])
    assert reader.read_file(access, commits[0], "n") == b"0"


def test_credentials_do_not_open_a_mirror_to_others(tmp_path: Path) -> None:
    """What one project's credentials fetched is not read without them, or from another project."""
    (tmp_path / "h").mkdir()
    with serving(tmp_path / "h", HostOptions(username="a", password="b")) as host:
        revision = host.repository().commit({"n": "1"})
        reader = GitMirrors(tmp_path / "c")
        url = host.url_of()
        owner = RepositoryAccess(url=url, username="a", password=Secret("b"), project="team")
        reader.fetch(owner, revision)
        for other in (
            RepositoryAccess(url=url),
            RepositoryAccess(url=url, password=Secret("x"), project="no"),
        ):
            with pytest.raises(CommitMissing):
                reader.read_file(other, revision, "n")


def test_spellings_of_an_address_share_a_mirror(tmp_path: Path) -> None:
    """With and without .git, a slash at the end, capitals in the host."""
    reader = GitMirrors(tmp_path / "c")
    urls = ("https://Git.example/a/b.git", "https://git.example/a/b", "HTTPS://git.example/a/b/")
    assert len({mirror_path(reader, RepositoryAccess(url=url)) for url in urls}) == 1


def test_collection_takes_what_nobody_uses(tmp_path: Path, git_host: HostedRepositories) -> None:
    """Trees and mirrors by age and by size; never one that is open."""
    repository = git_host.repository()
    reader = GitMirrors(tmp_path / "c")
    access = RepositoryAccess(url=git_host.url_of())
    one, two = repository.commit({"a/n": "1"}), repository.commit({"a/n": "2"})
    for revision in (one, two):
        reader.fetch(access, revision)
    with reader.export(access, two, ["a"]):
        pass
    with reader.export(access, one, ["a"]) as tree:
        gone = reader.collect(max_bytes=1 << 30, max_age_seconds=3600)
        assert (gone.trees, gone.mirrors) == (0, 0)
        gone = reader.collect(max_bytes=0, max_age_seconds=3600)
        assert (gone.trees, gone.mirrors) == (1, 1)
        assert (tree / "a/n").read_text() == "1"
    assert reader.collect(max_bytes=1 << 30, max_age_seconds=-1).trees == 1
    assert list((tmp_path / "c/trees").iterdir()) == []
    with pytest.raises(CommitMissing):
        reader.commit(access, one)
    reader.fetch(access, one)
    with reader.export(access, one, ["a"]) as tree:
        assert (tree / "a/n").read_text() == "1"


def test_exports_and_collection_side_by_side(tmp_path: Path, git_host: HostedRepositories) -> None:
    """A tree that is open is whole, however eagerly another thread collects."""
    repository = git_host.repository()
    reader = GitMirrors(tmp_path / "c")
    access = RepositoryAccess(url=git_host.url_of())
    revision = repository.commit({f"a/{n}": str(n) for n in range(20)})
    reader.fetch(access, revision)
    stop = False

    def collect() -> None:
        while not stop:
            reader._exports.collect(max_bytes=0, max_age_seconds=0)

    def use(_: int) -> int:
        with reader.export(access, revision, ["a"]) as tree:
            return len(list((tree / "a").iterdir()))

    with ThreadPoolExecutor(5) as pool:
        collecting = pool.submit(collect)
        try:
            assert set(pool.map(use, range(60))) == {20}
        finally:
            stop = True
        collecting.result()


def test_an_export_is_named_by_content(tmp_path: Path, git_host: HostedRepositories) -> None:
    """A commit that does not touch the paths gives the same directory; other paths give another."""
    repository = git_host.repository()
    reader = GitMirrors(tmp_path / "c")
    access = RepositoryAccess(url=git_host.url_of())
    one = repository.commit({"a/n": "1", "b/n": "1"})
    two = repository.commit({"b/n": "2"})
    found: list[Path] = []
    for revision, path in ((one, "a"), (two, "a"), (one, "b")):
        reader.fetch(access, revision)
        with reader.export(access, revision, [path]) as tree:
            found.append(tree)
    assert found[0] == found[1] != found[2]


def test_large_files_are_not_loaded(tmp_path: Path, git_host: HostedRepositories) -> None:
    """A megabyte of zeros is a kilobyte on the wire: the size is looked at before the content."""
    revision = git_host.repository().commit({"zeros": b"\0" * 3_000_000, "n": "1"})
    reader = GitMirrors(tmp_path / "c", GitLimits(max_file_bytes=1_000_000, max_tree_bytes=1_000_000))
    access = RepositoryAccess(url=git_host.url_of())
    reader.fetch(access, Revision(revision))
    oid = reader.tree_oids(access, revision, [""])[""]
    assert oid is not None
    for attempt in (
        lambda: reader.read_file(access, revision, "zeros"),
        lambda: list(reader.read_tree(access, oid, max_bytes=1 << 40)),
        lambda: reader.export(access, revision, [""]).__enter__(),
    ):
        with pytest.raises(RenderLimitExceeded):
            attempt()
    assert [p for p in (tmp_path / "c/trees").iterdir() if p.name.startswith(".")] == []


def test_a_child_keeps_the_lock_of_a_killed_parent(tmp_path: Path) -> None:
    """kill -9 of the worker while its git still writes: nobody else writes until that git has ended."""
    import socket

    script = FETCHER.replace("GitMirrors(Path(folder))", "GitMirrors(Path(folder), L)").replace(
        "reader.fetch(", "reader._dripping.add(reader._mirror(RepositoryAccess(url=url)).name); reader.fetch("
    )
    script = "from common.adapters.git import GitLimits\nL = GitLimits(silence_timeout_seconds=2)\n" + script
    with socket.create_server(("127.0.0.1", 0)) as listener:
        access = RepositoryAccess(url=f"http://127.0.0.1:{listener.getsockname()[1]}/r.git")
        words = [sys.executable, "-c", script, str(tmp_path / "c"), access.url, "", "1" * 40]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        connection, _ = listener.accept()
        with connection:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            lock = GitMirrors(tmp_path / "c")._mirror(access).fetch_lock
            with pytest.raises(RepositoryUnreachable), held(lock, timeout_seconds=0):
                pass
    with held(lock, timeout_seconds=15):
        pass


def test_half_built_trees_of_the_dead_are_collected(tmp_path: Path, git_host: HostedRepositories) -> None:
    """After an hour, when nobody holds them; one that is being built now is left alone."""
    reader = GitMirrors(tmp_path / "c")
    trees = tmp_path / "c/trees"
    for name in (".building-old", ".building-new", ".trash-x"):
        (trees / name / "tree").mkdir(parents=True)
        (trees / name / "tree").chmod(0o555)
    os.utime(trees / ".building-old", (0, 0))
    reader.collect(max_bytes=1, max_age_seconds=1)
    assert [p.name for p in trees.iterdir()] == [".building-new"]


def test_a_cache_that_cannot_be_written(
    tmp_path: Path, git_host: HostedRepositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is an error of the store, and leaves nothing half made behind."""
    revision = git_host.repository().commit({"a/n": "1"})
    reader = GitMirrors(tmp_path / "c")
    access = RepositoryAccess(url=git_host.url_of())
    reader.fetch(access, revision)

    def full(*_args: object, **_kwargs: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("common.adapters.git.layout._write", full)
        with pytest.raises(StoreError), reader.export(access, revision, [""]):
            pass
    with monkeypatch.context() as patched:
        patched.setattr("common.adapters.git.mirror.pygit2.init_repository", full)
        with pytest.raises(StoreError):
            reader.fetch(RepositoryAccess(url=git_host.url_of(), project="other"), revision)
    with reader.export(access, revision, [""]) as tree:
        assert (tree / "a/n").read_text() == "1"
    assert len(list((tmp_path / "c/trees").iterdir())) == 1
