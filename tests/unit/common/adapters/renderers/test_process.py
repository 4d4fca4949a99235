"""Tools run under limits, in a built environment, and leave nothing behind."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from common.adapters.renderers.process import WORDS_LIMIT, Run, run, scrubbed
from common.core.errors import RenderFailed, RenderLimitExceeded, RenderTimeout, ToolMissing
from common.ports import RenderLimits

LIMITS = RenderLimits(timeout_seconds=10)


def python(tmp_path: Path, code: str, *, limits: RenderLimits = LIMITS, **fields: object) -> bytes:
    """Run a line of Python as the tool."""
    spec = Run(
        command=[sys.executable, "-I", "-S", "-c", code], cwd=tmp_path, home=tmp_path, limits=limits, **fields
    )  # type: ignore[arg-type]
    return run(spec)


def test_output_comes_back(tmp_path: Path) -> None:
    """Stdout is the result, stderr is not."""
    assert python(tmp_path, "import sys; print('out'); print('warning', file=sys.stderr)") == b"out\n"


def test_the_environment_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of ours is inherited."""
    monkeypatch.setenv("MOORINGS_SECRET", "hunter2")
    shown = python(
        tmp_path, "import os; print(sorted(os.environ.items()))", environment={"EXTRA": "1"}
    ).decode()
    assert "hunter2" not in shown
    assert "('EXTRA', '1')" in shown
    assert "('PATH', '/nonexistent')" in shown


def test_proxies_are_handed_on_only_to_what_needs_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build without network does not even see them."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    code = "import os; print(os.environ.get('HTTPS_PROXY'))"
    assert python(tmp_path, code) == b"None\n"
    assert python(tmp_path, code, network=True) == b"http://proxy.example\n"


def test_stdin_is_closed(tmp_path: Path) -> None:
    """A tool that asks a question gets no answer, at once."""
    assert python(tmp_path, "import sys; print(repr(sys.stdin.read()))") == b"''\n"


def test_a_failure_carries_the_tools_own_words(tmp_path: Path) -> None:
    """Without secrets and without paths of ours."""
    with pytest.raises(RenderFailed) as caught:
        python(
            tmp_path,
            f"import sys; sys.exit('bad template {tmp_path}/chart/a.yaml with s3cret')",
            secrets=["s3cret", ""],
            hide={f"{tmp_path}/": ""},
        )
    assert str(caught.value).endswith("failed with exit code 1: bad template chart/a.yaml with ***")


def test_words_are_bounded() -> None:
    """Beginning and end of a long message are kept."""
    text = scrubbed("a" * 9000 + "z" * 9000, [], {})
    assert len(text) <= WORDS_LIMIT + 3
    assert text.startswith("aaa")
    assert text.endswith("zzz")


def test_a_slow_tool_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """The process group goes, not just its leader."""
    code = (
        "import os, sys, time\n"
        "pid = os.fork()\n"
        "if pid == 0: time.sleep(60)\n"
        f"open('{tmp_path}/pid', 'w').write(str(pid)); time.sleep(60)"
    )
    begun = time.monotonic()
    with pytest.raises(RenderTimeout, match=r"longer than 0\.5 s"):
        python(tmp_path, code, limits=RenderLimits(timeout_seconds=0.5))
    assert time.monotonic() - begun < 5
    child = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.02)
    pytest.fail("the tool's child is still running")


def test_a_tool_that_closes_its_pipes_is_still_timed(tmp_path: Path) -> None:
    """No output is not the end."""
    with pytest.raises(RenderTimeout):
        python(
            tmp_path,
            "import os, time; os.close(1); os.close(2); time.sleep(60)",
            limits=RenderLimits(timeout_seconds=0.5),
        )


def test_too_much_output_ends_it(tmp_path: Path) -> None:
    """Its output is never held beyond the limit."""
    with pytest.raises(RenderLimitExceeded, match="printed more than 1 MiB"):
        python(
            tmp_path,
            "import os\nwhile True: os.write(1, b'x' * 65536)",
            limits=RenderLimits(timeout_seconds=10, output_bytes=1 << 20),
        )


def test_endless_errors_are_read_and_dropped(tmp_path: Path) -> None:
    """A tool that floods stderr does not block, nor fill our memory."""
    with pytest.raises(RenderFailed) as caught:
        python(tmp_path, "import os\nfor _ in range(200): os.write(2, b'y' * 65536)\nos._exit(3)")
    assert len(str(caught.value)) < WORDS_LIMIT + 200


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process's memory")
def test_too_large_files_are_not_written(tmp_path: Path) -> None:
    """RLIMIT_FSIZE, set from outside."""
    code = (
        "import time, signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL); time.sleep(0.2)\n"
        "f = open('big', 'wb')\nwhile True: f.write(b'x' * (1 << 20)); f.flush()"
    )
    with pytest.raises(RenderLimitExceeded, match="wrote a file over 1 MiB"):
        python(tmp_path, code, limits=RenderLimits(timeout_seconds=10, file_bytes=1 << 20))
    assert (tmp_path / "big").stat().st_size <= 1 << 20


def test_a_killed_tool_says_so(tmp_path: Path) -> None:
    """By signal, not by exit code."""
    with pytest.raises(RenderFailed, match="ended by signal 9"):
        python(tmp_path, "import os; os.kill(os.getpid(), 9)")


def test_a_program_that_is_gone_is_missing(tmp_path: Path) -> None:
    """ToolMissing, as if it had never been found."""
    with pytest.raises(ToolMissing):
        run(Run(command=[str(tmp_path / "helm")], cwd=tmp_path, home=tmp_path))


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """Runs do not leak pipes."""
    python(tmp_path, "pass")
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208  # pathlib opens one more
    for _ in range(5):
        python(tmp_path, "pass")
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208
