"""Bad input becomes a condition that names object, field, found and expected; what was good stays."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.adapters.tools import Tools
from common.core.errors import ObjectRejected
from common.core.keys import GroupVersionKind, Object
from common.operations.fleet import read_fleet
from sandbox.githost import HostOptions
from tests.engine_fixtures import CONFIG_MAP, NAMESPACE, Moored, application, config_map
from tests.git_fixtures import serving

HOME = "https://kubernetes.default.svc"
SECRET = GroupVersionKind("", "v1", "Secret")
GOOD = {"shop/config.json": config_map("settings", colour="blue"), "other/a.json": config_map("a", k="v")}


def conditions(app: Object) -> dict[str, list[str]]:
    """Messages by type."""
    found: dict[str, list[str]] = {}
    for one in app.get("status", {}).get("conditions") or ():
        found.setdefault(one["type"], []).append(one["message"])
    return found


def said(moored: Moored, name: str, kind: str, *words: str, seconds: float = 15.0) -> Object:
    """Wait for a condition of a type whose message has all the words."""
    seen: dict[str, list[str]] = {}

    def arrived() -> Object | None:
        nonlocal seen
        app = moored.app(name)
        seen = conditions(app)
        return app if any(all(w in text for w in words) for text in seen.get(kind, ())) else None

    try:
        found: Object = moored.until(arrived, seconds=seconds)
    except AssertionError as error:
        raise AssertionError(f"{name} has no {kind} with {words}, but {seen} ({error})") from None
    return found


class Shop:
    """An application that is in sync, `shop`, and a healthy one beside it."""

    def __init__(self, moored: Moored) -> None:
        self.moored = moored
        self.repo = moored.git.repository()
        self.url = moored.git.url_of()
        self.good = self.repo.commit(GOOD)
        moored.add(application("shop", self.url, path="shop"))
        moored.add(application("other", self.url, path="other"))
        self.before = moored.until_app("shop", sync="Synced", health="Healthy", phase="Succeeded")
        moored.until_app("other", sync="Synced", health="Healthy", phase="Succeeded")

    def commit(self, files: Mapping[str, Any]) -> None:
        """Push, and tell."""
        self.repo.commit(files)
        self.moored.webhook("shop")

    def spec(self, **fields: Any) -> None:
        """Change the spec."""
        self.moored.patch("shop", {"spec": fields})

    def settled(self, kind: str, *words: str, seconds: float = 15.0) -> Object:
        """The condition came; the last good state stays, and the other application lives."""
        app = said(self.moored, "shop", kind, *words, seconds=seconds)
        self.stays()
        return app

    def stays(self) -> None:
        """Live objects and `status.resources` are as they were, and the other application is healed."""
        live = self.moored.home.get(CONFIG_MAP, "shop", "settings")
        assert live["data"] == {"colour": "blue"}
        status = self.moored.app("shop")["status"]
        settings = [row for row in status["resources"] if row["name"] == "settings"]
        assert [(row["kind"], row["namespace"]) for row in settings] == [("ConfigMap", "shop")]
        assert len(status["history"]) == 1
        self.moored.home.patch(CONFIG_MAP, "other", "a", {"data": {"k": "by hand"}})
        self.moored.until(lambda: self.moored.home.get(CONFIG_MAP, "other", "a")["data"] == {"k": "v"})
        assert not conditions(self.moored.app("other"))

    def unknown(self, kind: str, *words: str, seconds: float = 15.0) -> Object:
        """As `settled`, with a status that says that nothing is known."""
        app = self.settled(kind, *words, seconds=seconds)
        assert app["status"]["sync"]["status"] == "Unknown"
        assert app["status"]["resources"] == self.before["status"]["resources"]
        return app


@pytest.fixture
def shop(moored: Moored) -> Shop:
    """Two applications in sync."""
    return Shop(moored)


# What is in the repository


def test_invalid_yaml(shop: Shop) -> None:
    """The file and the line are named."""
    shop.commit({"shop/broken.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [\n"})
    shop.unknown("ComparisonError", "broken.yaml", "line", "expected YAML")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            "apiVersion: v1\nmetadata: {name: a}\n",
            ("shop/odd.yaml", "kind", "found nothing", "expected a text"),
        ),
        ("kind: ConfigMap\nmetadata: {name: a}\n", ("shop/odd.yaml", "apiVersion", "found nothing")),
        ("apiVersion: v1\nkind: ConfigMap\n", ("shop/odd.yaml", "metadata.name", "found nothing", "a name")),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n- 1\n",
            ("shop/odd.yaml", "document 2", "expected a Kubernetes object"),
        ),
    ],
)
def test_manifest_without_what_makes_an_object(shop: Shop, document: str, words: tuple[str, ...]) -> None:
    """No kind, no apiVersion, no name, no object at all: file, field, found and expected."""
    shop.commit({"shop/odd.yaml": document})
    shop.unknown("ComparisonError", *words)


def test_duplicate_objects(shop: Shop) -> None:
    """The last one counts, and a warning names the object; the application goes on."""
    twin = config_map("settings", colour="blue")
    shop.commit({"shop/twin.json": twin})
    app = shop.settled("RepeatedResourceWarning", "ConfigMap/shop/settings", "2 times")
    assert app["status"]["sync"]["status"] == "Synced"


def test_path_that_does_not_exist(shop: Shop) -> None:
    """The repository, the path and the revision are named."""
    shop.spec(source={"path": "nowhere"})
    shop.unknown("ComparisonError", shop.url, "nowhere", "no such path", shop.good)


def test_path_that_was_removed(shop: Shop) -> None:
    """A commit that takes the whole path away prunes nothing: it is an error, not an empty set."""
    shop.commit({"shop/config.json": None})
    shop.unknown("ComparisonError", "shop", "no such path")


def test_chart_that_fails_to_render(shop: Shop, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """Helm's own words, with the template's name."""
    folder = Path(tools.find("helm").path).parent
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    shop.commit(
        {
            "shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
            "shop/templates/a.yaml": '{{ fail "colour is missing" }}\n',
        }
    )
    shop.unknown("ComparisonError", "shop/templates/a.yaml", "colour is missing")


def test_wave_that_is_no_number(shop: Shop) -> None:
    """It counts as 0 and a warning says so; the object is applied."""
    wave = orjson.loads(config_map("waved", colour="red"))
    wave["metadata"]["annotations"] = {"argocd.argoproj.io/sync-wave": "first"}
    shop.commit({"shop/waved.json": orjson.dumps(wave)})
    said(
        shop.moored,
        "shop",
        "InvalidWaveWarning",
        "/ConfigMap:shop/waved",
        "argocd.argoproj.io/sync-wave",
        "found 'first'",
        "expected a whole number",
    )
    shop.moored.until(lambda: shop.moored.home.get(CONFIG_MAP, "shop", "waved"))
    shop.moored.until_app("shop", sync="Synced", phase="Succeeded")


# What the cluster says


def failed(shop: Shop, row: str, *words: str) -> Object:
    """The sync fails, and the row of an object says why; what was good stays."""

    def arrived() -> Object | None:
        result = shop.moored.app("shop")["status"]["operationState"].get("syncResult") or {}
        rows = {one["name"]: one for one in result.get("resources") or ()}
        found = rows.get(row)
        if found is None or found.get("status") != "SyncFailed":
            return None
        return found if all(word in found["message"] for word in words) else None

    found: Object = shop.moored.until(arrived, what=f"{row} {words}")
    shop.stays()
    return found


def test_unserved_kind(shop: Shop) -> None:
    """The object, its kind and what to do are named; its neighbours are compared all the same."""
    odd = {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "w"}}
    shop.commit({"shop/widget.json": orjson.dumps(odd)})
    failed(shop, "w", "example.org/Widget", "shop/w", "CRD is installed")
    app = shop.moored.until_app("shop", sync="OutOfSync")
    rows = {row["name"]: row["status"] for row in app["status"]["resources"]}
    assert rows == {"settings": "Synced", "w": "OutOfSync"}


def test_object_that_the_api_server_rejects(shop: Shop) -> None:
    """422: the server's own causes, field by field."""
    bad = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "bad"},
        "spec": {
            "selector": {"matchLabels": {"app": "x"}},
            "template": {
                "metadata": {"labels": {"app": "y"}},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
        },
    }
    shop.commit({"shop/bad.json": orjson.dumps(bad)})
    failed(shop, "bad", "bad", "spec.template.metadata.labels")


def project(moored: Moored, **spec: Any) -> None:
    """A project `strict`, which permits all but what the test says."""
    moored.home.create(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AppProject",
            "metadata": {"name": "strict", "namespace": NAMESPACE},
            "spec": {
                "sourceRepos": ["*"],
                "destinations": [{"server": "*", "namespace": "*"}],
                "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
                **spec,
            },
        }
    )


def test_project_that_forbids_a_kind(shop: Shop) -> None:
    """Namespaced by the deny list, cluster-scoped for want of an allow: the object's row says which list."""
    project(
        shop.moored,
        namespaceResourceBlacklist=[{"group": "", "kind": "Secret"}],
        clusterResourceWhitelist=[{"group": "", "kind": "Namespace"}],
    )
    shop.spec(project="strict")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "shop-reader"},
        "rules": [],
    }
    shop.commit({"shop/s.json": orjson.dumps(secret), "shop/role.json": orjson.dumps(role)})
    failed(shop, "s", "Secret", "strict", "namespaceResourceBlacklist")
    failed(shop, "shop-reader", "ClusterRole", "strict", "clusterResourceWhitelist")


def test_forbidden_namespace_of_an_object(shop: Shop) -> None:
    """A manifest that names a namespace which its project does not permit."""
    project(shop.moored, destinations=[{"server": "*", "namespace": "shop"}])
    shop.spec(project="strict")
    stray = orjson.loads(config_map("stray", k="v"))
    stray["metadata"]["namespace"] = "kube-system"
    shop.commit({"shop/stray.json": orjson.dumps(stray)})
    failed(shop, "stray", "kube-system", "strict", "destinations")


# Repositories


def test_ref_that_does_not_exist(shop: Shop) -> None:
    """The repository and the ref are named."""
    shop.spec(source={"targetRevision": "no-such-branch"})
    shop.unknown("ComparisonError", shop.url, "no-such-branch")


def test_repository_that_does_not_exist(shop: Shop) -> None:
    """The server answers and knows none."""
    url = shop.url.replace("/repo.git", "/gone.git")
    shop.spec(source={"repoURL": url})
    shop.unknown("ComparisonError", url)


def test_address_that_nobody_reads(shop: Shop) -> None:
    """A scheme that is none of ours is not asked: found, and what is expected."""
    shop.spec(source={"repoURL": "gopher://git.example/repo"})
    shop.unknown("ComparisonError", "url", "found 'gopher://git.example/repo'", "expected https://")


def test_wrong_credentials(shop: Shop, tmp_path: Path) -> None:
    """Which repository refused them; never the credentials."""
    root = tmp_path / "private"
    root.mkdir()
    with serving(root, HostOptions(username="ada", password="right")) as private:
        private.repository().commit(GOOD)
        repository(shop.moored, url=private.url_of(), username="ada", password="hunter2")
        shop.spec(source={"repoURL": private.url_of()})
        shop.unknown("ComparisonError", private.url_of())
        assert "hunter2" not in orjson.dumps(shop.moored.app("shop")).decode()


def repository(moored: Moored, **values: str) -> None:
    """A repository's Secret."""
    moored.home.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "repository",
                "namespace": NAMESPACE,
                "labels": {"argocd.argoproj.io/secret-type": "repository"},
            },
            "data": {key: base64.b64encode(text.encode()).decode() for key, text in values.items()},
        }
    )


def configure(moored: Moored, name: str, **data: str) -> None:
    """A settings ConfigMap."""
    moored.home.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "data": data,
        }
    )


def test_unreachable_repository_within_and_beyond_the_grace(moored: Moored, tmp_path: Path) -> None:
    """For the grace period nothing is said and drift is healed from what is known; then it is said, still
    nothing is pruned; when the repository is back, all is well by itself.
    """
    configure(
        moored,
        "argocd-cmd-params-cm",
        **{"controller.repo.error.grace.period.seconds": "3"},
    )
    configure(moored, "argocd-cm", **{"timeout.reconciliation": "1s", "timeout.reconciliation.jitter": "0s"})
    root = tmp_path / "away"
    root.mkdir()
    with serving(root) as away:
        away.repository().commit(GOOD)
        url = away.url_of()
        moored.add(application("shop", url, path="shop"))
        moored.until_app("shop", sync="Synced", phase="Succeeded")
    moored.webhook("shop")
    moored.until(lambda: any(one["error"] for one in refs(moored) if "error" in one))
    moored.home.patch(CONFIG_MAP, "shop", "settings", {"data": {"colour": "red"}})
    moored.until(lambda: moored.home.get(CONFIG_MAP, "shop", "settings")["data"] == {"colour": "blue"})
    assert not conditions(moored.app("shop"))
    app = said(moored, "shop", "ComparisonError", url, seconds=10)
    assert app["status"]["sync"]["status"] == "Unknown"
    assert [row["name"] for row in app["status"]["resources"]] == ["settings"]
    assert moored.home.get(CONFIG_MAP, "shop", "settings")["data"] == {"colour": "blue"}


def refs(moored: Moored) -> list[Any]:
    """What is known of refs."""
    return list(moored.engine.facts.all("refs").values())


def test_unreachable_from_the_start(shop: Shop) -> None:
    """A repository that never answered is said at once: there is nothing to go on with."""
    shop.spec(source={"repoURL": "http://127.0.0.1:9/none.git"})
    shop.unknown("ComparisonError", "http://127.0.0.1:9/none.git")


# Destinations, projects, specs


def test_unknown_cluster_by_server(shop: Shop) -> None:
    """Field, found, expected."""
    shop.spec(destination={"server": "https://nowhere.example:6443"})
    shop.unknown("InvalidSpecError", "spec.destination.server", "https://nowhere.example:6443", "expected")


def test_unknown_cluster_by_name(shop: Shop) -> None:
    """The same for a name."""
    shop.spec(destination={"server": None, "name": "nowhere"})
    shop.unknown(
        "InvalidSpecError", "spec.destination.name", "found 'nowhere'", "expected the name of a cluster"
    )


def test_unknown_project(shop: Shop) -> None:
    """Field, found, expected."""
    shop.spec(project="nope")
    shop.unknown("InvalidSpecError", "spec.project", "found 'nope'", "expected the name of an AppProject")


def test_project_that_forbids_the_repository(shop: Shop) -> None:
    """The project and its list are named."""
    project(shop.moored, sourceRepos=["https://git.example/*"])
    shop.spec(project="strict")
    shop.unknown("InvalidSpecError", "spec.source.repoURL", shop.url, "strict", "https://git.example/*")


def test_project_that_forbids_the_destination(shop: Shop) -> None:
    """Both the cluster and the namespace are shown."""
    project(shop.moored, destinations=[{"server": "*", "namespace": "team-*"}])
    shop.spec(project="strict")
    shop.unknown("InvalidSpecError", "spec.destination", "namespace shop", "strict", "team-*")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"destination": {"name": "in-cluster"}},
            [("spec.destination", HOME, "in-cluster", "server or name, not both")],
        ),
        (
            {
                "syncPolicy": {
                    "retry": {"limit": 1, "backoff": {"duration": "soon", "maxDuration": "3 weeks"}}
                }
            },
            [
                ("spec.syncPolicy.retry.backoff.duration", "found 'soon'", "expected"),
                ("spec.syncPolicy.retry.backoff.maxDuration", "found '3 weeks'", "expected"),
            ],
        ),
        ({"source": {"path": None}}, [("spec.source", "found nothing", "path or chart")]),
        (
            {"syncPolicy": {"syncOptions": ["Prune=maybe"]}},
            [("spec.syncPolicy.syncOptions[0]", "Prune=maybe")],
        ),
    ],
)
def test_malformed_spec(shop: Shop, spec: Mapping[str, Any], words: list[tuple[str, ...]]) -> None:
    """Every error has a condition of its own, with field, found and expected."""
    shop.spec(**spec)
    for one in words:
        shop.unknown("InvalidSpecError", *one)


def test_operation_without_sync(shop: Shop) -> None:
    """It ends in Error with the field named, and is taken off, so that it is not tried for ever."""
    shop.moored.patch("shop", {"operation": {"initiatedBy": {"username": "ada"}}})
    app = shop.moored.until_app("shop", phase="Error")
    assert "operation.sync" in app["status"]["operationState"]["message"]
    assert "operation" not in shop.moored.app("shop")
    shop.stays()


# Secrets and ConfigMaps


def cluster_secret(moored: Moored, config: str) -> None:
    """A cluster's Secret, named `east`."""
    moored.home.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "east",
                "namespace": NAMESPACE,
                "labels": {"argocd.argoproj.io/secret-type": "cluster"},
            },
            "stringData": {"name": "east", "server": "https://east.example", "config": config},
        }
    )


def test_malformed_cluster_secret(shop: Shop) -> None:
    """The application that goes there says so with the Secret's error, without its values; others go on."""
    cluster_secret(shop.moored, '{"bearerToken": "hunter2", "tlsClientConfig": "none"')
    shop.spec(destination={"server": None, "name": "east"})
    shop.unknown("InvalidSpecError", "spec.destination.name", "found 'east'")
    app = shop.unknown("InvalidSpecError", "Secret argocd/east", "config", "expected")
    assert "hunter2" not in orjson.dumps(app).decode()


def test_malformed_repository_secret(shop: Shop) -> None:
    """It is left out, with its errors in the log and in the reading; other repositories go on."""
    repository(shop.moored, type="subversion", url="https://git.example/x")
    problems = shop.moored.until(lambda: read_fleet(shop.moored.engine.ports).problems)
    assert any(
        "Secret argocd/repository" in one and "data.type" in one and "expected git, helm, oci" in one
        for one in problems
    ), problems
    shop.stays()


def test_malformed_settings(shop: Shop) -> None:
    """Each value that cannot be read counts as its default, and is named with key, found and expected."""
    configure(shop.moored, "argocd-cm", **{"timeout.reconciliation": "often", "resource.exclusions": "- ["})
    configure(shop.moored, "argocd-cmd-params-cm", **{"controller.status.processors": "many"})
    fleet = read_fleet(shop.moored.engine.ports)
    assert fleet.settings.reconciliation_seconds == 120.0
    for words in (
        ("argocd-cm", "timeout.reconciliation", "found 'often'", "expected"),
        ("argocd-cm", "resource.exclusions", "expected"),
        ("argocd-cmd-params-cm", "controller.status.processors", "found 'many'", "expected"),
    ):
        assert any(all(word in one for word in words) for one in fleet.problems), (words, fleet.problems)
    shop.stays()


# What is read and not acted on


@pytest.mark.parametrize(
    ("patch", "name"),
    [
        ({"spec": {"syncPolicy": {"retry": {"limit": 1, "refresh": True}}}}, "spec.syncPolicy.retry.refresh"),
        (
            {"metadata": {"annotations": {"notice.argocd.argoproj.io/content": "x"}}},
            "notice.argocd.argoproj.io/content",
        ),
        (
            {"metadata": {"finalizers": ["post-delete-finalizer.argocd.argoproj.io"]}},
            "post-delete-finalizer.argocd.argoproj.io",
        ),
    ],
)
def test_unhonoured_fields_are_said(shop: Shop, patch: Mapping[str, Any], name: str) -> None:
    """What the table calls later or refused is a warning on the Application that uses it."""
    shop.moored.patch("shop", patch)
    shop.moored.refresh("shop")
    shop.settled("UnhonouredFieldWarning", name, "not acted on yet")
    shop.moored.until_app("shop", sync="Synced")


def test_what_has_no_effect_is_said(shop: Shop) -> None:
    """An option that does not exist is a warning."""
    shop.spec(syncPolicy={"syncOptions": ["CreateNamespace=true", "Frobnicate=true"]})
    shop.settled("InvalidSpecWarning", "spec.syncPolicy.syncOptions", "Frobnicate", "an option that exists")


def test_conditions_go_when_the_cause_goes(shop: Shop) -> None:
    """A repaired commit clears the error and is synced."""
    shop.commit({"shop/broken.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: ["})
    shop.unknown("ComparisonError", "broken.yaml")
    shop.commit({"shop/broken.yaml": None, "shop/config.json": config_map("settings", colour="green")})
    shop.moored.until(
        lambda: shop.moored.home.get(CONFIG_MAP, "shop", "settings")["data"] == {"colour": "green"}
    )
    shop.moored.until(lambda: not conditions(shop.moored.app("shop")))


def test_an_application_that_the_schema_refuses(moored: Moored) -> None:
    """The API server says no before anybody has to reconcile it."""
    bad = application("bad", "https://git.example/x")
    bad["spec"]["syncPolicy"]["automated"]["prune"] = "yes, please"
    with pytest.raises(ObjectRejected, match=r"spec\.syncPolicy\.automated\.prune"):
        moored.add(bad)
