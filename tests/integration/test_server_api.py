"""The REST API over a whole Moorings: what tools of the field ask for, in the shapes that they know."""

from __future__ import annotations

import hashlib
import hmac
import threading
from typing import Any

import orjson
import pytest

from common.core.keys import GroupVersionKind
from tests.engine_fixtures import application, config_map
from tests.server_fixtures import DEPLOYMENT, SECRET, Served

_DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
_SECRET = GroupVersionKind("", "v1", "Secret")
MANUAL = {"syncOptions": ["CreateNamespace=true"]}
APP = "/api/v1/applications/shop"


def shop(served: Served, **spec: Any) -> str:
    """An Application made through the API; its repository's revision."""
    repo = served.moored.git.repository()
    files = {"config.json": config_map("settings", colour="blue"), "web.yaml": DEPLOYMENT, "s.yaml": SECRET}
    revision = repo.commit(files)
    app = application("shop", served.moored.git.url_of(), **{"syncPolicy": MANUAL, **spec})
    answer = served.client.post("/api/v1/applications", json=app)
    assert answer.status_code == 200, answer.text
    return revision


@pytest.mark.parametrize(
    "path", ["/api/v1/applications", "/api/version", "/metrics", "/readyz", "/nowhere", "/api/v1/clusters"]
)
def test_everything_but_health_wants_a_token(served: Served, path: str) -> None:
    """Without one the answer is 401 and says nothing about what is there."""
    answer = served.anyone.get(path)
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "no session information",
        "code": 16,
        "message": "no session information",
    }
    assert served.anyone.get("/healthz").text == "ok"


def test_logins_are_throttled_and_log_out_revokes(served: Served) -> None:
    """Five wrong passwords are enough; a token that logged out counts no more."""
    wrong = {"username": "admin", "password": "guess"}
    codes = [served.anyone.post("/api/v1/session", json=wrong).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    right = served.anyone.post("/api/v1/session", json={"username": "admin", "password": served.password})
    assert right.status_code == 429
    assert served.client.get("/api/v1/session/userinfo").json()["username"] == "admin"
    assert served.client.delete("/api/v1/session").status_code == 200
    assert served.client.get("/api/v1/session/userinfo").status_code == 401


def test_a_cookie_needs_our_own_page(served: Served) -> None:
    """A change with a cookie from elsewhere is refused, whatever it asks for; a read is not."""
    served.anyone.cookies.set("argocd.token", served.token)
    assert served.anyone.get("/api/v1/applications").status_code == 200
    assert served.anyone.delete(APP).status_code == 403
    assert served.anyone.delete(APP, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert served.anyone.delete(APP, headers={"Origin": "https://evil.example"}).status_code == 403
    assert served.anyone.delete(APP, headers={"Origin": served.url}).status_code == 404


def test_an_application_from_creation_to_deletion(served: Served) -> None:
    """Create, refresh, sync, look at it from all sides, and delete it with its objects."""
    revision = shop(served)
    client, moored = served.client, served.moored
    fresh = client.get(APP, params={"refresh": "normal"}).json()
    assert fresh["status"]["sync"] == {**fresh["status"]["sync"], "status": "OutOfSync", "revision": revision}
    assert client.post(f"{APP}/sync", json={"prune": True}).json()["operation"]["sync"]["prune"] is True
    moored.until_app("shop", sync="Synced", health="Healthy")
    nodes = client.get(f"{APP}/resource-tree").json()["nodes"]
    kinds = [node["kind"] for node in nodes]
    assert sorted(set(kinds)) == ["ConfigMap", "Deployment", "Pod", "ReplicaSet", "Secret"]
    (pod,) = [node for node in nodes if node["kind"] == "Pod"]
    assert [parent["kind"] for parent in pod["parentRefs"]] == ["ReplicaSet"]
    manifests = client.get(f"{APP}/manifests").json()
    assert (manifests["revision"], len(manifests["manifests"])) == (revision, 3)
    commit = client.get(f"{APP}/revisions/{revision}/metadata").json()
    assert commit["author"] == "Ada <ada@example.org>"
    assert client.get(f"{APP}/events").json()["items"] == []
    assert client.get(f"{APP}/logs").status_code == 501
    assert client.delete(APP).json() == {}
    moored.until(lambda: client.get(APP).status_code == 404)
    assert moored.home.list(_DEPLOYMENT, "shop").items == ()


def test_drift_is_shown_with_its_path_and_secrets_are_not(served: Served) -> None:
    """A change by hand is modified, and its predicted state is Git's; no answer shows a Secret's value."""
    shop(served)
    served.client.post(f"{APP}/sync", json={})
    served.moored.until_app("shop", sync="Synced")
    served.moored.home.patch(_DEPLOYMENT, "shop", "web", {"spec": {"replicas": 3}})
    value = {"data": {"password": "aHVudGVyMg=="}}
    served.moored.home.patch(_SECRET, "shop", "credentials", value)
    served.moored.until_app("shop", sync="OutOfSync")
    answer = served.client.get(f"{APP}/managed-resources")
    found = {item["kind"]: item for item in answer.json()["items"]}
    deployment = found["Deployment"]
    assert deployment["modified"] is True
    assert [drift["path"] for drift in deployment["drift"]] == ["spec.replicas"]
    assert orjson.loads(deployment["predictedLiveState"])["spec"]["replicas"] == 1
    secret = found["Secret"]
    assert secret["modified"] is True
    shown = [orjson.loads(secret[name])["data"]["password"] for name in ("targetState", "liveState")]
    assert shown[0] != shown[1]
    for path in ("managed-resources", "manifests", "resource-tree"):
        text = served.client.get(f"{APP}/{path}").text
        assert not any(
            word in text for word in ("sesame", "c2VzYW1l", "hunter2", "aHVudGVyMg", "hmac-sha256")
        )
    live = served.client.get(
        f"{APP}/resource",
        params={"kind": "Secret", "resourceName": "credentials", "namespace": "shop", "version": "v1"},
    )
    assert orjson.loads(live.json()["manifest"])["data"] == {"password": "++++++++"}


def test_what_cannot_be_is_refused_with_names(served: Served) -> None:
    """Wrong bodies and wrong moments each get their code and a message that names the field."""
    client = served.client
    cases = [
        (client.post("/api/v1/applications", content=b"{"), 400, "no JSON"),
        (client.post("/api/v1/applications", json={"metadata": {}}), 400, "metadata.name"),
        (
            client.post("/api/v1/applications", json={"metadata": {"name": "x"}, "spec": {}}),
            400,
            "spec.source",
        ),
        (client.get("/api/v1/applications/none"), 404, "not found"),
        (client.get("/api/v1/applications", params={"selector": "a=(b"}), 400, "selector"),
        (client.get("/api/v1/applications/none", params={"appNamespace": "other"}), 403, "not permitted"),
        (client.post("/api/v1/applications/none/sync", json={"prune": "yes"}), 400, "prune"),
        (client.delete("/api/v1/applications/none/operation"), 404, "not found"),
        (client.get("/api/v1/nothing"), 404, "no such path"),
    ]
    for answer, status, words in cases:
        assert answer.status_code == status, answer.text
        assert words in answer.json()["message"]
        assert answer.json()["error"] == answer.json()["message"]
    shop(served, project="default")
    assert "No operation is in progress" in client.delete(f"{APP}/operation").json()["message"]
    assert "deployment with id 7" in client.post(f"{APP}/rollback", json={"id": 7}).json()["message"]
    other = application("shop", "https://example.org/other.git")
    assert "use upsert" in client.post("/api/v1/applications", json=other).json()["message"]


def test_a_body_that_is_too_large_is_not_read(served: Served) -> None:
    """413, for a webhook too, whether or not its length was declared."""
    limit = served.moored.engine.settings.server.max_body_bytes

    def chunks() -> Any:
        for _ in range(limit // (1 << 20) + 2):
            yield b" " * (1 << 20)

    answer = served.client.post("/api/v1/applications", content=chunks())
    assert (answer.status_code, answer.json()["code"]) == (413, 8)


def test_updates_patches_and_lists(served: Served) -> None:
    """PUT of the spec, merge and JSON patches, filters and fields."""
    shop(served)
    client = served.client
    spec = client.get(APP).json()["spec"]
    changed = client.put(f"{APP}/spec", json={**spec, "revisionHistoryLimit": 3})
    assert changed.json()["revisionHistoryLimit"] == 3
    labels = orjson.dumps({"metadata": {"labels": {"team": "sea"}}}).decode()
    assert client.patch(APP, json={"patch": labels, "patchType": "merge"}).status_code == 200
    path = orjson.dumps([{"op": "replace", "path": "/spec/revisionHistoryLimit", "value": 4}]).decode()
    assert (
        client.patch(APP, json={"patch": path, "patchType": "json"}).json()["spec"]["revisionHistoryLimit"]
        == 4
    )
    lists = {
        query: len(client.get(f"/api/v1/applications?{query}").json()["items"] or [])
        for query in ("selector=team%3Dsea", "selector=team!%3Dsea", "projects=default", "projects=other")
    }
    assert list(lists.values()) == [1, 0, 1, 0]
    only = client.get("/api/v1/applications", params={"fields": "items.metadata.name"}).json()
    assert only == {"items": [{"metadata": {"name": "shop"}}]}


def test_a_rollback_goes_to_an_earlier_deployment(served: Served) -> None:
    """The history's entry is applied again; with automated sync it is refused."""
    first = shop(served)
    client, moored = served.client, served.moored
    client.post(f"{APP}/sync", json={})
    moored.until_app("shop", sync="Synced", phase="Succeeded")
    second = moored.git.repository().commit({"config.json": config_map("settings", colour="red")})
    client.get(APP, params={"refresh": "hard"})
    client.post(f"{APP}/sync", json={})
    moored.until_app("shop", sync="Synced", revision=second, phase="Succeeded")
    assert client.post(f"{APP}/rollback", json={"id": 0}).status_code == 200
    config = GroupVersionKind("", "v1", "ConfigMap")
    moored.until(lambda: moored.home.get(config, "shop", "settings")["data"] == {"colour": "blue"})
    moored.until(lambda: moored.app("shop")["status"]["history"][-1]["revision"] == first)


def test_the_stream_tells_what_changes(served: Served) -> None:
    """First what is there, then each change, a JSON document a line."""
    shop(served)
    seen: list[tuple[str, str]] = []
    with served.client.stream("GET", "/api/v1/stream/applications") as stream:
        lines = (orjson.loads(line)["result"] for line in stream.iter_lines() if line.strip())
        first = next(lines)
        seen.append((first["type"], first["application"]["metadata"]["name"]))
        threading.Timer(0.1, lambda: served.client.delete(APP, params={"cascade": "false"})).start()
        for event in lines:
            if event["type"] == "DELETED":
                seen.append((event["type"], event["application"]["metadata"]["name"]))
                break
    assert seen == [("ADDED", "shop"), ("DELETED", "shop")]


def test_a_signed_push_is_live_at_once(served: Served) -> None:
    """GitHub's payload with the installation's secret; without it, or with another, nothing happens."""
    moored = served.moored
    secret = {"stringData": {"webhook.github.secret": "knots"}}
    moored.home.patch(_SECRET, "argocd", "argocd-secret", secret)
    shop(served, syncPolicy={"automated": {}, **MANUAL})
    moored.until_app("shop", sync="Synced")
    revision = moored.git.repository().commit({"config.json": config_map("settings", colour="red")})
    push = {
        "ref": "refs/heads/main",
        "repository": {"clone_url": moored.git.url_of(), "default_branch": "main"},
    }
    body = orjson.dumps(push)

    def deliver(key: bytes) -> Any:
        digest = hmac.new(key, body, hashlib.sha256).hexdigest()
        headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={digest}"}
        return served.anyone.post("/api/webhook", content=body, headers=headers)

    assert deliver(b"other").status_code == 401
    assert served.anyone.post("/api/webhook", content=body).status_code == 401
    moored.until(lambda: deliver(b"knots").json() == {"message": "ok", "refs": 1})
    moored.until_app("shop", sync="Synced", revision=revision)


def test_clusters_repositories_and_projects(served: Served) -> None:
    """Added, listed without their credentials, and removed again."""
    client, moored = served.client, served.moored
    url = moored.git.url_of()
    moored.git.repository().commit({"a": b"b"})
    added = client.post("/api/v1/repositories", json={"repo": url, "username": "u", "password": "sesame"})
    assert added.json()["connectionState"]["status"] == "Successful", added.text
    moored.until(lambda: [one["repo"] for one in client.get("/api/v1/repositories").json()["items"]] == [url])
    assert "sesame" not in client.get("/api/v1/repositories").text
    away = client.post("/api/v1/repositories", json={"repo": "http://127.0.0.1:1/x.git"})
    assert away.status_code == 400
    assert client.delete(f"/api/v1/repositories/{url.replace('/', '%2F')}").json() == {}
    config = {"bearerToken": "sesame", "tlsClientConfig": {"insecure": True}}
    cluster = {"server": "https://127.0.0.1:1", "name": "far", "config": config}
    made = client.post("/api/v1/clusters", json=cluster)
    assert (made.status_code, made.json()["name"]) == (200, "far"), made.text
    moored.until(lambda: len(client.get("/api/v1/clusters").json()["items"]) == 2)
    listed = client.get("/api/v1/clusters").json()["items"]
    states = {one["name"]: one["connectionState"]["status"] for one in listed}
    assert states == {"in-cluster": "Successful", "far": "Failed"}
    assert client.delete("/api/v1/clusters/https%3A%2F%2F127.0.0.1%3A1").json() == {}
    assert client.get("/api/v1/projects/default").json()["metadata"]["name"] == "default"
    assert [one["metadata"]["name"] for one in client.get("/api/v1/projects").json()["items"]] == ["default"]
