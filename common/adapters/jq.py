"""Users' jq expressions, evaluated in a child process: they may loop, and the thread pool has one GIL.

One child serves a process, one expression at a time; one that takes too long is ended with it, and the next
expression gets a new one.
"""

from __future__ import annotations

import selectors
import subprocess
import sys
import threading

import orjson

from common.core.errors import InvalidInput

TIMEOUT_SECONDS = 1.0
"""Argo CD's default of `controller.ignore.normalizer.jq.timeout`."""


class JqProcess:
    """`common.ports.Jq`."""

    def __init__(self, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def delete_paths(self, expression: str, document: object) -> object:
        """The document without what the expression selects.

        Raises:
            InvalidInput: jq refuses the expression, it fails on this document, or it takes too long.
        """
        with self._lock:
            answer = self._ask({"expression": f"del({expression})", "document": document})
        if answer is None:
            raise InvalidInput(
                "ignoreDifferences",
                "jqPathExpressions",
                found=expression,
                expected=f"an expression that ends within {self._timeout_seconds:g} s",
            )
        if "error" in answer:
            raise InvalidInput(
                "ignoreDifferences",
                "jqPathExpressions",
                found=expression,
                expected=f"a path expression that jq accepts ({answer['error']})",
            )
        return answer["document"]

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _ask(self, question: dict[str, object]) -> dict[str, object] | None:
        child = self._started()
        assert child.stdin is not None  # noqa: S101 - asked for in _started
        assert child.stdout is not None  # noqa: S101
        try:
            child.stdin.write(orjson.dumps(question) + b"\n")
            child.stdin.flush()
        except OSError:
            self._end()
            return {"error": "the jq process ended"}
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            if not selector.select(self._timeout_seconds):
                self._end()
                return None
        line = child.stdout.readline()
        if not line:
            self._end()
            return {"error": "the jq process ended"}
        answer: dict[str, object] = orjson.loads(line)
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "common.adapters.jq_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            assert self._child.stdout is not None  # noqa: S101
            self._child.stdout.readline()  # it says a line when jq is loaded, outside the expression's time
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
