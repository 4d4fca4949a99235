"""Validation that schemas cannot say: names, labels, selectors, references, and what may never change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.formats import (
    CONFIG_KEY,
    QUANTITY,
    dns1035_fault,
    label_fault,
    label_value_fault,
    path_segment_fault,
    qualified_fault,
    subdomain_fault,
)
from sandbox.resources import Resource
from sandbox.selectors import match_selector
from sandbox.status import Cause
from sandbox.structural import invalid_value, shown

Fields = dict[str, Any]

_NAME_RULES: dict[tuple[str, str], Callable[[str], str]] = {
    ("", "Namespace"): label_fault,
    ("", "Service"): dns1035_fault,
}
_ANNOTATIONS_LIMIT = 256 * 1024


def required(field: str, why: str = "") -> Cause:
    """A field that must be there and is not."""
    return Cause("FieldValueRequired", field, f"Required value: {why}" if why else "Required value")


def _name_rule(resource: Resource) -> Callable[[str], str]:
    if resource.group == "rbac.authorization.k8s.io":
        return path_segment_fault
    return _NAME_RULES.get((resource.group, resource.kind), subdomain_fault)


def metadata_causes(resource: Resource, obj: Fields) -> Iterator[Cause]:
    """What is wrong with an object's metadata."""
    meta = obj["metadata"]
    name = meta.get("name")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif fault := _name_rule(resource)(str(name)):
        yield invalid_value("metadata.name", name, fault)
    for key, value in (meta.get("labels") or {}).items():
        if fault := qualified_fault(str(key)):
            yield invalid_value("metadata.labels", key, fault)
        if not isinstance(value, str):
            yield invalid_value("metadata.labels", value, "must be a string")
        elif fault := label_value_fault(value):
            yield invalid_value("metadata.labels", value, fault)
    annotations = meta.get("annotations") or {}
    for key in annotations:
        if fault := qualified_fault(str(key).lower()):
            yield invalid_value("metadata.annotations", key, fault)
    if sum(len(str(k)) + len(str(v)) for k, v in annotations.items()) > _ANNOTATIONS_LIMIT:
        yield Cause(
            "FieldValueTooLong", "metadata.annotations", "Too long: may not be more than 262144 bytes"
        )
    yield from _owner_causes(meta)


def _owner_causes(meta: Fields) -> Iterator[Cause]:
    controllers = 0
    for place, owner in enumerate(meta.get("ownerReferences") or ()):
        controllers += bool(owner.get("controller"))
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield invalid_value(
                    f"metadata.ownerReferences[{place}].{field}",
                    owner.get(field, ""),
                    f"{field} must not be empty",
                )
    if controllers > 1:
        yield invalid_value(
            "metadata.ownerReferences", controllers, "Only one reference can have Controller set to true"
        )


def object_causes(resource: Resource, obj: Fields, live: Fields | None) -> Iterator[Cause]:
    """What is wrong with an object by its kind's own rules; `live` is what it would replace."""
    if resource.custom:
        return
    for rule in _RULES.get((resource.group, resource.kind), ()):
        yield from rule(obj)
    if live is not None:
        for field in _IMMUTABLE.get((resource.group, resource.kind), ()):
            before, after = _at(live, field), _at(obj, field)
            if before != after and before not in (None, ""):
                yield invalid_value(field, after, "field is immutable")
        yield from _frozen(resource, obj, live)


def _at(obj: Any, path: str) -> Any:
    for name in path.split("."):
        obj = obj.get(name) if isinstance(obj, dict) else None
    return obj


_STATEFUL_MUTABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip


def _frozen(resource: Resource, obj: Fields, live: Fields) -> Iterator[Cause]:
    if resource.kind in ("ConfigMap", "Secret") and resource.group == "" and live.get("immutable") is True:
        if obj.get("immutable") is not True:
            yield Cause(
                "FieldValueForbidden", "immutable", "Forbidden: field is immutable when `immutable` is set"
            )
        if obj.get("data") != live.get("data") or obj.get("binaryData") != live.get("binaryData"):
            yield Cause(
                "FieldValueForbidden", "data", "Forbidden: field is immutable when `immutable` is set"
            )
    if (resource.group, resource.kind) == ("apps", "StatefulSet"):
        before = {k: v for k, v in (live.get("spec") or {}).items() if k not in _STATEFUL_MUTABLE}
        after = {k: v for k, v in (obj.get("spec") or {}).items() if k not in _STATEFUL_MUTABLE}
        if before != after:
            allowed = "', '".join(_STATEFUL_MUTABLE[:-1])
            yield Cause(
                "FieldValueForbidden",
                "spec",
                f"Forbidden: updates to statefulset spec for fields other than '{allowed}' and"
                f" '{_STATEFUL_MUTABLE[-1]}' are forbidden",
            )


_IMMUTABLE: dict[tuple[str, str], tuple[str, ...]] = {
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "ReplicaSet"): ("spec.selector",),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("batch", "Job"): ("spec.selector", "spec.template", "spec.completionMode", "spec.podFailurePolicy"),
    ("", "Secret"): ("type",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    ("", "PersistentVolumeClaim"): ("spec.accessModes", "spec.storageClassName", "spec.volumeName"),
    ("scheduling.k8s.io", "PriorityClass"): ("value",),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): ("spec.group", "spec.names.plural", "spec.scope"),
}


def _selector(obj: Fields) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    selector = spec.get("selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if not selector:
        if isinstance(selector, dict):
            yield invalid_value("spec.selector", selector, "empty selector is invalid for deployment")
        else:
            yield required("spec.selector")
        return
    if not match_selector(selector, labels):
        yield invalid_value(
            "spec.template.metadata.labels", labels, "`selector` does not match template `labels`"
        )


def _containers(obj: Fields) -> Iterator[Cause]:
    spec, path = _pod_spec(obj)
    listed = spec.get("containers")
    if not listed:
        yield required(f"{path}.containers")
    names: set[str] = set()
    for group in ("initContainers", "containers"):
        for place, container in enumerate(spec.get(group) or ()):
            here = f"{path}.{group}[{place}]"
            name = container.get("name", "")
            if name in names:
                yield Cause("FieldValueDuplicate", f"{here}.name", f"Duplicate value: {shown(name)}")
            names.add(name)
            if name and (fault := label_fault(name)):
                yield invalid_value(f"{here}.name", name, fault)
            yield from _container(container, here, spec)


def _container(container: Fields, here: str, spec: Fields) -> Iterator[Cause]:
    if not container.get("image"):
        yield required(f"{here}.image")
    for place, port in enumerate(container.get("ports") or ()):
        number = port.get("containerPort", 0)
        if not 0 < number < 65536:
            yield invalid_value(
                f"{here}.ports[{place}].containerPort", number, "must be between 1 and 65535, inclusive"
            )
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    for place, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes and not spec.get("volumeClaimTemplates"):
            yield Cause(
                "FieldValueNotFound",
                f"{here}.volumeMounts[{place}].name",
                f"Not found: {shown(mount.get('name'))}",
            )
    for bound in ("limits", "requests"):
        for name, amount in ((container.get("resources") or {}).get(bound) or {}).items():
            if not QUANTITY.fullmatch(str(amount)):
                yield invalid_value(
                    f"{here}.resources.{bound}[{name}]",
                    amount,
                    "quantities must match the regular expression"
                    " '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
                )


def _pod_spec(obj: Fields) -> tuple[Fields, str]:
    kind, spec = obj.get("kind"), obj.get("spec") or {}
    if kind == "Pod":
        return spec, "spec"
    path = "spec.template"
    if kind == "CronJob":
        spec, path = (spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec.template"
    inner = dict((spec.get("template") or {}).get("spec") or {})
    if kind == "StatefulSet" and spec.get("volumeClaimTemplates"):
        claims = [{"name": (c.get("metadata") or {}).get("name")} for c in spec["volumeClaimTemplates"]]
        inner["volumes"] = [*(inner.get("volumes") or ()), *claims]
    return inner, f"{path}.spec"


def _restart_policy(allowed: tuple[str, ...]) -> Callable[[Fields], Iterator[Cause]]:
    def rule(obj: Fields) -> Iterator[Cause]:
        spec, path = _pod_spec(obj)
        policy = spec.get("restartPolicy")
        if spec and policy not in allowed:
            quoted = ", ".join(f'"{value}"' for value in allowed)
            if policy == "Always" and len(allowed) > 1:
                yield required(f"{path}.restartPolicy", f"valid values: {quoted}")
            else:
                yield Cause(
                    "FieldValueNotSupported",
                    f"{path}.restartPolicy",
                    f"Unsupported value: {shown(policy)}: supported values: {quoted}",
                )

    return rule


def _claims(obj: Fields) -> Iterator[Cause]:
    for place, claim in enumerate((obj.get("spec") or {}).get("volumeClaimTemplates") or ()):
        if not (claim.get("metadata") or {}).get("name"):
            yield required(f"spec.volumeClaimTemplates[{place}].metadata.name")


def _replicas(obj: Fields) -> Iterator[Cause]:
    replicas = (obj.get("spec") or {}).get("replicas")
    if isinstance(replicas, int) and replicas < 0:
        yield invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")


def _service(obj: Fields) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    ports = spec.get("ports") or []
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    if spec.get("type") not in ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"):
        yield Cause(
            "FieldValueNotSupported",
            "spec.type",
            f"Unsupported value: {shown(spec.get('type'))}: supported values:"
            ' "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
        )
    if spec.get("type") == "ExternalName" and not spec.get("externalName"):
        yield required("spec.externalName")
    for place, port in enumerate(ports):
        here = f"spec.ports[{place}]"
        if len(ports) > 1 and not port.get("name"):
            yield required(f"{here}.name")
        number = port.get("port", 0)
        if not 0 < number < 65536:
            yield invalid_value(f"{here}.port", number, "must be between 1 and 65535, inclusive")
        if port.get("protocol") not in ("TCP", "UDP", "SCTP"):
            yield Cause(
                "FieldValueNotSupported",
                f"{here}.protocol",
                f'Unsupported value: {shown(port.get("protocol"))}: supported values: "SCTP", "TCP", "UDP"',
            )


def _keys(obj: Fields) -> Iterator[Cause]:
    for field in ("data", "binaryData"):
        for key in obj.get(field) or {}:
            if not CONFIG_KEY.fullmatch(key) or key in (".", "..") or len(key) > 253:
                yield invalid_value(
                    f"{field}[{key}]",
                    key,
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
                    " (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is"
                    " '[-._a-zA-Z0-9]+')",
                )


def _ingress(obj: Fields) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield invalid_value("spec", [], "either `defaultBackend` or `rules` must be specified")


def _definition(obj: Fields) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    names, versions = spec.get("names") or {}, spec.get("versions") or []
    expected = f"{names.get('plural')}.{spec.get('group')}"
    if obj["metadata"].get("name") != expected:
        why = 'must be spec.names.plural+"."+spec.group'
        yield invalid_value("metadata.name", obj["metadata"].get("name"), why)
    if spec.get("scope") not in ("Cluster", "Namespaced"):
        yield _unsupported("spec.scope", spec.get("scope"), ("Cluster", "Namespaced"))
    stored = [version.get("name") for version in versions if version.get("storage")]
    if len(stored) != 1:
        why = "must have exactly one version marked as storage version"
        yield invalid_value("spec.versions", stored, why)
    for place, version in enumerate(versions):
        here = f"spec.versions[{place}].schema.openAPIV3Schema"
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if not isinstance(schema, dict):
            yield required(here, "schemas are required")
        elif not schema.get("type"):
            yield required(f"{here}.type", "must not be empty at the root")
        elif schema["type"] != "object":
            yield invalid_value(f"{here}.type", schema["type"], "must be object at the root")


def _unsupported(field: str, value: object, supported: tuple[str, ...]) -> Cause:
    quoted = ", ".join(shown(each) for each in supported)
    return Cause(
        "FieldValueNotSupported", field, f"Unsupported value: {shown(value)}: supported values: {quoted}"
    )


_WORKLOAD = (_containers, _selector, _replicas)
_RULES: dict[tuple[str, str], tuple[Callable[[Fields], Iterator[Cause]], ...]] = {
    ("", "Pod"): (_containers,),
    ("", "Service"): (_service,),
    ("", "ConfigMap"): (_keys,),
    ("", "Secret"): (_keys,),
    ("apps", "Deployment"): (*_WORKLOAD, _restart_policy(("Always",))),
    ("apps", "ReplicaSet"): (*_WORKLOAD, _restart_policy(("Always",))),
    ("apps", "StatefulSet"): (*_WORKLOAD, _claims, _restart_policy(("Always",))),
    ("apps", "DaemonSet"): (_containers, _selector, _restart_policy(("Always",))),
    ("batch", "Job"): (_containers, _restart_policy(("OnFailure", "Never"))),
    ("batch", "CronJob"): (_containers, _restart_policy(("OnFailure", "Never"))),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (_definition,),
    ("networking.k8s.io", "Ingress"): (_ingress,),
}
