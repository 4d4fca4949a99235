"""What no schema says."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.builtin import BUILTIN
from sandbox.rules import metadata_causes, object_causes


def faults(kind: str, obj: dict[str, Any], live: dict[str, Any] | None = None) -> dict[str, str]:
    """Field → message."""
    resource = next(r for r in BUILTIN if r.kind == kind)
    full = {"kind": kind, "metadata": {"name": "a"}, **obj}
    causes = [*metadata_causes(resource, full), *object_causes(resource, full, live)]
    return {cause.field: cause.message for cause in causes}


@pytest.mark.parametrize(
    ("kind", "name", "good"),
    [
        ("ConfigMap", "a.b-c", True), ("ConfigMap", "A", False), ("ConfigMap", "a" * 254, False),
        ("Namespace", "a-b", True), ("Namespace", "a.b", False), ("Namespace", "a" * 64, False),
        ("Service", "a-1", True), ("Service", "1-a", False),
        ("ClusterRole", "system:Any_thing", True), ("ClusterRole", "a/b", False),
        ("ClusterRole", "..", False),
    ],
)  # fmt: skip
def test_names(kind: str, name: str, good: bool) -> None:
    """DNS subdomains, labels or path segments, by kind."""
    spec = {"ports": [{"port": 1, "protocol": "TCP"}], "type": "ClusterIP"}
    fields = faults(kind, {"metadata": {"name": name}, "spec": spec})
    assert ("metadata.name" not in fields) is good


def test_labels_and_annotations() -> None:
    """Keys are qualified names, label values are bounded."""
    found = faults(
        "ConfigMap", {"metadata": {"name": "a", "labels": {"x.dev/ok": "fine", "-bad": "v", "k": "no way"}}}
    )
    assert "metadata.labels" in found
    long = {"metadata": {"name": "a", "annotations": {"k": "v" * 300_000}}}
    assert "Too long" in faults("ConfigMap", long)["metadata.annotations"]


def test_a_selector_must_match_its_template() -> None:
    """Else the pods would be nobody's."""
    template = {
        "metadata": {"labels": {"a": "2"}},
        "spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Always"},
    }
    found = faults("Deployment", {"spec": {"selector": {"matchLabels": {"a": "1"}}, "template": template}})
    assert list(found) == ["spec.template.metadata.labels"]


def test_what_may_never_change() -> None:
    """Selectors, a Secret's type, a role binding's role, an immutable ConfigMap's data."""
    before = {"spec": {"selector": {"matchLabels": {"a": "1"}}}}
    after = {"spec": {"selector": {"matchLabels": {"a": "2"}}}}
    assert "field is immutable" in faults("Deployment", after, before)["spec.selector"]
    assert "type" in faults("Secret", {"type": "Opaque"}, {"type": "kubernetes.io/tls"})
    assert "roleRef" in faults("RoleBinding", {"roleRef": {"name": "b"}}, {"roleRef": {"name": "a"}})
    frozen = {"immutable": True, "data": {"a": "1"}}
    assert list(faults("ConfigMap", {"data": {"a": "2"}}, frozen)) == ["immutable", "data"]


def test_a_stateful_sets_spec_is_mostly_fixed() -> None:
    """Replicas and template may change, the service name may not."""
    spec = {"serviceName": "s", "replicas": 1}
    assert faults("StatefulSet", {"spec": spec | {"replicas": 2}}, {"spec": spec}).keys() <= {
        "spec.selector",
        "spec.template.spec.containers",
    }
    found = faults("StatefulSet", {"spec": spec | {"serviceName": "t"}}, {"spec": spec})
    assert "are forbidden" in found["spec"]


def test_containers() -> None:
    """Image, ports, mounts, quantities, names once each."""
    container = {
        "name": "c",
        "ports": [{"containerPort": 0}],
        "volumeMounts": [{"name": "none"}],
        "resources": {"limits": {"cpu": "lots"}},
    }
    found = faults("Pod", {"spec": {"containers": [container, {"name": "c", "image": "i"}]}})
    assert list(found) == [
        "spec.containers[0].image",
        "spec.containers[0].ports[0].containerPort",
        "spec.containers[0].volumeMounts[0].name",
        "spec.containers[0].resources.limits[cpu]",
        "spec.containers[1].name",
    ]
    assert "spec.containers" in faults("Pod", {"spec": {}})


def test_a_job_may_not_restart_always() -> None:
    """Its pods must be able to end."""
    spec = {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Always"}
    found = faults("Job", {"spec": {"template": {"spec": spec}}})
    assert found == {"spec.template.spec.restartPolicy": 'Required value: valid values: "OnFailure", "Never"'}


def test_services() -> None:
    """Ports with names when there are several, known types and protocols."""
    spec = {
        "type": "Odd",
        "ports": [{"port": 80, "protocol": "TCP", "name": "a"}, {"port": 0, "protocol": "X"}],
    }
    assert list(faults("Service", {"spec": spec})) == [
        "spec.type",
        "spec.ports[1].name",
        "spec.ports[1].port",
        "spec.ports[1].protocol",
    ]
    assert faults("Service", {"spec": {"type": "ExternalName"}}) == {"spec.externalName": "Required value"}


def test_definitions() -> None:
    """Name, scope, one storage version, a schema with a root of type object."""
    versions = [{"name": "v1"}, {"name": "v2", "schema": {"openAPIV3Schema": {"type": "string"}}}]
    spec = {"group": "sea.dev", "names": {"plural": "boats"}, "scope": "Global", "versions": versions}
    assert list(faults("CustomResourceDefinition", {"spec": spec})) == [
        "metadata.name",
        "spec.scope",
        "spec.versions",
        "spec.versions[0].schema.openAPIV3Schema",
        "spec.versions[1].schema.openAPIV3Schema.type",
    ]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"])
def test_a_workload_needs_a_selector_and_containers(kind: str) -> None:
    """Also when it has no spec at all: to an API server that is an empty one."""
    assert list(faults(kind, {})) == ["spec.template.spec.containers", "spec.selector"]


def test_claim_templates_need_names() -> None:
    """Their claims are named by them."""
    found = faults("StatefulSet", {"spec": {"volumeClaimTemplates": [{}]}})
    assert "spec.volumeClaimTemplates[0].metadata.name" in found
