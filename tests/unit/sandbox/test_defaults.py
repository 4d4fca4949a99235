"""What an API server adds: compared with what a real one answers to the same objects."""

from __future__ import annotations

from typing import Any

from sandbox.defaults import apply_defaults


def defaulted(group: str, kind: str, **fields: Any) -> dict[str, Any]:
    """An object with its defaults."""
    obj = {"kind": kind, **fields}
    apply_defaults(group, kind, obj)
    return obj


def container(**fields: Any) -> dict[str, Any]:
    """A pod template with one container."""
    return {"spec": {"containers": [{"name": "c", "image": "app:1", **fields}]}}


def test_a_deployment() -> None:
    """Strategy, history, deadline, and the whole pod spec."""
    spec = defaulted("apps", "Deployment", spec={"template": container(ports=[{"containerPort": 80}])})[
        "spec"
    ]
    template = spec.pop("template")["spec"]
    assert spec == {
        "replicas": 1,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    assert template == {
        "containers": [
            {
                "name": "c",
                "image": "app:1",
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "resources": {},
                "imagePullPolicy": "IfNotPresent",
            }
        ],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }


def test_what_is_there_stays() -> None:
    """A default never overwrites; Recreate has no rollingUpdate."""
    given = {"replicas": 0, "strategy": {"type": "Recreate"}, "template": container()}
    spec = defaulted("apps", "Deployment", spec=given)["spec"]
    assert (spec["replicas"], spec["strategy"]) == (0, {"type": "Recreate"})


def test_pull_policy_follows_the_tag() -> None:
    """Always for latest and for no tag; a digest or a registry's port is no tag."""
    images = {
        "nginx": "Always",
        "nginx:latest": "Always",
        "nginx:1": "IfNotPresent",
        "reg:5000/nginx": "Always",
        "nginx@sha256:0": "IfNotPresent",
    }
    for image, policy in images.items():
        template = container(image=image)
        pod = defaulted("", "Pod", spec=template["spec"])
        assert pod["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_probes_and_resources() -> None:
    """A probe's numbers, an HTTP probe's path and scheme; requests follow limits."""
    template = container(livenessProbe={"httpGet": {"port": 80}}, resources={"limits": {"cpu": "1"}})
    found = defaulted("", "Pod", spec=template["spec"])["spec"]["containers"][0]
    assert found["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert found["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}


def test_a_service() -> None:
    """Type, affinity, traffic policies, each port's protocol and target."""
    spec = defaulted("", "Service", spec={"type": "NodePort", "ports": [{"port": 80}]})["spec"]
    assert spec == {
        "type": "NodePort",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
        "externalTrafficPolicy": "Cluster",
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
    }


def test_a_secret_folds_string_data() -> None:
    """stringData is written into data, encoded, and never kept."""
    secret = defaulted("", "Secret", data={"a": "MQ=="}, stringData={"b": "2", "a": "3"})
    assert secret == {"kind": "Secret", "data": {"a": "Mw==", "b": "Mg=="}, "type": "Opaque"}


def test_a_job() -> None:
    """One completion by one pod at a time, when neither is said."""
    spec = defaulted("batch", "Job", spec={"template": container()})["spec"]
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (1, 1, 6)
    spec = defaulted("batch", "Job", spec={"completions": 5, "template": container()})["spec"]
    assert (spec["completions"], spec["parallelism"]) == (5, 1)


def test_smaller_kinds() -> None:
    """One each, as published."""
    policy = defaulted("networking.k8s.io", "NetworkPolicy", spec={"egress": [{}]})
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    binding = defaulted("rbac.authorization.k8s.io", "RoleBinding", roleRef={"kind": "Role", "name": "r"})
    assert binding["roleRef"]["apiGroup"] == "rbac.authorization.k8s.io"
    definition = defaulted(
        "apiextensions.k8s.io", "CustomResourceDefinition", spec={"names": {"kind": "Boat"}}
    )
    assert definition["spec"]["names"] == {"kind": "Boat", "singular": "boat", "listKind": "BoatList"}
    assert definition["spec"]["conversion"] == {"strategy": "None"}


def test_an_empty_spec_gets_what_does_not_need_a_template() -> None:
    """Defaults below a field that is not there are not set."""
    assert defaulted("apps", "DaemonSet", spec={})["spec"] == {
        "revisionHistoryLimit": 10,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
    }
