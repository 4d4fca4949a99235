"""Conversions to typed values, among threads."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from common.core import convert as module
from common.core.convert import convert


class Inner(msgspec.Struct, frozen=True):
    """A part."""

    name: str


class Outer(msgspec.Struct, frozen=True):
    """A whole."""

    parts: tuple[Inner, ...]


def test_a_value_becomes_typed() -> None:
    """As msgspec does it."""
    assert convert({"parts": [{"name": "a"}]}, Outer) == Outer((Inner("a"),))


def test_a_wrong_value_is_refused() -> None:
    """The type being made ready does not hide what is wrong."""
    with pytest.raises(msgspec.ValidationError, match="parts"):
        convert({"parts": 1}, Outer)


def test_a_type_is_made_ready_once() -> None:
    """A thread that waited for another finds it done."""
    module._prepare(Outer)
    before = set(module._ready)
    module._prepare(Outer)
    assert module._ready == before


RACE = """
import sys, threading
sys.setswitchinterval(1e-6)
from common.core.model.application import read_application
app = {"metadata": {"name": "a", "namespace": "b"}, "spec": {"source": {"repoURL": "u", "helm": {}}}}
together = threading.Barrier(8)
def read():
    together.wait()
    read_application(app)
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_the_first_applications_may_be_read_by_many_threads_at_once() -> None:
    """Without the lock nearly every such process ends with SIGSEGV."""
    ends = [subprocess.run([sys.executable, "-c", RACE], check=False).returncode for _ in range(3)]
    assert ends == [0, 0, 0]
