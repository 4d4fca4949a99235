"""A cluster in memory, good enough for the rules of operations; the sandbox is the one that is true.

It has resourceVersions, uids, generations, conflicts, finalizers, namespaces that must exist, and apply as a
merge that takes away what the same manager applied before and no longer names. It knows no schema: lists are
replaced whole, a strategic patch is a merge patch, and nothing is defaulted or validated.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from typing import Any

import jsonpatch
import orjson

from common.adapters.memory.merge import changed_by_others, field_paths, merged, without
from common.core.access import ClusterAccess
from common.core.errors import (
    AlreadyExists,
    FieldConflict,
    InvalidInput,
    KindNotServed,
    NamespaceMissing,
    NotFound,
    VersionConflict,
)
from common.core.keys import ClusterId, GroupVersionKind, Object, ObjectKey, gvk_of, key_of
from common.ports import ApiCatalog, ApiResource, Cluster, ListResult, PatchType, Propagation

CREATED = "2026-01-02T03:04:05Z"
"""All times in this cluster."""

_SERVED = (
    ("v1", "Namespace", "namespaces", False),
    ("v1", "ConfigMap", "configmaps", True),
    ("v1", "Secret", "secrets", True),
    ("v1", "Service", "services", True),
    ("v1", "ServiceAccount", "serviceaccounts", True),
    ("v1", "Pod", "pods", True),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", True),
    ("apps/v1", "Deployment", "deployments", True),
    ("apps/v1", "StatefulSet", "statefulsets", True),
    ("apps/v1", "DaemonSet", "daemonsets", True),
    ("apps/v1", "ReplicaSet", "replicasets", True),
    ("batch/v1", "Job", "jobs", True),
    ("batch/v1", "CronJob", "cronjobs", True),
    ("networking.k8s.io/v1", "Ingress", "ingresses", True),
    ("rbac.authorization.k8s.io/v1", "Role", "roles", True),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", True),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", False),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", False),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", False),
    ("argoproj.io/v1alpha1", "Application", "applications", True),
    ("argoproj.io/v1alpha1", "AppProject", "appprojects", True),
)


def resource(api_version: str, kind: str, plural: str, *, namespaced: bool = True) -> ApiResource:
    """A row of discovery with the usual verbs."""
    verbs = ("create", "delete", "get", "list", "patch", "update", "watch")
    gvk = GroupVersionKind.of(api_version, kind)
    return ApiResource(gvk=gvk, plural=plural, namespaced=namespaced, verbs=verbs)


class MemoryCluster:
    """`ports.Cluster`. `requests` tells what was asked: (verb, key) in order, dry runs as `dry-<verb>`."""

    def __init__(
        self, access: ClusterAccess | None = None, *, namespaces: tuple[str, ...] = ("default",)
    ) -> None:
        self._access = access or ClusterAccess(id=ClusterId("memory"), server="memory")
        self._lock = threading.RLock()
        self._objects: dict[ObjectKey, Object] = {}
        self._applied: dict[tuple[ObjectKey, str], Object] = {}
        self._rows = [resource(v, k, p, namespaced=n) for v, k, p, n in _SERVED]
        self._failures: list[tuple[str, str, Exception]] = []
        self._version = 0
        self.requests: list[tuple[str, ObjectKey]] = []
        for name in namespaces:
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.requests.clear()

    # For tests

    def serve(self, row: ApiResource) -> None:
        """Serve one more kind."""
        self._rows.append(row)

    def fail(self, verb: str, error: Exception, *, name: str = "", times: int = 1) -> None:
        """The next requests of a verb (for the object of that name) raise this."""
        self._failures += [(verb, name, error)] * times

    def objects(self) -> list[Object]:
        """All objects, sorted by key."""
        return [_copy(self._objects[key]) for key in sorted(self._objects)]

    # The port

    @property
    def access(self) -> ClusterAccess:
        """Whom we talk to."""
        return self._access

    def catalog(self, *, refresh: bool = False) -> ApiCatalog:  # noqa: ARG002  # always fresh
        """See `Cluster.catalog`."""
        self._fails("catalog", "")
        digest = hashlib.sha256(repr(self._rows).encode()).hexdigest()
        return ApiCatalog(version="v1.36.3", resources=tuple(self._rows), digest=digest)

    def schema(self, gvk: GroupVersionKind) -> Mapping[str, Any] | None:  # noqa: ARG002  # knows none
        """See `Cluster.schema`."""
        return None

    def get(self, gvk: GroupVersionKind, namespace: str, name: str) -> Object:
        """See `Cluster.get`."""
        with self._lock:
            return _copy(self._existing("get", self._key(gvk, namespace, name)))

    def list(self, gvk: GroupVersionKind, namespace: str = "", *, label_selector: str = "") -> ListResult:
        """See `Cluster.list`. Selectors: `key`, and `key=value`, with commas."""
        with self._lock:
            self._row(gvk)
            self._told("list", ObjectKey(gvk.group, gvk.kind, namespace, ""))
            found = [
                _copy(obj)
                for key, obj in sorted(self._objects.items())
                if key.group_kind == gvk.group_kind
                and namespace in ("", key.namespace)
                and _selected(obj, label_selector)
            ]
            return ListResult(tuple(found), str(self._version))

    def apply(
        self,
        obj: Object,
        *,
        force: bool = True,
        dry_run: bool = False,
        field_manager: str = "moorings",
        validate: bool = True,  # noqa: ARG002  # there is no schema
    ) -> Object:
        """See `Cluster.apply`."""
        with self._lock:
            key = self._placed(obj)
            self._told("apply", key, dry_run=dry_run)
            live = self._objects.get(key)
            if live is None:
                made = self._store(key, self._new(key, obj), dry_run=dry_run)
            else:
                _check_preconditions(live, obj)
                before = self._applied.get((key, field_manager), {})
                others = {m: o for (k, m), o in self._applied.items() if k == key and m != field_manager}
                conflicts = changed_by_others(obj, live, others)
                if conflicts and not force:
                    managers, fields = sorted({m for m, _ in conflicts}), sorted({f for _, f in conflicts})
                    raise FieldConflict(f"apply {key}: conflicts", managers=managers, fields=fields)
                kept = [path for other in others.values() for path in field_paths(other)]
                made = self._change(key, merged(without(live, before, obj, kept), obj), dry_run=dry_run)
            if not dry_run:
                self._applied[key, field_manager] = _copy(obj)
            return made

    def create(self, obj: Object, *, dry_run: bool = False) -> Object:
        """See `Cluster.create`."""
        with self._lock:
            meta = dict(obj.get("metadata") or {})
            if not meta.get("name") and meta.get("generateName"):
                meta["name"] = f"{meta['generateName']}{self._version + 1:05x}"
                obj = {**obj, "metadata": meta}
            key = self._placed(obj)
            self._told("create", key, dry_run=dry_run)
            if key in self._objects:
                raise AlreadyExists(f"create {key}: it exists")
            return self._store(key, self._new(key, obj), dry_run=dry_run)

    def replace(self, obj: Object, *, dry_run: bool = False) -> Object:
        """See `Cluster.replace`."""
        with self._lock:
            key = self._placed(obj)
            live = self._existing("replace", key, dry_run=dry_run)
            _check_preconditions(live, obj)
            return self._change(key, _copy(obj), dry_run=dry_run)

    def patch(
        self,
        gvk: GroupVersionKind,
        namespace: str,
        name: str,
        body: object,
        *,
        patch_type: PatchType = PatchType.MERGE,
        dry_run: bool = False,
        subresource: str = "",  # noqa: ARG002  # all of an object is one thing here
    ) -> Object:
        """See `Cluster.patch`."""
        with self._lock:
            key = self._key(gvk, namespace, name)
            live = self._existing("patch", key, dry_run=dry_run)
            if patch_type is PatchType.JSON:
                result: Object = jsonpatch.apply_patch(_copy(live), orjson.dumps(body))
            else:
                assert isinstance(body, dict)  # noqa: S101  # a merge patch of an object is one
                _check_preconditions(live, body)
                result = merged(_copy(live), body)
            return self._change(key, result, dry_run=dry_run)

    def delete(
        self,
        gvk: GroupVersionKind,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: Propagation = Propagation.BACKGROUND,  # noqa: ARG002  # nobody collects
        dry_run: bool = False,
    ) -> None:
        """See `Cluster.delete`."""
        with self._lock:
            key = self._key(gvk, namespace, name)
            live = self._existing("delete", key, dry_run=dry_run)
            expected = {"uid": uid, "resourceVersion": resource_version}
            _check_preconditions(live, {"metadata": {k: v for k, v in expected.items() if v}})
            if dry_run:
                return
            if live["metadata"].get("finalizers"):
                marked = _copy(live)
                marked["metadata"].setdefault("deletionTimestamp", CREATED)
                self._change(key, marked, dry_run=False)
            else:
                self._forget(key)

    # Inside

    def _row(self, gvk: GroupVersionKind) -> ApiResource:
        for row in self._rows:
            if row.gvk == gvk:
                return row
        raise KindNotServed(f"no {gvk.kind} in {gvk.api_version}")

    def _key(self, gvk: GroupVersionKind, namespace: str, name: str) -> ObjectKey:
        row = self._row(gvk)
        if row.namespaced and not namespace:
            raise InvalidInput(f"{gvk.kind} {name}", "metadata.namespace", found=None, expected="a namespace")
        return ObjectKey(gvk.group, gvk.kind, namespace if row.namespaced else "", name)

    def _placed(self, obj: Object) -> ObjectKey:
        key = key_of(obj)
        if not key.name:
            raise InvalidInput(key.kind, "metadata.name", found=None, expected="a name")
        return self._key(gvk_of(obj), key.namespace, key.name)

    def _fails(self, verb: str, name: str) -> None:
        for position, (failing, which, error) in enumerate(self._failures):
            if failing == verb and which in ("", name):
                del self._failures[position]
                raise error

    def _told(self, verb: str, key: ObjectKey, *, dry_run: bool = False) -> None:
        self.requests.append((f"dry-{verb}" if dry_run else verb, key))
        self._fails(verb, key.name)

    def _existing(self, verb: str, key: ObjectKey, *, dry_run: bool = False) -> Object:
        self._told(verb, key, dry_run=dry_run)
        if key not in self._objects:
            raise NotFound(f"{verb} {key}: not found")
        return self._objects[key]

    def _new(self, key: ObjectKey, obj: Object) -> Object:
        if key.namespace and ObjectKey("", "Namespace", "", key.namespace) not in self._objects:
            raise NamespaceMissing(f"{key}: namespace {key.namespace} not found")
        made = _copy(obj)
        uid = hashlib.sha256(f"{key}@{self._version}".encode()).hexdigest()[:32]
        made["metadata"] |= {"uid": uid, "creationTimestamp": CREATED, "generation": 1}
        return made

    def _change(self, key: ObjectKey, obj: Object, *, dry_run: bool) -> Object:
        live = self._objects[key]
        server_owned = {
            f: live["metadata"][f] for f in ("uid", "creationTimestamp", "generation", "resourceVersion")
        }
        obj["metadata"] = {**(obj.get("metadata") or {}), **server_owned}
        if obj == live:
            return _copy(live)
        if any(obj.get(f) != live.get(f) for f in {*obj, *live} - {"metadata", "status"}):
            obj["metadata"]["generation"] += 1
        made = self._store(key, obj, dry_run=dry_run)
        if not dry_run and obj["metadata"].get("deletionTimestamp") and not obj["metadata"].get("finalizers"):
            self._forget(key)
        return made

    def _store(self, key: ObjectKey, obj: Object, *, dry_run: bool) -> Object:
        if not dry_run:
            self._version += 1
            obj["metadata"]["resourceVersion"] = str(self._version)
            self._objects[key] = _copy(obj)
        return _copy(obj)

    def _forget(self, key: ObjectKey) -> None:
        self._version += 1
        del self._objects[key]
        for applied in [a for a in self._applied if a[0] == key]:
            del self._applied[applied]


class MemoryClusters:
    """`ports.Clusters`: clusters in memory, made when they are first asked for. `home` is one of them."""

    def __init__(
        self, home: MemoryCluster | None = None, *, make: Callable[[ClusterAccess], Cluster] = MemoryCluster
    ) -> None:
        self._home = home or MemoryCluster()
        self._make = make
        self.known: dict[ClusterId, Cluster] = {self._home.access.id: self._home}

    def connect(self, access: ClusterAccess) -> Cluster:
        """See `Clusters.connect`."""
        return self.known.setdefault(access.id, self._make(access))

    def home(self) -> Cluster:
        """See `Clusters.home`."""
        return self._home


def _check_preconditions(live: Object, wanted: Mapping[str, Any]) -> None:
    meta = wanted.get("metadata") or {}
    for field in ("uid", "resourceVersion"):
        if meta.get(field) and meta[field] != live["metadata"][field]:
            raise VersionConflict(f"{key_of(live)}: {field} is {live['metadata'][field]}, not {meta[field]}")


def _selected(obj: Object, selector: str) -> bool:
    labels = (obj.get("metadata") or {}).get("labels") or {}
    for part in filter(None, selector.split(",")):
        name, equals, value = part.partition("=")
        if name not in labels or (equals and labels[name] != value.removeprefix("=")):
            return False
    return True


def _copy(obj: Object) -> Object:
    copied: Object = orjson.loads(orjson.dumps(obj))
    return copied
