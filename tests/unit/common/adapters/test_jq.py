"""Users' jq expressions in a child process."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from common.adapters.jq import JqProcess
from common.adapters.memory.jq import MemoryJq
from common.core.errors import InvalidInput
from common.ports import Jq

POD = {"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}}


@pytest.fixture(scope="module")
def process() -> Iterator[JqProcess]:
    """One child for all tests."""
    made = JqProcess(timeout_seconds=0.5)
    yield made
    made.close()


@pytest.fixture(params=["child", "memory"])
def jq(request: pytest.FixtureRequest, process: JqProcess) -> Jq:
    """The real one and the fake keep the same rules."""
    return process if request.param == "child" else MemoryJq()


def test_what_the_expression_selects_goes(jq: Jq) -> None:
    """The document without the selected paths; the given one stays as it is."""
    expression = '.spec.containers[] | select(.name == "b") | .image'
    assert jq.delete_paths(expression, POD) == {
        "spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b"}]}
    }
    assert POD["spec"]["containers"][1] == {"name": "b", "image": "y"}


@pytest.mark.parametrize("expression", [".spec[", "1 + 1", '.spec | error("no")', ".spec.containers.name"])
def test_an_expression_that_fails_is_named(jq: Jq, expression: str) -> None:
    """What is no path expression, or fails on this document, is an error that names the expression."""
    with pytest.raises(InvalidInput, match="jqPathExpressions") as caught:
        jq.delete_paths(expression, POD)
    assert caught.value.errors[0].found == repr(expression)


def test_an_expression_without_end_is_ended() -> None:
    """After its time the child is killed with it, and the next expression gets a new one."""
    made = JqProcess(timeout_seconds=0.2)
    try:
        with pytest.raises(InvalidInput, match=r"ends within 0\.2 s"):
            made.delete_paths("last(range(1e12)) as $x | .a", {"a": 1})
        assert made.delete_paths(".a", {"a": 1, "b": 2}) == {"b": 2}
    finally:
        made.close()


def test_a_child_that_was_killed_is_made_anew(process: JqProcess) -> None:
    """Nothing is kept in the child."""
    process.delete_paths(".a", {"a": 1})
    child = process._child
    assert child is not None
    child.kill()
    child.wait()
    assert process.delete_paths(".a", {"a": 1}) == {}


def test_threads_take_turns(process: JqProcess) -> None:
    """One child answers one expression at a time, and nobody gets another's answer."""
    found: dict[int, object] = {}

    def ask(number: int) -> None:
        found[number] = process.delete_paths(".gone", {"gone": 1, "number": number})

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: {"number": number} for number in range(8)}


def test_closing_twice_is_fine() -> None:
    """A process that ends closes what it has, used or not."""
    made = JqProcess()
    made.close()
    made.delete_paths(".a", {})
    made.close()
    made.close()
