"""Doorbells as Celery messages on Redis: identifiers only, since the due set says what is to be done."""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from collections.abc import Callable, Mapping

import orjson
import redis
import structlog
from celery import Celery
from kombu.entity import Exchange, Queue
from redis.exceptions import RedisError

from common import metrics
from common.core.access import Secret
from common.core.keys import ClusterId
from common.ports import Item, Kind

log = structlog.get_logger(__name__)

CONTROL, RENDER = "control", "render"
DEFAULT_PRIORITY = 5
"""Of the steps 0 and 5; a message without one would get 0, the highest."""

FETCH_TASK, RENDER_TASK, DIFF_TASK, APPLY_TASK = (
    f"moorings.{name}" for name in ("fetch", "render", "diff", "apply")
)


class Routes:
    """Which task and queue an item goes to. All processes must have the same shards and edge queues."""

    def __init__(self, shards: int, edges: Mapping[ClusterId, str] | None = None) -> None:
        self._shards = shards
        self._edges = dict(edges or {})

    @classmethod
    def parse(cls, shards: int, edge_queues: tuple[str, ...]) -> Routes:
        """From settings, each edge as `cluster address=queue`. Raises ValueError."""
        edges: dict[ClusterId, str] = {}
        for text in edge_queues:
            cluster, equals, queue = text.rpartition("=")
            if not (equals and cluster and queue):
                raise ValueError(f"found {text!r}, expected `cluster address=queue`")
            edges[ClusterId(cluster.rstrip("/"))] = queue
        return cls(shards, edges)

    def task(self, item: Item, kinds: Kind) -> str:
        """The entry point; each does its part and falls through to what follows."""
        if item.sort != "app" or kinds & Kind.FETCH:
            return FETCH_TASK
        if kinds & (Kind.RENDER | Kind.HARD):
            return RENDER_TASK
        return APPLY_TASK if kinds & Kind.APPLY else DIFF_TASK

    def queue(self, task: str, cluster: ClusterId | None) -> str:
        """By task, and by cluster where the work is on a cluster: a slow one must not starve the rest."""
        if task == FETCH_TASK:
            return CONTROL
        edge = self._edges.get(cluster) if cluster else None
        if task == RENDER_TASK:
            return RENDER
        if edge:
            return edge
        if cluster is None:
            return CONTROL
        return f"{task.removeprefix('moorings.')}-{self.shard(cluster)}"

    def shard(self, cluster: ClusterId) -> int:
        """A cluster's shard, the same everywhere and for ever."""
        return int.from_bytes(hashlib.sha256(cluster.encode()).digest()[:4], "big") % self._shards

    def all_queues(self) -> tuple[str, ...]:
        """What a worker without `queues` takes from; edge queues are their own workers'."""
        shards = range(self._shards)
        return (CONTROL, RENDER, *(f"diff-{n}" for n in shards), *(f"apply-{n}" for n in shards))


def celery_app(redis_url: Secret, queues: tuple[str, ...]) -> Celery:
    """A Celery application as we run it. Messages may be lost and tasks are acknowledged early, because the
    due set is the record: that ends redelivery, and with it kombu's sweep over unacknowledged messages.
    """
    app = Celery("moorings", broker=_broker(redis_url.reveal()), set_as_current=False)
    app.conf.update(
        task_acks_late=False,
        task_ignore_result=True,
        task_default_priority=DEFAULT_PRIORITY,
        task_default_queue=CONTROL,
        task_queues=[_queue(name) for name in queues],
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        task_send_sent_event=False,
        task_track_started=False,
        broker_transport_options={
            "ack_emulation": False,
            "priority_steps": [0, DEFAULT_PRIORITY],
            "polling_interval": 1,
            "socket_keepalive": True,
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
        },
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=0,
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        enable_utc=True,
    )
    return app


def _queue(name: str) -> Queue:
    """On the default exchange: a message is one LPUSH, with no bindings to read or to lose in a flush."""
    made: Queue = Queue(name, exchange=Exchange(""), routing_key=name)  # type: ignore[no-untyped-call]
    return made


def _broker(url: str) -> str:
    """Kombu's spelling of a Unix socket's address."""
    return "redis+socket://" + url.removeprefix("unix://") if url.startswith("unix://") else url


class CeleryTaskQueue:
    """`ports.TaskQueue`. `cluster_of` finds the cluster of an item that is rung without it (by a tick).

    A message is one LPUSH on the process's own pool, in Celery's message protocol 2 and kombu's envelope:
    kombu's producer makes a new Redis client for each message, which costs three times the request itself.
    """

    def __init__(
        self,
        client: redis.Redis,
        routes: Routes,
        *,
        cluster_of: Callable[[Item], ClusterId | None] = lambda _item: None,
    ) -> None:
        self._client = client
        self._routes = routes
        self._cluster_of = cluster_of

    def ring(self, item: Item, kinds: Kind, *, cluster: ClusterId | None = None) -> None:
        """Send the message. Redis being away is logged, not raised: the tick rings again."""
        task = self._routes.task(item, kinds)
        if cluster is None and item.sort == "app":
            cluster = self._cluster_of(item)
        queue = self._routes.queue(task, cluster)
        try:
            self._client.lpush(list_key(queue), _envelope(task, [str(item), int(kinds)], queue, cluster))
        except (RedisError, OSError) as error:
            log.warning("ring_lost", item=str(item), queue=queue, error=str(error))
        else:
            metrics.RINGS.labels(task).inc()


def list_key(queue: str) -> str:
    """The Redis list of a queue's messages of our priority, as kombu names it."""
    return f"{queue}\x06\x16{DEFAULT_PRIORITY}"


def _envelope(task: str, args: list[str | int], queue: str, cluster: ClusterId | None) -> bytes:
    message_id = uuid.uuid4().hex
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    headers = {
        "task": task,
        "id": message_id,
        "root_id": message_id,
        "lang": "py",
        "argsrepr": repr(args),
        "trace_id": structlog.contextvars.get_contextvars().get("trace_id") or message_id[:16],
        "sent_at": time.time(),
        "cluster": cluster or "",
    }
    properties = {
        "correlation_id": message_id,
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "delivery_tag": message_id,
        "priority": DEFAULT_PRIORITY,
        "body_encoding": "base64",
    }
    return orjson.dumps(
        {
            "body": base64.b64encode(orjson.dumps([args, {}, embed])).decode(),
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": headers,
            "properties": properties,
        }
    )
