"""A small world in memory for tests of operations: two clusters, a repository, all that is kept in Redis."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import orjson

from common.adapters.memory.applications import MemoryApplications
from common.adapters.memory.blobs import MemoryBlobs
from common.adapters.memory.clock import SettableClock
from common.adapters.memory.cluster import MemoryCluster, MemoryClusters
from common.adapters.memory.due import MemoryDueSet
from common.adapters.memory.facts import MemoryFacts
from common.adapters.memory.git import MemoryGit
from common.adapters.memory.jq import MemoryJq
from common.adapters.memory.leases import MemoryLeases
from common.adapters.memory.live import MemoryLiveStore
from common.adapters.memory.queue import MemoryTaskQueue
from common.adapters.memory.renderer import MemoryRenderer
from common.core.access import ClusterAccess
from common.core.annotations import TRACKING_ID
from common.core.errors import NotFound
from common.core.follows import ref_digests
from common.core.keys import IN_CLUSTER, AppKey, ClusterId, GroupVersionKind, Object, ObjectKey, Revision
from common.core.model.application import read_application
from common.core.tracking import owner_of
from common.operations import reconcile
from common.operations.bootstrap import default_project
from common.operations.bundle import Ports
from common.operations.fleet import VERSION, FleetReader
from common.operations.step import step
from common.operations.turn import Turn
from common.ports import Item, Kind

HOME = "argocd"
REPO = "https://git.example.org/shop.git"
REMOTE = ClusterId("https://remote.example.org")
KEY = AppKey(HOME, "shop")
APPLICATION = GroupVersionKind("argoproj.io", "v1alpha1", "Application")
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
SECRET = GroupVersionKind("", "v1", "Secret")
NAMESPACE = GroupVersionKind("", "v1", "Namespace")
JOB = GroupVersionKind("batch", "v1", "Job")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
CASCADE = "resources-finalizer.argocd.argoproj.io"
AUTOMATED = {"automated": {"prune": True, "selfHeal": True}}


def config_map(name: str = "settings", *, namespace: str = "shop", **data: str) -> Object:
    """A ConfigMap."""
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def annotated(obj: Object, **annotations: str) -> Object:
    """The object with annotations of Argo CD's: `sync_wave` is `argocd.argoproj.io/sync-wave`."""
    named = {f"argocd.argoproj.io/{name.replace('_', '-')}": value for name, value in annotations.items()}
    meta = obj["metadata"]
    return {**obj, "metadata": {**meta, "annotations": {**meta.get("annotations", {}), **named}}}


def job(name: str = "migrate", **annotations: str) -> Object:
    """A Job that is a hook where annotations say so."""
    meta = {"name": name, "namespace": "shop"}
    obj: Object = {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {}}
    return annotated(obj, **annotations)


def tracked(obj: Object, owner: str = "shop") -> Object:
    """The object as an application's own."""
    meta, api = obj["metadata"], obj["apiVersion"]
    group = api.rpartition("/")[0]
    place = f"{meta.get('namespace', 'shop')}/{meta['name']}"
    named = {**meta.get("annotations", {}), TRACKING_ID: f"{owner}:{group}/{obj['kind']}:{place}"}
    return {**obj, "metadata": {**meta, "annotations": named}}


def application(name: str = "shop", **more: Any) -> Object:
    """A minimal valid Application; `policy` and other fields of `spec`, `metadata`, `operation`, `status`."""
    meta = {"name": name, "namespace": HOME, **more.pop("metadata", {})}
    outer = {field: more.pop(field) for field in ("operation", "status") if field in more}
    policy = {"syncPolicy": more.pop("policy")} if "policy" in more else {}
    spec = {
        "project": "default",
        "source": {"repoURL": REPO, "path": "app", "targetRevision": "main"},
        "destination": {"server": REMOTE, "namespace": "shop"},
        **policy,
        **more,
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": meta,
        "spec": spec,
        **outer,
    }


def cluster_secret(name: str = "remote", server: str = REMOTE, **data: str) -> Object:
    """A cluster's Secret."""
    return labelled_secret(f"cluster-{name}", "cluster", name=name, server=server, **data)


def labelled_secret(name: str, kind: str, /, **data: str) -> Object:
    """A Secret that settings are read from. `stringData` is folded by hand: no API server does it here."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": HOME,
            "labels": {"argocd.argoproj.io/secret-type": kind},
        },
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }


class World:
    """Everything an operation may reach, in memory."""

    def __init__(self) -> None:
        self.clock = SettableClock()
        self.git = MemoryGit()
        self.repo = self.git.repository(REPO)
        self.renderer = MemoryRenderer(self.git)
        home = ClusterAccess(id=IN_CLUSTER, server="https://home.example.org", name="in-cluster")
        self.home = MemoryCluster(home, namespaces=("default", HOME))
        self.remote = MemoryCluster(ClusterAccess(id=REMOTE, server=REMOTE), namespaces=("default", "shop"))
        self.clusters = MemoryClusters(self.home)
        self.clusters.known[REMOTE] = self.remote
        self.home.create(default_project(HOME))
        self.home.create(cluster_secret())
        self.applications = MemoryApplications(ref_digests)
        self.due = MemoryDueSet(self.clock.seconds)
        self.live = MemoryLiveStore(secrets_key=b"k" * 32, clock=self.clock.seconds)
        self.blobs = MemoryBlobs()
        self.facts = MemoryFacts()
        self.queue = MemoryTaskQueue()
        self.leases = MemoryLeases(self.due)
        self.ports = Ports(
            clock=self.clock,
            git=self.git,
            renderer=self.renderer,
            clusters=self.clusters,
            applications=self.applications,
            due=self.due,
            live=self.live,
            blobs=self.blobs,
            facts=self.facts,
            queue=self.queue,
            leases=self.leases,
            jq=MemoryJq(),
            namespace=HOME,
            secrets_key=b"k" * 32,
        )
        self.fleet = FleetReader(self.ports)

    def commit(
        self, *objects: Object, path: str = "app", files: dict[str, str | None] | None = None
    ) -> Revision:
        """A commit whose directory has exactly these objects."""
        text = "---\n".join(orjson.dumps(obj).decode() + "\n" for obj in objects)
        made: dict[str, Any] = {f"{path}/all.yaml": text} if objects or files is None else {}
        return self.repo.commit({**made, **(files or {})}, at=self.clock.now())

    def add(self, app: Object) -> AppKey:
        """Create an Application, and let the watcher see it."""
        made = self.home.create(app)
        self.applications.put(made)
        return AppKey(made["metadata"]["namespace"], made["metadata"]["name"])

    def app(self, key: AppKey = KEY) -> Object:
        """An Application as its API server has it."""
        return self.home.get(APPLICATION, key.namespace, key.name)

    def edit(self, body: Object, key: AppKey = KEY) -> Object:
        """Somebody changes an Application, and the watcher sees it."""
        changed = self.home.patch(APPLICATION, key.namespace, key.name, body)
        self.applications.put(changed)
        return changed

    def change_home(self) -> None:
        """What the home watcher does when a setting has changed."""
        self.facts.bump(VERSION)

    def turn(self, key: AppKey = KEY, kinds: Kind = Kind.DIFF) -> Turn:
        """A step's look."""
        raw = self.applications.get(key)
        assert raw is not None
        app = read_application(raw).application
        return Turn(ports=self.ports, fleet=self.fleet.current(), app=app, now=self.clock.now(), kinds=kinds)

    def reconcile(self, key: AppKey = KEY, kinds: Kind = Kind.DIFF) -> float | None:
        """One look at an application, without the due set; `requests` has only its own afterwards."""
        self.home.requests.clear()
        self.remote.requests.clear()
        return reconcile.application(self.ports, self.fleet.current(), key, kinds)

    def step(self, item: Item) -> None:
        """What a task does."""
        step(self.ports, self.fleet, item)

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))

    def watch(self, *kinds: GroupVersionKind, cluster: ClusterId = REMOTE) -> None:
        """What the watcher does: a complete LIST of each kind into the snapshot."""
        client = self.clusters.known[cluster]
        for gvk in kinds:
            generation = self.live.begin(cluster, gvk.group_kind)
            found = client.list(gvk)
            rows = [(obj, owner_of(obj)) for obj in found.items]
            self.live.put_many(cluster, rows, generation=generation)
            self.live.swap(cluster, gvk.group_kind, generation, found.resource_version)

    def happen(self, gvk: GroupVersionKind, name: str, body: Object) -> None:
        """Somebody changes an object in `shop`, and the watcher sees it."""
        self.remote.patch(gvk, "shop", name, body)
        try:
            changed = self.remote.get(gvk, "shop", name)
        except NotFound:
            self.live.remove(REMOTE, ObjectKey(gvk.group, gvk.kind, "shop", name), "")
        else:
            self.live.put(REMOTE, changed, owner_of(changed))

    def writes(self) -> list[str]:
        """Verbs and names of what was written to the destination since the last look began."""
        reads = {"get", "list"}
        return [f"{verb} {key.kind}/{key.name}" for verb, key in self.remote.requests if verb not in reads]

    def status_writes(self) -> int:
        """How often the Application was written since the last look began."""
        return sum(verb == "patch" and key.kind == "Application" for verb, key in self.home.requests)
