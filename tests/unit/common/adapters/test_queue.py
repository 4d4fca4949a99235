"""Which task and queue an item goes to, and the settings of Celery that our guarantees rest on."""

from __future__ import annotations

import pytest

from common.adapters.queue import CONTROL, RENDER, Routes, celery_app
from common.core.access import Secret
from common.core.keys import ClusterId
from common.ports import Item, Kind

APP, REF = Item("app", "argocd/shop"), Item("ref", "abc")
EAST = ClusterId("https://east:6443")


@pytest.mark.parametrize(
    ("item", "kinds", "task"),
    [
        (REF, Kind(0), "moorings.fetch"),
        (REF, Kind.FETCH, "moorings.fetch"),
        (APP, Kind.FETCH | Kind.DIFF, "moorings.fetch"),
        (APP, Kind.RENDER | Kind.APPLY, "moorings.render"),
        (APP, Kind.HARD | Kind.DIFF, "moorings.render"),
        (APP, Kind.APPLY | Kind.DIFF, "moorings.apply"),
        (APP, Kind.DIFF, "moorings.diff"),
        (APP, Kind(0), "moorings.diff"),
        (APP, Kind.REVISION, "moorings.diff"),
    ],
)
def test_task_is_the_first_step_needed(item: Item, kinds: Kind, task: str) -> None:
    """Each step falls through to the next, so the first one is rung."""
    assert Routes(4).task(item, kinds) == task


def test_queue_by_task_and_cluster() -> None:
    """Diff and apply of one cluster share a shard number; fetch and render know no cluster."""
    routes = Routes(4)
    shard = routes.shard(EAST)
    assert routes.queue("moorings.fetch", EAST) == CONTROL
    assert routes.queue("moorings.render", EAST) == RENDER
    assert routes.queue("moorings.diff", EAST) == f"diff-{shard}"
    assert routes.queue("moorings.apply", EAST) == f"apply-{shard}"
    assert routes.queue("moorings.diff", None) == CONTROL


def test_shard_is_for_ever() -> None:
    """Processes of different versions must agree: literal values."""
    assert [Routes(4).shard(ClusterId(f"https://c{n}")) for n in range(4)] == [2, 1, 1, 0]


def test_shards_spread() -> None:
    """Many clusters use every shard."""
    assert {Routes(4).shard(ClusterId(f"https://c{n}")) for n in range(50)} == {0, 1, 2, 3}


def test_edge_cluster_has_a_queue_of_its_own() -> None:
    """Its diff and apply go there; no ordinary worker takes from it."""
    routes = Routes.parse(2, ("https://east:6443/=edge-east",))
    assert routes.queue("moorings.apply", EAST) == "edge-east"
    assert routes.queue("moorings.fetch", EAST) == CONTROL
    assert routes.all_queues() == ("control", "render", "diff-0", "diff-1", "apply-0", "apply-1")


@pytest.mark.parametrize("text", ["east", "=q", "https://east="])
def test_bad_edge(text: str) -> None:
    """It is named, with what was expected."""
    with pytest.raises(ValueError, match="expected `cluster address=queue`"):
        Routes.parse(2, (text,))


def test_celery_settings() -> None:
    """Early acknowledgement, no redelivery, no results, nothing that talks among workers."""
    conf = celery_app(Secret("redis://127.0.0.1:1/0"), ("control",)).conf
    assert conf.task_acks_late is False
    assert conf.task_ignore_result is True
    assert conf.task_default_priority == 5
    assert conf.worker_prefetch_multiplier == 1
    assert conf.result_backend is None
    assert conf.worker_enable_remote_control is False
    assert conf.accept_content == ["json"]
    assert conf.broker_connection_retry_on_startup is True
    options = conf.broker_transport_options
    assert options["ack_emulation"] is False
    assert options["priority_steps"] == [0, 5]
    assert options["polling_interval"] == 1


def test_unix_socket_address() -> None:
    """Kombu spells it in its own way."""
    app = celery_app(Secret("unix:///run/valkey.sock"), ("control",))
    assert app.conf.broker_url == "redis+socket:///run/valkey.sock"
