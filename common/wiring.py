"""The composition root: the only place that picks adapters. Made once a process, from its settings."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import secrets
import threading
from functools import lru_cache

import redis
from celery import Celery

from common import logging, metrics
from common.adapters.clock import SystemClock
from common.adapters.cluster.kubeconfig import load_in_cluster, load_kubeconfig
from common.adapters.cluster.pool import HttpClusters
from common.adapters.git.reader import GitMirrors
from common.adapters.jq import JqProcess
from common.adapters.lease_keeper import LeaseKeeper
from common.adapters.queue import CeleryTaskQueue, Routes, celery_app
from common.adapters.redis.applications import RedisApplications
from common.adapters.redis.blobs import RedisBlobs
from common.adapters.redis.connection import connect
from common.adapters.redis.due import RedisDueSet
from common.adapters.redis.facts import RedisFacts
from common.adapters.redis.live import RedisLiveStore
from common.adapters.renderers.dispatch import Renderers
from common.adapters.tools import Tools
from common.core.access import ClusterAccess
from common.core.errors import AlreadyExists, NotFound, VersionConflict
from common.core.follows import ref_digests
from common.core.keys import IN_CLUSTER, AppKey, ClusterId, GroupVersionKind
from common.operations.bundle import Ports
from common.operations.fleet import FleetReader
from common.operations.step import step
from common.ports import Cluster, Item, Kind
from common.settings import Settings

log = logging.get(__name__)

_SECRET = GroupVersionKind("", "v1", "Secret")


class Engine:
    """Everything a process of Moorings works with."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.redis: redis.Redis = connect(
            settings.redis.url.reveal(),
            timeout_seconds=settings.redis.timeout_seconds,
            sentinel_service=settings.redis.sentinel_service,
        )
        self.clusters = HttpClusters(home_access(settings))
        key = home_key(self.clusters.home(), settings.home.namespace)
        self.due = RedisDueSet(self.redis)
        self.live = RedisLiveStore(self.redis, secrets_key=derived(key, "digests"))
        self.applications = RedisApplications(self.redis, ref_digests)
        self.facts = RedisFacts(self.redis)
        self.routes = Routes.parse(settings.worker.shards, settings.worker.edge_queues)
        self.queue = CeleryTaskQueue(self.redis, self.routes, cluster_of=self._cluster_of)
        self.keeper = LeaseKeeper(
            self.due,
            lease_seconds=settings.worker.lease_seconds,
            on_lost=lambda _claim: metrics.LEASES_LOST.inc(),
        )
        self._jq = JqProcess()
        git = GitMirrors(settings.data_dir, observe=_observe_git)
        self.ports = Ports(
            clock=SystemClock(),
            git=git,
            renderer=Renderers(git, Tools(settings.data_dir), cache=settings.data_dir / "cache"),
            clusters=self.clusters,
            applications=self.applications,
            due=self.due,
            live=self.live,
            blobs=RedisBlobs(self.redis, max_bytes=settings.redis.blob_bytes, key=derived(key, "renders")),
            facts=self.facts,
            queue=self.queue,
            leases=self.keeper,
            jq=self._jq,
            namespace=settings.home.namespace,
            secrets_key=derived(key, "digests"),
        )
        self.fleet = FleetReader(self.ports)

    def _cluster_of(self, item: Item) -> ClusterId | None:
        """Where an application's work is, for the queue of a doorbell that does not say."""
        return self.fleet.cluster_of(AppKey.parse(item.name)) if item.sort == "app" else None

    @property
    def celery(self) -> Celery:
        """A Celery application that sends; workers make their own."""
        return celery_app(self.settings.redis.url, self.routes.all_queues())

    def step(self, item: Item, kinds: Kind) -> None:
        """One step of a due item (`common.operations.step`). What it is due for is in the due set."""
        del kinds
        self.keeper.start()
        step(self.ports, self.fleet, item)

    def close(self) -> None:
        """Give back leases and end what was started."""
        for item in self.keeper.abandon():
            self.queue.ring(item, Kind.DIFF)
        self.keeper.stop()
        self._jq.close()
        self.clusters.close()
        self.redis.close()


def _observe_git(operation: str, seconds: float, outcome: str) -> None:
    metrics.GIT_SECONDS.labels(operation, outcome).observe(seconds)


def home_access(settings: Settings) -> ClusterAccess:
    """How to reach the home cluster. Applications name it by `https://kubernetes.default.svc`.

    Raises:
        InvalidInput: no usable kubeconfig, or no service account.
    """
    home = settings.home
    if home.in_cluster:
        return load_in_cluster()
    path = str(home.kubeconfig) if home.kubeconfig else ""
    return load_kubeconfig(path, home.context or "", cluster_id=IN_CLUSTER)


def home_key(home: Cluster, namespace: str) -> bytes:
    """The installation's secret key, from `argocd-secret`; made where there is none.

    Raises:
        ClusterError: it can neither be read nor made.
    """
    found = _secret_key(home, namespace)
    if found:
        return found
    made = base64.b64encode(secrets.token_urlsafe(32).encode()).decode()
    # Of several processes that start at once one makes it, and the others take what that one made.
    with contextlib.suppress(AlreadyExists, VersionConflict):
        _keep_secret_key(home, namespace, made)
    return _secret_key(home, namespace)


def _keep_secret_key(home: Cluster, namespace: str, value: str) -> None:
    try:
        found = home.get(_SECRET, namespace, "argocd-secret")
    except NotFound:
        labels = {"app.kubernetes.io/part-of": "argocd"}
        meta = {"name": "argocd-secret", "namespace": namespace, "labels": labels}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"server.secretkey": value}}
        home.create(body)
        return
    if (found.get("data") or {}).get("server.secretkey"):
        return
    version = found["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version}, "data": {"server.secretkey": value}}
    home.patch(_SECRET, namespace, "argocd-secret", patch)


def _secret_key(home: Cluster, namespace: str) -> bytes:
    try:
        found = home.get(_SECRET, namespace, "argocd-secret")
    except NotFound:
        return b""
    return base64.b64decode((found.get("data") or {}).get("server.secretkey") or "")


def derived(key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose."""
    return hashlib.blake2b(purpose.encode(), key=key[:64], digest_size=32).digest()


_lock = threading.Lock()


@lru_cache(maxsize=1)
def _made() -> Engine:
    return Engine(Settings.from_environment())


def engine() -> Engine:
    """This process's engine.

    Raises:
        InvalidInput: a setting is wrong.
        ClusterError: the home cluster cannot be read.
    """
    with _lock:
        return _made()
