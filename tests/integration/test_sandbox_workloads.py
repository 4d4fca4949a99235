"""Workloads in a sandbox: what each controller does, as clients see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.run import SandboxCluster
from tests.sandbox_client import MERGE, Client

APPS = "/apis/apps/v1/namespaces/default"
CORE = "/api/v1/namespaces/default"
JOBS = "/apis/batch/v1/namespaces/default/jobs"


@pytest.fixture
def client(sandbox: SandboxCluster) -> Iterator[Client]:
    """A client of a fresh cluster."""
    with Client(sandbox) as made:
        yield made


def eventually(check: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Ask again until the answer is true."""
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
    return found


def workload(kind: str, name: str, *, image: str = "app:1", **spec: Any) -> dict[str, Any]:
    """A workload of `apps` with one container."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def status(client: Client, path: str) -> dict[str, Any]:
    """An object's status."""
    found: dict[str, Any] = client.ok("GET", path).get("status", {})
    return found


def images(client: Client) -> list[str]:
    """The images of the pods, in order of their names."""
    return [pod["spec"]["containers"][0]["image"] for pod in client.ok("GET", f"{CORE}/pods")["items"]]


def test_a_stateful_set_is_numbered_and_has_claims(client: Client) -> None:
    """Pods in order, a bound claim for each; an update replaces all, and the claims stay."""
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    body = workload("StatefulSet", "db", serviceName="db", replicas=3, volumeClaimTemplates=[claim])
    client.apply(f"{APPS}/statefulsets/db", body)
    path = f"{APPS}/statefulsets/db"
    eventually(lambda: status(client, path).get("readyReplicas") == 3)
    pods = client.ok("GET", f"{CORE}/pods")["items"]
    assert [pod["metadata"]["name"] for pod in pods] == ["db-0", "db-1", "db-2"]
    claims = client.ok("GET", f"{CORE}/persistentvolumeclaims")["items"]
    assert [(c["metadata"]["name"], c["status"]["phase"]) for c in claims] == [
        (f"data-db-{number}", "Bound") for number in range(3)
    ]
    body["spec"]["template"]["spec"]["containers"][0]["image"] = "app:2"
    client.apply(path, body)
    eventually(lambda: images(client) == ["app:2"] * 3 and status(client, path).get("updatedReplicas") == 3)
    eventually(lambda: status(client, path)["currentRevision"] == status(client, path)["updateRevision"])
    client.ok("PATCH", path, {"spec": {"replicas": 1}}, kind=MERGE)
    eventually(lambda: images(client) == ["app:2"])
    assert len(client.ok("GET", f"{CORE}/persistentvolumeclaims")["items"]) == 3


def test_a_partition_holds_back_an_update(client: Client) -> None:
    """Only pods from the partition's number on are replaced."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    body = workload("StatefulSet", "db", replicas=2, updateStrategy=strategy)
    path = f"{APPS}/statefulsets/db"
    client.apply(path, body)
    eventually(lambda: status(client, path).get("readyReplicas") == 2)
    body["spec"]["template"]["spec"]["containers"][0]["image"] = "app:2"
    client.apply(path, body)
    eventually(lambda: images(client) == ["app:1", "app:2"])


def test_a_daemon_set_has_one_pod_on_the_node(client: Client) -> None:
    """Replaced when its template changes; none when the node does not fit."""
    path = f"{APPS}/daemonsets/agent"
    body = workload("DaemonSet", "agent")
    client.apply(path, body)
    eventually(lambda: status(client, path).get("numberReady") == 1)
    body["spec"]["template"]["spec"]["containers"][0]["image"] = "app:2"
    client.apply(path, body)
    eventually(lambda: images(client) == ["app:2"])
    body["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "none"}
    client.apply(path, body)
    eventually(lambda: images(client) == [] and status(client, path).get("desiredNumberScheduled") == 0)


def job(name: str, *, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A Job."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "app:1"}]}
    template = {"metadata": {"annotations": annotations or {}}, "spec": pod}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": template, **spec},
    }


def condition(client: Client, path: str) -> str:
    """The last condition of a Job."""
    conditions = status(client, path).get("conditions") or [{"type": ""}]
    return str(conditions[-1]["type"])


def test_jobs_complete_fail_wait_and_expire(client: Client) -> None:
    """By their pods' ends, their backoff limit, their suspension, their time to live."""
    client.ok("POST", JOBS, job("good", completions=3, parallelism=2))
    eventually(lambda: condition(client, f"{JOBS}/good") == "Complete")
    assert status(client, f"{JOBS}/good")["succeeded"] == 3
    client.ok("POST", JOBS, job("bad", annotations={"sandbox.moorings.dev/fail": "true"}, backoffLimit=1))
    eventually(lambda: condition(client, f"{JOBS}/bad") == "Failed")
    assert status(client, f"{JOBS}/bad")["failed"] == 2
    client.ok("POST", JOBS, job("paused", suspend=True))
    eventually(lambda: condition(client, f"{JOBS}/paused") == "Suspended")
    client.ok("PATCH", f"{JOBS}/paused", {"spec": {"suspend": False}}, kind=MERGE)
    eventually(lambda: condition(client, f"{JOBS}/paused") == "Complete")
    client.ok("POST", JOBS, job("brief", ttlSecondsAfterFinished=0))
    eventually(lambda: client.call("GET", f"{JOBS}/brief").status_code == 404)


def test_recreate_never_runs_two_templates_at_once(client: Client) -> None:
    """The old pods end before the new ones begin."""
    path = f"{APPS}/deployments/web"
    body = workload("Deployment", "web", replicas=2, strategy={"type": "Recreate"})
    client.apply(path, body)
    eventually(lambda: status(client, path).get("readyReplicas") == 2)
    version = client.ok("GET", f"{CORE}/pods")["metadata"]["resourceVersion"]
    body["spec"]["template"]["spec"]["containers"][0]["image"] = "app:2"
    with client.watch(f"{CORE}/pods", resourceVersion=version) as events:
        client.apply(path, body)
        kinds = [next(events)["type"] for _ in range(4)]
    assert kinds[:2] == ["DELETED", "DELETED"]
    eventually(lambda: images(client) == ["app:2"] * 2)


def test_a_rolling_update_keeps_enough_pods(client: Client) -> None:
    """With maxUnavailable 0 there are never fewer ready pods than asked for."""
    rolling = {"maxSurge": 1, "maxUnavailable": 0}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    path = f"{APPS}/deployments/web"
    body = workload("Deployment", "web", replicas=2, strategy=strategy)
    client.apply(path, body)
    eventually(lambda: status(client, path).get("readyReplicas") == 2)
    body["spec"]["template"]["spec"]["containers"][0]["image"] = "app:2"
    client.apply(path, body)
    ready = []

    def done() -> bool:
        found = status(client, path)
        ready.append(found.get("readyReplicas", 0))
        return images(client) == ["app:2"] * 2 and found.get("updatedReplicas") == 2

    eventually(done)
    assert min(ready) >= 2


def test_a_broken_image_can_be_mended(client: Client) -> None:
    """A tag `broken` cannot be pulled; the next template rolls out over it."""
    path = f"{APPS}/deployments/web"
    body = workload("Deployment", "web", image="app:broken")
    client.apply(path, body)
    eventually(lambda: status(client, path).get("unavailableReplicas") == 1)
    body["spec"]["template"]["spec"]["containers"][0]["image"] = "app:1"
    client.apply(path, body)
    eventually(lambda: status(client, path).get("readyReplicas") == 1 and images(client) == ["app:1"])


def test_a_deleted_pod_comes_back(client: Client) -> None:
    """Its ReplicaSet makes another."""
    path = f"{APPS}/deployments/web"
    client.apply(path, workload("Deployment", "web"))
    eventually(lambda: status(client, path).get("readyReplicas") == 1)
    name = client.ok("GET", f"{CORE}/pods")["items"][0]["metadata"]["name"]
    client.ok("DELETE", f"{CORE}/pods/{name}")
    eventually(
        lambda: [p["metadata"]["name"] != name for p in client.ok("GET", f"{CORE}/pods")["items"]] == [True]
    )


def test_a_claim_goes_with_its_volume(client: Client) -> None:
    """Bound to a volume of its own, which is deleted with it."""
    path = f"{CORE}/persistentvolumeclaims"
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}},
    }
    client.ok("POST", path, body)
    found = eventually(lambda: status(client, f"{path}/data").get("capacity"))
    assert found == {"storage": "2Gi"}
    assert len(client.ok("GET", "/api/v1/persistentvolumes")["items"]) == 1
    client.ok("DELETE", f"{path}/data")
    eventually(lambda: client.ok("GET", "/api/v1/persistentvolumes")["items"] == [])


def test_every_namespace_has_its_account(client: Client) -> None:
    """The default ServiceAccount is made, and made again."""
    path = f"{CORE}/serviceaccounts/default"
    uid = eventually(lambda: client.call("GET", path).json().get("metadata", {}).get("uid"))
    client.ok("DELETE", path)
    eventually(lambda: client.call("GET", path).json().get("metadata", {}).get("uid") not in (None, uid))
