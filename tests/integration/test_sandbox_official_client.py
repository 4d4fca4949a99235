"""The official Kubernetes client for Python against a sandbox."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client as k8s
from kubernetes import config, dynamic, watch

from sandbox.run import Fleet, SandboxCluster


@pytest.fixture
def api(sandbox: SandboxCluster) -> Iterator[Any]:
    """An ApiClient made from the cluster's kubeconfig."""
    made = config.new_client_from_config_dict(sandbox.kubeconfig())
    yield made
    made.close()
    made.rest_client.pool_manager.clear()


def deployment(name: str) -> Any:
    """A typed Deployment."""
    labels = {"app": name}
    return k8s.V1Deployment(
        metadata=k8s.V1ObjectMeta(name=name),
        spec=k8s.V1DeploymentSpec(
            replicas=2,
            selector=k8s.V1LabelSelector(match_labels=labels),
            template=k8s.V1PodTemplateSpec(
                metadata=k8s.V1ObjectMeta(labels=labels),
                spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="c", image="nginx:1.27")]),
            ),
        ),
    )


def test_typed_models_read_what_is_served(api: Any) -> None:
    """A Deployment becomes ready; its pods parse as typed models."""
    apps = k8s.AppsV1Api(api)
    apps.create_namespaced_deployment("default", deployment("web"))
    end = time.monotonic() + 5
    while apps.read_namespaced_deployment("web", "default").status.ready_replicas != 2:
        assert time.monotonic() < end
        time.sleep(0.02)
    pods = k8s.CoreV1Api(api).list_namespaced_pod("default", label_selector="app=web").items
    assert [pod.status.phase for pod in pods] == ["Running", "Running"]


def test_errors_carry_the_status(api: Any) -> None:
    """ApiException with the code and the reason."""
    with pytest.raises(k8s.ApiException) as refused:
        k8s.CoreV1Api(api).read_namespaced_config_map("none", "default")
    assert refused.value.status == 404


def test_the_watch_helper_follows(api: Any) -> None:
    """kubernetes.watch lists, watches and stops."""
    core = k8s.CoreV1Api(api)
    for name in ("a", "b"):
        core.create_namespaced_config_map("default", k8s.V1ConfigMap(metadata=k8s.V1ObjectMeta(name=name)))
    stream = watch.Watch().stream(core.list_namespaced_config_map, "default", timeout_seconds=1)
    assert [(e["type"], e["object"].metadata.name) for e in stream] == [("ADDED", "a"), ("ADDED", "b")]


def test_the_dynamic_client_discovers_and_applies(api: Any) -> None:
    """Discovery in its old form, and server-side apply."""
    dynamic_client = dynamic.DynamicClient(api)
    maps = dynamic_client.resources.get(api_version="v1", kind="ConfigMap")
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "default"},
        "data": {"k": "v"},
    }
    made = dynamic_client.server_side_apply(maps, body, field_manager="tests")
    assert made.metadata.managedFields[0].manager == "tests"
    assert maps.get(name="a", namespace="default").data.k == "v"


def test_clusters_know_nothing_of_each_other(sandbox_pair: Fleet) -> None:
    """What is created in one is not in the other, and tokens do not cross."""
    first, second = (config.new_client_from_config_dict(c.kubeconfig()) for c in sandbox_pair)
    body = k8s.V1ConfigMap(metadata=k8s.V1ObjectMeta(name="a"))
    k8s.CoreV1Api(first).create_namespaced_config_map("default", body)
    assert k8s.CoreV1Api(second).list_namespaced_config_map("default").items == []
    assert sandbox_pair[0].token != sandbox_pair[1].token
    for each in (first, second):
        each.close()
        each.rest_client.pool_manager.clear()
