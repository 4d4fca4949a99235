"""Requests by the git command: for what libgit2 cannot do, or not in time (a process can be killed)."""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from common.adapters.git.addresses import Address, shown
from common.adapters.git.deadline import Deadline
from common.adapters.git.environment import ASKPASS, environment
from common.adapters.git.faults import translate
from common.adapters.git.libgit2 import refs_from
from common.adapters.git.limits import GitLimits
from common.core.access import RepositoryAccess
from common.core.errors import RepositoryTooLarge, ToolMissing
from common.ports import RemoteRefs

_MAX_OUTPUT_BYTES = 64 << 20
_LOOK_EVERY_SECONDS = 0.25


class CommandTransport:
    """ls-remote and fetch by a subprocess."""

    def __init__(self, home: Path, limits: GitLimits) -> None:
        """`home` is an empty directory of ours: the children's HOME, and where the askpass script is."""
        self._home = home
        self._limits = limits
        script = home / "askpass"
        if not script.is_file() or script.read_text() != ASKPASS:
            fresh = home / f".askpass-{secrets.token_hex(4)}"
            fresh.write_text(ASKPASS)
            fresh.chmod(0o700)
            fresh.replace(script)

    def ls_remote(self, repo: RepositoryAccess, address: Address, deadline: Deadline) -> RemoteRefs:
        """The server's refs."""
        output = self._run(repo, address, ["ls-remote", "--symref", "--", address.url], deadline)
        listed, head = {}, ""
        for line in output.decode(errors="replace").splitlines():
            value, _, name = line.partition("\t")
            if value.startswith("ref: ") and name == "HEAD":
                head = value.removeprefix("ref: ")
            elif name:
                listed[name] = value
        return refs_from(listed, head)

    def fetch(
        self,
        mirror: Path,
        repo: RepositoryAccess,
        address: Address,
        refspecs: list[str],
        *,
        depth: int,
        deadline: Deadline,
        lock: int,
    ) -> None:
        """Bring refs into the mirror. The child inherits the mirror's lock, and keeps it if we are killed."""
        packs = mirror / "objects" / "pack"
        before = _size(packs)

        def watch() -> None:
            if _size(packs) - before > self._limits.max_fetch_bytes:
                raise RepositoryTooLarge(
                    f"{shown(repo.url)}: the fetch brings more than {self._limits.max_fetch_bytes} bytes"
                )

        words = [f"--git-dir={mirror}", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force"]
        words += ["--no-recurse-submodules", f"--depth={depth}", "--", address.url, *refspecs]
        self._run(repo, address, words, deadline, watch=watch, keep=(lock,))
        watch()

    def _run(
        self,
        repo: RepositoryAccess,
        address: Address,
        words: list[str],
        deadline: Deadline,
        *,
        watch: Callable[[], None] = lambda: None,
        keep: tuple[int, ...] = (),
    ) -> bytes:
        with environment(repo, address, self._limits, self._home) as variables:
            code, output, said = run_git(words, variables, self._home, deadline, watch=watch, keep=keep)
        if code:
            raise translate(repo, said.decode(errors="replace") or f"git ended with {code}")
        return output


def run_git(
    words: list[str],
    variables: dict[str, str],
    folder: Path,
    deadline: Deadline,
    *,
    watch: Callable[[], None] = lambda: None,
    keep: tuple[int, ...] = (),
) -> tuple[int, bytes, bytes]:
    """Run git in a session of its own; exit code, standard output and the end of what it said.

    Raises:
        ToolMissing: git is not installed.
        RepositoryUnreachable: the deadline passed; nothing of it runs on.
    """
    git = shutil.which("git", path=variables["PATH"])
    if git is None:
        raise ToolMissing("git is not installed, and this repository cannot be read without it")
    process = subprocess.Popen(
        [git, *words],
        env=variables,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=keep,
    )
    try:
        output, said = _read_both(process, deadline, watch)
        return process.wait(deadline.remaining()), output, said
    except subprocess.TimeoutExpired:
        raise deadline.error() from None
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()


def _read_both(
    process: subprocess.Popen[bytes], deadline: Deadline, watch: Callable[[], None]
) -> tuple[bytes, bytes]:
    output, said = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, output)  # type: ignore[arg-type]  # PIPE
        selector.register(process.stderr, selectors.EVENT_READ, said)  # type: ignore[arg-type]  # PIPE
        while selector.get_map():
            for key, _ in selector.select(min(deadline.remaining(), _LOOK_EVERY_SECONDS)):
                piece = os.read(key.fd, 1 << 16)
                key.data.extend(piece)
                if not piece:
                    selector.unregister(key.fileobj)
            del said[:-8192]
            if len(output) > _MAX_OUTPUT_BYTES:
                raise RepositoryTooLarge("the repository has more refs than can be listed")
            watch()
    return bytes(output), bytes(said)


def _size(folder: Path) -> int:
    total = 0
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                total += entry.stat().st_size
    return total
