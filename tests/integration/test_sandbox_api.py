"""The sandbox over the wire: the rules that clients and controllers rely on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault
from sandbox.run import SandboxCluster, running_sandbox
from tests.sandbox_client import MERGE, Client, config_map

MAPS = "/api/v1/namespaces/default/configmaps"


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


def test_without_a_token_nothing_but_health_is_told(sandbox: SandboxCluster) -> None:
    """401 as a Status; the probes and the version are open."""
    with Client(sandbox, token="wrong") as stranger:
        refused = stranger.call("GET", MAPS)
        assert (refused.status_code, refused.json()["reason"]) == (401, "Unauthorized")
        assert stranger.call("GET", "/readyz").text == "ok"
        assert stranger.ok("GET", "/version")["gitVersion"].startswith("v1.")


def test_what_is_not_there_is_a_not_found_status(client: Client) -> None:
    """404 names the object; an unknown kind's 404 names nothing."""
    found = client.call("GET", f"{MAPS}/none").json()
    assert found["message"] == 'configmaps "none" not found'
    assert found["details"] == {"name": "none", "kind": "configmaps"}
    assert client.call("GET", "/apis/none.dev/v1/things").json()["details"] == {}


def test_create_names_the_object_and_refuses_a_second_one(client: Client) -> None:
    """201 with uid, creation time and resourceVersion; then 409 AlreadyExists."""
    made = client.call("POST", MAPS, config_map("a"))
    assert made.status_code == 201
    assert {"uid", "creationTimestamp", "resourceVersion"} <= made.json()["metadata"].keys()
    refused = client.call("POST", MAPS, config_map("a")).json()
    assert (refused["code"], refused["reason"]) == (409, "AlreadyExists")


def test_a_missing_namespace_is_named(client: Client) -> None:
    """The 404 is for the namespace, which is how clients tell it from a missing object."""
    refused = client.call("POST", "/api/v1/namespaces/none/configmaps", config_map("a")).json()
    assert (refused["code"], refused["message"]) == (404, 'namespaces "none" not found')
    assert refused["details"] == {"name": "none", "kind": "namespaces"}


def test_generate_name_adds_an_ending(client: Client) -> None:
    """A name is made from the prefix; the object keeps generateName."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "run-"}}
    names = {client.ok("POST", MAPS, body)["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("run-") and len(name) == 9 for name in names)


def test_a_dry_run_writes_nothing(client: Client) -> None:
    """The answer is what would have been; a GET finds nothing."""
    assert client.ok("POST", MAPS, config_map("a"), dryRun="All")["metadata"]["uid"]
    assert client.call("GET", f"{MAPS}/a").status_code == 404


def test_put_needs_the_present_version(client: Client) -> None:
    """Optimistic concurrency: an old resourceVersion is 409, none at all overwrites."""
    old = client.ok("POST", MAPS, config_map("a"))
    client.ok("PUT", f"{MAPS}/a", old | {"data": {"k": "1"}})
    refused = client.call("PUT", f"{MAPS}/a", old | {"data": {"k": "2"}}).json()
    assert (refused["code"], refused["reason"]) == (409, "Conflict")
    assert "the object has been modified" in refused["message"]
    assert client.ok("PUT", f"{MAPS}/a", config_map("a", data={"k": "3"}))["data"] == {"k": "3"}


def test_a_merge_patch_may_carry_the_version_as_precondition(client: Client) -> None:
    """A resourceVersion in the patch that is not the present one is 409."""
    made = client.ok("POST", MAPS, config_map("a"))
    body = {"metadata": {"resourceVersion": "1"}, "data": {"k": "1"}}
    assert client.call("PATCH", f"{MAPS}/a", body, kind=MERGE).status_code == 409
    body["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    assert client.ok("PATCH", f"{MAPS}/a", body, kind=MERGE)["data"] == {"k": "1"}


def test_a_write_that_changes_nothing_is_no_write(client: Client) -> None:
    """The resourceVersion stays for a no-op apply, patch and PUT."""
    made = client.apply(f"{MAPS}/a", config_map("a", data={"k": "1"}))
    version = made["metadata"]["resourceVersion"]
    again = client.apply(f"{MAPS}/a", config_map("a", data={"k": "1"}))
    patched = client.ok("PATCH", f"{MAPS}/a", {"data": {"k": "1"}}, kind=MERGE)
    put = client.ok("PUT", f"{MAPS}/a", again)
    assert {o["metadata"]["resourceVersion"] for o in (again, patched, put)} == {version}


def test_apply_removes_what_it_no_longer_names(client: Client) -> None:
    """A field goes when its only owner leaves it out, and stays when another owns it too."""
    client.apply(f"{MAPS}/a", config_map("a", data={"one": "1", "two": "2", "three": "3"}))
    client.apply(f"{MAPS}/a", config_map("a", data={"two": "2"}), manager="other")
    found = client.apply(f"{MAPS}/a", config_map("a", data={"three": "3"}))
    assert found["data"] == {"two": "2", "three": "3"}


def test_apply_needs_a_manager(client: Client) -> None:
    """422 as a PatchOptions error."""
    refused = client.call("PATCH", f"{MAPS}/a", config_map("a"), kind="application/apply-patch+yaml").json()
    assert (refused["code"], refused["details"]["causes"][0]["field"]) == (422, "fieldManager")


def test_an_undeclared_field_cannot_be_applied(client: Client) -> None:
    """Server-side apply has no place for it, whatever the validation."""
    refused = client.call(
        "PATCH",
        f"{MAPS}/a",
        config_map("a", dta={}),
        kind="application/apply-patch+yaml",
        fieldManager="t",
        fieldValidation="Ignore",
    ).json()
    assert refused["code"] == 500
    assert ".dta: field not declared in schema" in refused["message"]


def test_delete_with_preconditions(client: Client) -> None:
    """Another uid or resourceVersion is 409; the right ones delete."""
    made = client.ok("POST", MAPS, config_map("a"))["metadata"]
    for wrong in ({"uid": "other"}, {"resourceVersion": "1"}):
        refused = client.call("DELETE", f"{MAPS}/a", {"preconditions": wrong})
        assert refused.status_code == 409
    right = {"uid": made["uid"], "resourceVersion": made["resourceVersion"]}
    answer = client.ok("DELETE", f"{MAPS}/a", {"preconditions": right})
    assert (answer["status"], answer["details"]["uid"]) == ("Success", made["uid"])


def test_finalizers_hold_an_object_until_they_are_gone(client: Client) -> None:
    """Deletion only marks it; no finalizer can be added then; the last removal deletes."""
    client.ok("POST", MAPS, config_map("a", metadata={"finalizers": ["x.dev/hold"]}))
    marked = client.ok("DELETE", f"{MAPS}/a")
    assert marked["metadata"]["deletionTimestamp"]
    more = {"metadata": {"finalizers": ["x.dev/hold", "y.dev/new"]}}
    assert client.call("PATCH", f"{MAPS}/a", more, kind=MERGE).status_code == 422
    client.ok("PATCH", f"{MAPS}/a", {"metadata": {"finalizers": None}}, kind=MERGE)
    assert client.call("GET", f"{MAPS}/a").status_code == 404


def owned_by(owner: dict[str, Any], name: str, **more: Any) -> dict[str, Any]:
    """A ConfigMap with an owner."""
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"]}
    return config_map(
        name, metadata={"ownerReferences": [reference | {"uid": owner["metadata"]["uid"]} | more]}
    )


def test_dependents_go_with_their_owner(client: Client) -> None:
    """Background: the owner at once, its dependents soon after, and theirs."""
    owner = client.ok("POST", MAPS, config_map("owner"))
    child = client.ok("POST", MAPS, owned_by(owner, "child"))
    client.ok("POST", MAPS, owned_by(child, "grandchild"))
    client.ok("DELETE", f"{MAPS}/owner")
    eventually(lambda: client.call("GET", f"{MAPS}/grandchild").status_code == 404)


def test_a_dependent_of_nobody_is_collected(client: Client) -> None:
    """An owner that was never there is as good as gone."""
    ghost = {"metadata": {"name": "ghost", "uid": "00000000-0000-0000-0000-000000000000"}}
    client.ok("POST", MAPS, owned_by(ghost, "child"))
    eventually(lambda: client.call("GET", f"{MAPS}/child").status_code == 404)


def test_foreground_deletion_waits_for_the_dependents(client: Client) -> None:
    """The owner stays, marked, until the dependents that block it are gone."""
    owner = client.ok("POST", MAPS, config_map("owner"))
    child = owned_by(owner, "child", blockOwnerDeletion=True)
    child["metadata"]["finalizers"] = ["x.dev/hold"]
    client.ok("POST", MAPS, child)
    client.ok("DELETE", f"{MAPS}/owner", propagationPolicy="Foreground")
    eventually(lambda: "deletionTimestamp" in client.ok("GET", f"{MAPS}/child")["metadata"])
    assert client.ok("GET", f"{MAPS}/owner")["metadata"]["finalizers"] == ["foregroundDeletion"]
    patch = [{"op": "remove", "path": "/metadata/finalizers/0"}]
    client.ok("PATCH", f"{MAPS}/child", patch, kind="application/json-patch+json")
    eventually(lambda: client.call("GET", f"{MAPS}/owner").status_code == 404)


def test_orphans_lose_their_reference(client: Client) -> None:
    """Orphan: the dependents stay without the owner's reference."""
    owner = client.ok("POST", MAPS, config_map("owner"))
    client.ok("POST", MAPS, owned_by(owner, "child"))
    client.ok("DELETE", f"{MAPS}/owner", propagationPolicy="Orphan")
    eventually(lambda: client.call("GET", f"{MAPS}/owner").status_code == 404)
    assert "ownerReferences" not in client.ok("GET", f"{MAPS}/child")["metadata"]


def test_lists_come_in_pages_of_one_moment(client: Client) -> None:
    """limit and continue give every object once, as it was when the list began."""
    for number in range(5):
        client.ok("POST", MAPS, config_map(f"m{number}"))
    first = client.ok("GET", MAPS, limit="2")
    assert first["metadata"]["remainingItemCount"] == 3
    client.ok("DELETE", f"{MAPS}/m4")
    client.ok("POST", MAPS, config_map("m9"))
    names, page = [], first
    while True:
        names += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue")
        if not token:
            break
        page = client.ok("GET", MAPS, **{"limit": "2", "continue": token})
    assert names == ["m0", "m1", "m2", "m3", "m4"]


def test_a_list_at_an_exact_version(client: Client) -> None:
    """resourceVersionMatch=Exact shows the past; a version to come is 504."""
    client.ok("POST", MAPS, config_map("a"))
    version = client.ok("GET", MAPS)["metadata"]["resourceVersion"]
    client.ok("DELETE", f"{MAPS}/a")
    past = client.ok("GET", MAPS, resourceVersion=version, resourceVersionMatch="Exact")
    assert [item["metadata"]["name"] for item in past["items"]] == ["a"]
    assert client.ok("GET", MAPS)["items"] == []
    assert client.call("GET", MAPS, resourceVersion=str(int(version) + 1000)).status_code == 504


def test_selectors_choose(client: Client) -> None:
    """Labels by equality and by set, fields by name; what cannot be read is 400."""
    client.ok("POST", MAPS, config_map("a", metadata={"labels": {"tier": "web", "app": "x"}}))
    client.ok("POST", MAPS, config_map("b", metadata={"labels": {"tier": "db"}}))

    def names(**query: str) -> list[str]:
        return [item["metadata"]["name"] for item in client.ok("GET", MAPS, **query)["items"]]

    assert names(labelSelector="tier in (web, cache)") == ["a"]
    assert names(labelSelector="tier,!app") == ["b"]
    assert names(labelSelector="tier!=web") == ["b"]
    assert names(fieldSelector="metadata.name=b") == ["b"]
    assert client.call("GET", MAPS, fieldSelector="data.x=1").status_code == 400
    assert client.call("GET", MAPS, labelSelector="a b c").status_code == 400


def test_a_watch_tells_what_happens_after_a_list(client: Client) -> None:
    """ADDED, MODIFIED, DELETED in order, from the list's resourceVersion on."""
    version = client.ok("GET", MAPS)["metadata"]["resourceVersion"]
    client.ok("POST", MAPS, config_map("a"))
    with client.watch(MAPS, resourceVersion=version) as events:
        assert next(events)["type"] == "ADDED"
        client.ok("PATCH", f"{MAPS}/a", {"data": {"k": "1"}}, kind=MERGE)
        assert next(events)["object"]["data"] == {"k": "1"}
        client.ok("DELETE", f"{MAPS}/a")
        gone = next(events)
        assert (gone["type"], gone["object"]["metadata"]["name"]) == ("DELETED", "a")
        assert int(gone["object"]["metadata"]["resourceVersion"]) > int(version)


def test_a_watch_with_a_selector_sees_objects_come_and_go(client: Client) -> None:
    """An object that stops matching is DELETED to this watch, one that starts is ADDED."""
    client.ok("POST", MAPS, config_map("a"))
    with client.watch(MAPS, labelSelector="on=yes") as events:
        client.ok("PATCH", f"{MAPS}/a", {"metadata": {"labels": {"on": "yes"}}}, kind=MERGE)
        client.ok("PATCH", f"{MAPS}/a", {"data": {"k": "1"}}, kind=MERGE)
        client.ok("PATCH", f"{MAPS}/a", {"metadata": {"labels": {"on": "no"}}}, kind=MERGE)
        assert [next(events)["type"] for _ in range(3)] == ["ADDED", "MODIFIED", "DELETED"]


def test_a_streaming_list_ends_with_a_marked_bookmark(client: Client) -> None:
    """sendInitialEvents gives the state as events, then the bookmark that says so."""
    client.ok("POST", MAPS, config_map("a"))
    query = {
        "sendInitialEvents": "true",
        "allowWatchBookmarks": "true",
        "resourceVersionMatch": "NotOlderThan",
    }
    with client.watch(MAPS, **query) as events:
        assert next(events)["type"] == "ADDED"
        mark = next(events)
        assert mark["type"] == "BOOKMARK"
        assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_ends_at_its_time_with_a_bookmark() -> None:
    """timeoutSeconds ends it; bookmarks come meanwhile when they are asked for."""
    with running_sandbox(bookmark_seconds=0.2) as fleet, Client(fleet[0]) as client:
        version = client.ok("GET", MAPS)["metadata"]["resourceVersion"]
        query = {"resourceVersion": version, "timeoutSeconds": "1", "allowWatchBookmarks": "true"}
        with client.watch(MAPS, **query) as events:
            kinds = [event["type"] for event in events]
        assert len(kinds) >= 3
        assert set(kinds) == {"BOOKMARK"}


def test_history_that_is_gone_is_410() -> None:
    """A watch or a continued list that reaches behind the window must begin again."""
    with running_sandbox(event_window=5) as fleet, Client(fleet[0]) as client:
        client.ok("POST", MAPS, config_map("a"))
        client.ok("POST", MAPS, config_map("b"))
        page = client.ok("GET", MAPS, limit="1")
        for number in range(10):
            client.ok("PATCH", f"{MAPS}/a", {"data": {"k": str(number)}}, kind=MERGE)
        with client.watch(MAPS, resourceVersion=page["metadata"]["resourceVersion"]) as events:
            error = next(events)
            assert (error["type"], error["object"]["code"]) == ("ERROR", 410)
        old = client.call("GET", MAPS, **{"limit": "1", "continue": page["metadata"]["continue"]})
        assert (old.status_code, old.json()["reason"]) == (410, "Expired")


def test_partial_metadata_and_tables(client: Client) -> None:
    """The Accept header chooses the form, for one and for many."""
    client.ok("POST", MAPS, config_map("a", data={"k": "1"}))
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    found = client.http.get(MAPS, headers={"accept": accept}).json()
    assert found["kind"] == "PartialObjectMetadataList"
    assert set(found["items"][0]) == {"kind", "apiVersion", "metadata"}
    table = client.http.get(f"{MAPS}/a", headers={"accept": "application/json;as=Table;g=meta.k8s.io;v=v1"})
    assert table.json()["rows"][0]["cells"][:2] == ["a", 1]
    refused = client.http.get(MAPS, headers={"accept": "application/cbor"})
    assert refused.status_code == 406


def test_status_and_spec_are_written_apart(client: Client) -> None:
    """Each endpoint keeps the other's part; generation counts changes of the spec only."""
    path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    body = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "p"}}
    made = client.ok("POST", path, body | {"spec": {"minAvailable": 1}, "status": {"currentHealthy": 9}})
    assert made["metadata"]["generation"] == 1
    assert "status" not in made
    status = {"spec": {"minAvailable": 5}, "status": {"currentHealthy": 2}}
    found = client.ok("PATCH", f"{path}/p/status", status, kind=MERGE)
    assert (found["spec"], found["status"]) == ({"minAvailable": 1}, {"currentHealthy": 2})
    found = client.ok("PATCH", f"{path}/p", status | {"status": {"currentHealthy": 7}}, kind=MERGE)
    assert (found["spec"], found["status"]) == ({"minAvailable": 5}, {"currentHealthy": 2})
    assert found["metadata"]["generation"] == 2


def test_a_collection_is_deleted_by_selector(client: Client) -> None:
    """DELETE of the collection takes those that match."""
    client.ok("POST", MAPS, config_map("a", metadata={"labels": {"x": "1"}}))
    client.ok("POST", MAPS, config_map("b"))
    client.ok("DELETE", MAPS, labelSelector="x=1")
    assert [item["metadata"]["name"] for item in client.ok("GET", MAPS)["items"]] == ["b"]


def test_a_terminating_namespace_takes_nothing_new(client: Client) -> None:
    """403 with the cause NamespaceTerminating, while a finalizer holds its content."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
    client.ok("POST", "/api/v1/namespaces", namespace)
    maps = "/api/v1/namespaces/n/configmaps"
    client.ok("POST", maps, config_map("a", metadata={"finalizers": ["x.dev/hold"]}))
    assert client.ok("DELETE", "/api/v1/namespaces/n")["status"]["phase"] == "Terminating"
    refused = client.call("POST", maps, config_map("b")).json()
    assert refused["code"] == 403
    assert refused["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    eventually(lambda: "deletionTimestamp" in client.ok("GET", f"{maps}/a")["metadata"])
    client.ok("PATCH", f"{maps}/a", {"metadata": {"finalizers": None}}, kind=MERGE)
    eventually(lambda: client.call("GET", "/api/v1/namespaces/n").status_code == 404)


def test_services_get_what_they_need_and_keep_it(client: Client) -> None:
    """Cluster IP, node ports and a balancer's address; the IP survives an apply that leaves it out."""
    path = "/api/v1/namespaces/default/services"
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    body["spec"] = {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"a": "b"}}
    made = client.apply(f"{path}/s", body)
    assert made["spec"]["ports"][0]["nodePort"] >= 30000
    assert made["spec"]["ports"][0]["targetPort"] == 80
    eventually(lambda: client.ok("GET", f"{path}/s")["status"]["loadBalancer"].get("ingress"))
    again = client.apply(f"{path}/s", body)
    assert again["spec"]["clusterIP"] == made["spec"]["clusterIP"]
    other = body | {
        "metadata": {"name": "t"},
        "spec": {"ports": [{"port": 80}], "clusterIP": made["spec"]["clusterIP"]},
    }
    refused = client.call("POST", path, other).json()
    assert "provided IP is already allocated" in refused["message"]


def workload(name: str, **annotations: str) -> dict[str, Any]:
    """A Deployment of one pod whose template has annotations."""
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {"containers": [{"name": "c", "image": "app:1"}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template, "progressDeadlineSeconds": 1},
    }


DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"


def test_a_workload_can_be_made_to_fail(client: Client) -> None:
    """The annotation keeps its pod from becoming ready, and the rollout runs into its deadline."""
    client.ok("POST", DEPLOYMENTS, workload("bad", **{"sandbox.moorings.dev/fail": "ImagePullBackOff"}))

    def reason() -> str:
        statuses = [p["status"].get("containerStatuses") for p in client.ok("GET", PODS)["items"]]
        return statuses[0][0]["state"]["waiting"]["reason"] if statuses and statuses[0] else ""

    eventually(lambda: reason() == "ImagePullBackOff")

    def progressing() -> dict[str, Any]:
        conditions = client.ok("GET", f"{DEPLOYMENTS}/bad").get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == "Progressing"), {})

    eventually(lambda: progressing().get("reason") == "ProgressDeadlineExceeded")


def test_a_workload_can_take_its_time(client: Client) -> None:
    """The annotation says how long the pod takes to become ready."""
    client.ok("POST", DEPLOYMENTS, workload("slow", **{"sandbox.moorings.dev/ready-after": "400ms"}))
    time.sleep(0.2)
    assert not client.ok("GET", f"{DEPLOYMENTS}/slow")["status"].get("readyReplicas")
    eventually(lambda: client.ok("GET", f"{DEPLOYMENTS}/slow")["status"].get("readyReplicas") == 1)


def test_an_apply_of_a_running_workload_changes_nothing(client: Client) -> None:
    """What controllers wrote meanwhile does not make the same apply a write."""
    body = workload("calm")
    client.apply(f"{DEPLOYMENTS}/calm", body)
    eventually(lambda: client.ok("GET", f"{DEPLOYMENTS}/calm")["status"].get("readyReplicas") == 1)
    before = client.ok("GET", f"{DEPLOYMENTS}/calm")["metadata"]["resourceVersion"]
    assert client.apply(f"{DEPLOYMENTS}/calm", body)["metadata"]["resourceVersion"] == before


def test_faults_are_injected_and_cleared(client: Client, sandbox: SandboxCluster) -> None:
    """By verb and a bounded number of times; over HTTP too; cleared, all is well again."""
    sandbox.inject(Fault(status=429, retry_after_seconds=2, verbs=("list",), times=1))
    refused = client.call("GET", MAPS)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert client.call("GET", MAPS).status_code == 200
    client.ok("POST", "/sandbox/faults", {"status": 500, "resources": ["configmaps"]})
    assert client.call("GET", MAPS).status_code == 500
    assert client.call("GET", PODS).status_code == 200
    client.ok("DELETE", "/sandbox/faults")
    assert client.call("GET", MAPS).status_code == 200
    assert client.call("POST", "/sandbox/faults", {"unknown": 1}).status_code == 400


def test_latency_is_added(client: Client, sandbox: SandboxCluster) -> None:
    """Each matching request waits first."""
    sandbox.inject(Fault(latency_seconds=0.2))
    start = time.monotonic()
    client.ok("GET", MAPS)
    assert time.monotonic() - start >= 0.2


def test_a_lost_answer_is_not_a_lost_write(client: Client, sandbox: SandboxCluster) -> None:
    """after_commit cuts the connection once the object is stored."""
    sandbox.inject(Fault(after_commit=True, verbs=("create",), times=1))
    with pytest.raises(httpx.HTTPError):
        client.call("POST", MAPS, config_map("a"))
    assert client.ok("GET", f"{MAPS}/a")["metadata"]["name"] == "a"


def test_a_request_can_hang(client: Client, sandbox: SandboxCluster) -> None:
    """Nothing is answered until the client gives up; when the faults are cleared, the connection is cut."""
    sandbox.inject(Fault(hang=True, verbs=("get",), times=1))
    with pytest.raises(httpx.ReadTimeout):
        client.http.get(f"{MAPS}/a", timeout=0.1)
    assert client.call("GET", f"{MAPS}/a").status_code == 404


def test_a_cluster_goes_down_and_comes_back(client: Client) -> None:
    """Connections are cut and refused for so long; then the same port serves the same objects."""
    client.ok("POST", MAPS, config_map("a"))
    assert client.ok("POST", "/sandbox/faults", {"down_seconds": 0.3})["faults"] == []
    with pytest.raises(httpx.TransportError):
        client.call("GET", MAPS)

    def back() -> bool:
        try:
            return client.call("GET", f"{MAPS}/a").status_code == 200
        except httpx.TransportError:
            return False

    eventually(back)
