"""Run a rendering tool on a hostile repository: a built environment, and limits on time, memory, output,
files and open files.

The memory limit is RLIMIT_DATA: Go reserves address space that it never touches, so RLIMIT_AS kills a
healthy `helm` below 2 GiB, while RLIMIT_DATA counts what is written (a small chart needs under 128 MiB).
The garbage collector stays off until GOMEMLIMIT: most renders end before they would need it.
"""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec

from common.core.errors import RenderFailed, RenderLimitExceeded, RenderTimeout, ToolMissing
from common.core.yaml_documents import ReadLimits
from common.ports import RenderLimits, RenderRequest

WORDS_LIMIT = 4000
"""Characters of a tool's own words in an error."""

_ERROR_BYTES = 64 << 10
_CHUNK = 1 << 16
_SOFT_MEMORY = 256 << 20
_OUT_OF_MEMORY = (b"cannot allocate memory", b"out of memory", b"failed to reserve")
_NETWORK_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a tool."""

    command: Sequence[str]
    cwd: Path
    home: Path
    """An empty directory that is thrown away afterwards: HOME, caches and temporary files."""
    limits: RenderLimits = RenderLimits()
    environment: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Added to the built environment."""
    path: Sequence[str] = ()
    """Directories of the programs that the tool may start itself; none by default."""
    network: bool = False
    """Hand on this process's proxy and certificate settings."""
    secrets: Collection[str] = ()
    """Never shown in an error."""
    hide: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Paths of ours and what an error says for them."""


def run(spec: Run) -> bytes:
    """What the tool printed.

    Raises:
        RenderFailed: it ended with an error; its own words, bounded and without secrets.
        RenderTimeout: it took longer than the limit; it and what it started are gone.
        RenderLimitExceeded: too much output or memory.
        ToolMissing: there is no such program (any more).
    """
    try:
        process = subprocess.Popen(
            list(spec.command),
            cwd=spec.cwd,
            env=build_environment(spec),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise ToolMissing(f"{Path(spec.command[0]).name}: no such program") from error
    with _reaped(process):
        _limit(process.pid, spec.limits)
        output, words = _collect(process, spec)
        _wait(process, spec)
    if process.returncode != 0:
        raise _failure(spec, process.returncode, words)
    return output


def read_limits(request: RenderRequest) -> ReadLimits:
    """How much of a tool's output is parsed: all that it may print."""
    return ReadLimits(max_bytes=request.settings.limits.output_bytes)


def build_environment(spec: Run) -> dict[str, str]:
    """All that the tool gets to see: nothing is inherited but, where it may use the network, proxies."""
    home = spec.home
    inherited = {name: os.environ[name] for name in _NETWORK_VARIABLES if name in os.environ}
    return {
        **(inherited if spec.network else {}),
        "PATH": os.pathsep.join(spec.path) or "/nonexistent",
        "HOME": str(home),
        "TMPDIR": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "HELM_CACHE_HOME": str(home / "cache"),
        "HELM_CONFIG_HOME": str(home / "config"),
        "HELM_DATA_HOME": str(home / "data"),
        "HELM_PLUGINS": str(home / "plugins"),
        "KUBECONFIG": str(home / "kubeconfig"),
        "LANG": "C.UTF-8",
        "GOMAXPROCS": "1",
        "GOGC": "off",
        "GOMEMLIMIT": str(min(_SOFT_MEMORY, spec.limits.memory_bytes // 2)),
        **spec.environment,
    }


def scrubbed(text: str, secrets: Collection[str], hide: Mapping[str, str]) -> str:
    """The text without secrets and without paths of ours, and no longer than `WORDS_LIMIT`."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    for ours, shown in sorted(hide.items(), key=lambda item: -len(item[0])):
        text = text.replace(ours, shown)
    text = text.strip()
    return text if len(text) <= WORDS_LIMIT else f"{text[: WORDS_LIMIT // 2]} … {text[-WORDS_LIMIT // 2 :]}"


@contextlib.contextmanager
def _reaped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """However it ends: no process left, no pipe open."""
    try:
        yield
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _limit(pid: int, limits: RenderLimits) -> None:
    """Set from outside, just after the start: code between fork and exec is unsafe among threads."""
    set_limit = getattr(resource, "prlimit", None)
    if set_limit is None:  # pragma: no cover - only Linux has it; elsewhere GOMEMLIMIT and time must do
        return
    seconds = int(limits.timeout_seconds) + 1
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
    ):
        with contextlib.suppress(ProcessLookupError, PermissionError, ValueError):
            set_limit(pid, kind, (value, value))


def _collect(process: subprocess.Popen[bytes], spec: Run) -> tuple[bytes, bytes]:
    deadline = time.monotonic() + spec.limits.timeout_seconds
    output, words = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, buffer in ((process.stdout, output), (process.stderr, words)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, buffer)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise _too_slow(spec)
            for key, _ in ready:
                _read(selector, key)
            if len(output) > spec.limits.output_bytes:
                raise RenderLimitExceeded(
                    f"{_name(spec)} printed more than {_size(spec.limits.output_bytes)}"
                )
            del words[_ERROR_BYTES:]
    return bytes(output), bytes(words)


def _read(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    pipe: IO[bytes] = key.fileobj  # type: ignore[assignment]  # we registered only pipes
    chunk = os.read(pipe.fileno(), _CHUNK)
    if chunk:
        key.data.extend(chunk)
    else:
        selector.unregister(pipe)


def _wait(process: subprocess.Popen[bytes], spec: Run) -> None:
    try:
        process.wait(timeout=spec.limits.timeout_seconds)
    except subprocess.TimeoutExpired:
        raise _too_slow(spec) from None


def _failure(spec: Run, code: int, words: bytes) -> Exception:
    limits = spec.limits
    if any(sign in words for sign in _OUT_OF_MEMORY):
        return RenderLimitExceeded(f"{_name(spec)} needed more than {_size(limits.memory_bytes)} of memory")
    if code == -signal.SIGXCPU:
        return _too_slow(spec)
    if code == -signal.SIGXFSZ:
        return RenderLimitExceeded(f"{_name(spec)} wrote a file over {_size(limits.file_bytes)}")
    said = scrubbed(words.decode("utf-8", "replace"), spec.secrets, spec.hide)
    how = f"was ended by signal {-code}" if code < 0 else f"failed with exit code {code}"
    return RenderFailed(f"{_name(spec)} {how}: {said}" if said else f"{_name(spec)} {how}")


def _too_slow(spec: Run) -> RenderTimeout:
    return RenderTimeout(f"{_name(spec)} took longer than {spec.limits.timeout_seconds:g} s")


def _name(spec: Run) -> str:
    return " ".join([Path(spec.command[0]).name, *(a for a in spec.command[1:2] if not a.startswith("-"))])


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count} bytes"
