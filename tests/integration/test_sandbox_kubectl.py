"""The real kubectl against a sandbox: what a person would type."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.run import SandboxCluster, running_sandbox, write_kubeconfig

pytestmark = pytest.mark.requires("kubectl")

Kubectl = Callable[..., subprocess.CompletedProcess[str]]

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: "nginx:1.27", ports: [{containerPort: 80}]}]
"""
CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: red}
"""
CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.sea.dev}
spec:
  group: sea.dev
  names: {kind: Boat, plural: boats, shortNames: [bo]}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          metadata: {type: object}
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, minimum: 1, description: Length in metres.}
              replicas: {type: integer, default: 2}
              colour: {type: string, enum: [red, blue], default: red}
          status:
            type: object
            properties:
              replicas: {type: integer}
              conditions:
                type: array
                items: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""
BOAT = """
apiVersion: sea.dev/v1
kind: Boat
metadata: {name: b1}
spec: {size: 3}
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[SandboxCluster]:
    """One cluster for the module; each test has a namespace of its own."""
    with running_sandbox(1, ready_after_seconds=0.02) as fleet:
        yield fleet[0]


@pytest.fixture
def kubectl(cluster: SandboxCluster, tmp_path: Path, request: pytest.FixtureRequest) -> Kubectl:
    """Runs kubectl in the test's own namespace."""
    config = write_kubeconfig(tmp_path / "kubeconfig", [cluster])
    name = request.node.name.replace("_", "-").lower()[:60].strip("-")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(config)}

    def run(
        *arguments: str, stdin: str = "", code: int = 0, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["kubectl", "--namespace", name, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=environment | (env or {}),
            timeout=30,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    run("create", "namespace", name)
    return run


def as_json(done: subprocess.CompletedProcess[str]) -> Any:
    """What a command printed as JSON."""
    return json.loads(done.stdout)


def test_apply_rolls_out_and_repeating_it_changes_nothing(kubectl: Kubectl) -> None:
    """Client-side apply creates; the same again is unchanged; the rollout ends."""
    assert "deployment.apps/web created" in kubectl("apply", "-f", "-", stdin=DEPLOYMENT).stdout
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=DEPLOYMENT).stdout
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/web", "--timeout=10s").stdout


def test_get_shows_the_columns_people_know(kubectl: Kubectl) -> None:
    """Tables have kubectl's columns; wide has more."""
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT)
    kubectl("rollout", "status", "deploy/web", "--timeout=10s")
    header, row = kubectl("get", "deployments").stdout.splitlines()
    assert header.split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row.split()[:4] == ["web", "2/2", "2", "2"]
    wide = kubectl("get", "deployments", "-o", "wide").stdout.splitlines()[0].split()
    assert wide[-3:] == ["CONTAINERS", "IMAGES", "SELECTOR"]
    pods = kubectl("get", "pods", "--no-headers").stdout.splitlines()
    assert [line.split()[1:3] for line in pods] == [["1/1", "Running"]] * 2


def test_server_side_apply_conflicts_until_forced(kubectl: Kubectl) -> None:
    """Another manager's field is a conflict that names it; --force-conflicts takes it."""
    kubectl("apply", "--server-side", "--field-manager=one", "-f", "-", stdin=CONFIG)
    changed = CONFIG.replace("red", "blue")
    refused = kubectl("apply", "--server-side", "--field-manager=two", "-f", "-", stdin=changed, code=1)
    assert 'conflict with "one": .data.colour' in refused.stderr
    kubectl("apply", "--server-side", "--field-manager=two", "--force-conflicts", "-f", "-", stdin=changed)
    found = as_json(kubectl("get", "cm", "settings", "-o", "json", "--show-managed-fields"))
    assert found["data"] == {"colour": "blue"}
    assert [entry["manager"] for entry in found["metadata"]["managedFields"]] == ["two"]


def test_diff_tells_by_its_exit_code(kubectl: Kubectl) -> None:
    """0 when nothing differs, 1 with the difference; nothing is written."""
    kubectl("apply", "-f", "-", stdin=CONFIG)
    kubectl("diff", "-f", "-", stdin=CONFIG, code=0)
    shown = kubectl("diff", "-f", "-", stdin=CONFIG.replace("red", "blue"), code=1).stdout
    assert "-  colour: red\n+  colour: blue" in shown
    assert as_json(kubectl("get", "cm", "settings", "-o", "json"))["data"] == {"colour": "red"}


def test_every_kind_of_patch(kubectl: Kubectl) -> None:
    """Strategic merges lists by key, merge replaces, JSON patch follows paths."""
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT)
    second = '{"spec":{"template":{"spec":{"containers":[{"name":"d","image":"redis:7"}]}}}}'
    kubectl("patch", "deploy", "web", "-p", second)
    names = "jsonpath={.spec.template.spec.containers[*].name}"
    assert kubectl("get", "deploy", "web", "-o", names).stdout.split() == ["d", "c"]
    kubectl("patch", "deploy", "web", "--type=merge", "-p", second)
    assert kubectl("get", "deploy", "web", "-o", names).stdout.split() == ["d"]
    kubectl(
        "patch", "deploy", "web", "--type=json", "-p", '[{"op":"replace","path":"/spec/replicas","value":1}]'
    )
    assert kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}").stdout == "1"


def test_edit_writes_what_the_editor_leaves(kubectl: Kubectl) -> None:
    """`kubectl edit` fetches, runs the editor and patches."""
    kubectl("apply", "-f", "-", stdin=CONFIG)
    kubectl("edit", "cm", "settings", env={"KUBE_EDITOR": "sed -i s/red/green/g"})
    assert kubectl("get", "cm", "settings", "-o", "jsonpath={.data.colour}").stdout == "green"


def test_scale_through_the_subresource(kubectl: Kubectl) -> None:
    """Scaling moves the pods along."""
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT)
    kubectl("scale", "deploy/web", "--replicas=4")
    kubectl("rollout", "status", "deploy/web", "--timeout=10s")
    assert len(kubectl("get", "pods", "-o", "name").stdout.split()) == 4


def test_rollout_undo_goes_back_to_the_old_replica_set(kubectl: Kubectl) -> None:
    """The old template's ReplicaSet is used again, as the newest revision."""
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT)
    kubectl("rollout", "status", "deploy/web", "--timeout=10s")
    kubectl("set", "image", "deploy/web", "c=nginx:1.28")
    kubectl("rollout", "status", "deploy/web", "--timeout=10s")
    kubectl("rollout", "undo", "deploy/web")
    kubectl("rollout", "status", "deploy/web", "--timeout=10s")
    history = kubectl("rollout", "history", "deploy/web").stdout.split()
    assert [word for word in history if word.isdigit()] == ["2", "3"]
    assert len(kubectl("get", "rs", "-o", "name").stdout.split()) == 2


def test_delete_takes_the_dependents_along(kubectl: Kubectl) -> None:
    """Deleting a Deployment collects its ReplicaSet and pods; orphaning leaves them."""
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT)
    kubectl("rollout", "status", "deploy/web", "--timeout=10s")
    kubectl("delete", "deploy", "web", "--cascade=foreground")
    assert kubectl("get", "rs,pods", "-o", "name").stdout == ""
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT)
    kubectl("rollout", "status", "deploy/web", "--timeout=10s")
    kubectl("delete", "deploy", "web", "--cascade=orphan")
    assert len(kubectl("get", "rs", "-o", "name").stdout.split()) == 1


def test_logs_are_refused_in_clear_words(kubectl: Kubectl) -> None:
    """There are no containers to read from."""
    kubectl("run", "p", "--image=nginx")
    refused = kubectl("logs", "p", code=1).stderr
    assert "pods/log is not supported: a sandbox runs no containers" in refused


def test_an_invalid_object_names_every_field(kubectl: Kubectl) -> None:
    """422 lists all causes, each with its path."""
    bad = (
        DEPLOYMENT.replace("name: web,", "name: Web_1,")
        .replace("name: c, ", "")
        .replace("replicas: 2", "replicas: -1")
    )
    refused = kubectl("create", "-f", "-", stdin=bad, code=1).stderr
    assert 'The Deployment "Web_1" is invalid' in refused
    for field in ("metadata.name", "spec.replicas", "spec.template.spec.containers[0].name: Required value"):
        assert field in refused


def test_an_unknown_field_is_refused_by_strict_validation(kubectl: Kubectl) -> None:
    """kubectl asks for strict validation by default, and for none with --validate=false."""
    bad = DEPLOYMENT.replace("replicas: 2", "replicas: 2\n  replica: 3")
    refused = kubectl("apply", "-f", "-", stdin=bad, code=1).stderr
    assert 'strict decoding error: unknown field "spec.replica"' in refused
    warned = kubectl("apply", "--validate=warn", "-f", "-", stdin=bad).stderr
    assert 'Warning: unknown field "spec.replica"' in warned
    kubectl("apply", "--validate=false", "-f", "-", stdin=bad)


def test_a_wrong_type_cannot_be_decoded(kubectl: Kubectl) -> None:
    """A string where a number belongs is a bad request."""
    refused = kubectl("create", "-f", "-", stdin=DEPLOYMENT.replace("replicas: 2", 'replicas: "2"'), code=1)
    assert "json: cannot unmarshal string into Go struct field Deployment.spec.replicas" in refused.stderr


def test_explain_and_api_resources(kubectl: Kubectl) -> None:
    """Schemas and discovery are complete enough to be read."""
    assert "RollingUpdate" in kubectl("explain", "deployment.spec.strategy").stdout
    listed = kubectl("api-resources", "-o", "name").stdout.split()
    assert {"pods", "deployments.apps", "customresourcedefinitions.apiextensions.k8s.io"} <= set(listed)


def test_wait_for_a_condition_and_for_deletion(kubectl: Kubectl) -> None:
    """`kubectl wait` follows a Job to its end, and a deletion."""
    kubectl("create", "job", "j", "--image=busybox")
    kubectl("wait", "--for=condition=Complete", "job/j", "--timeout=10s")
    kubectl("delete", "job", "j", "--wait=false")
    kubectl("wait", "--for=delete", "job/j", "--timeout=10s")


def test_generators_send_protobuf(kubectl: Kubectl) -> None:
    """`kubectl create` with a generator sends protobuf; a second time the name is taken."""
    kubectl("create", "configmap", "c", "--from-literal=a=b")
    kubectl("create", "secret", "generic", "s", "--from-literal=a=b")
    kubectl("create", "deployment", "d", "--image=nginx", "--replicas=0", "--port=80")
    kubectl("create", "ingress", "i", "--rule=h.dev/=svc:80")
    kubectl("create", "cronjob", "cj", "--image=busybox", "--schedule=* * * * *")
    assert as_json(kubectl("get", "cm", "c", "-o", "json"))["data"] == {"a": "b"}
    assert as_json(kubectl("get", "secret", "s", "-o", "json"))["data"] == {"a": "Yg=="}
    assert as_json(kubectl("get", "deploy", "d", "-o", "json"))["spec"]["replicas"] == 0
    assert "already exists" in kubectl("create", "configmap", "c", code=1).stderr


def test_who_am_i(kubectl: Kubectl) -> None:
    """The token's user, who may do everything."""
    assert "sandbox-admin" in kubectl("auth", "whoami").stdout
    assert kubectl("auth", "can-i", "delete", "pods").stdout.strip() == "yes"


def test_a_deleted_namespace_takes_its_content(kubectl: Kubectl) -> None:
    """kubectl waits until it is gone; what was in it is gone too."""
    kubectl("create", "namespace", "short-lived")
    kubectl("create", "configmap", "c", "--namespace=short-lived")
    kubectl("delete", "namespace", "short-lived")
    assert "NotFound" in kubectl("get", "namespace", "short-lived", code=1).stderr


def test_the_tour_of_a_custom_resource(kubectl: Kubectl) -> None:
    """Established at once; explained, validated, defaulted, scaled, printed; deleted with its definition."""
    assert "no matches for kind" in kubectl("apply", "-f", "-", stdin=BOAT, code=1).stderr
    kubectl("apply", "-f", "-", stdin=CRD)
    kubectl("wait", "--for=condition=Established", "crd/boats.sea.dev", "--timeout=5s")
    assert "Length in metres." in kubectl("explain", "boat.spec.size").stdout
    kubectl("apply", "-f", "-", stdin=BOAT)
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=BOAT).stdout
    kubectl("diff", "-f", "-", stdin=BOAT)
    assert as_json(kubectl("get", "bo", "b1", "-o", "json"))["spec"] == {
        "size": 3,
        "replicas": 2,
        "colour": "red",
    }
    kubectl("scale", "boat", "b1", "--replicas=7")
    condition = '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}'
    kubectl("patch", "bo", "b1", "--subresource=status", "--type=merge", "-p", condition)
    assert kubectl("get", "bo").stdout.split() == ["NAME", "SIZE", "READY", "b1", "3", "True"]
    refused = kubectl("apply", "-f", "-", stdin=BOAT.replace("size: 3", "size: 0, colour: green"), code=1)
    assert "spec.size in body should be greater than or equal to 1" in refused.stderr
    assert 'spec.colour: Unsupported value: "green"' in refused.stderr
    kubectl("delete", "crd", "boats.sea.dev")
    assert "boats" not in kubectl("api-resources", "-o", "name", "--cached=false").stdout
