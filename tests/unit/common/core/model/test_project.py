"""Projects, and what they permit."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import inspect

from common.core.access import ClusterAccess
from common.core.errors import InvalidInput
from common.core.keys import ClusterId, ObjectKey
from common.core.model.destination import Destination
from common.core.model.project import (
    AppProject,
    AppProjectSpec,
    AppProjectStatus,
    parse_project,
    read_project,
)
from common.core.model.project_rules import (
    destination_refusal,
    kind_refusal,
    object_refusal,
    source_refusal,
    spec_refusals,
)
from common.core.model.record import to_json
from common.core.model.source import ApplicationSource
from common.core.model.spec import ApplicationSpec
from tests.unit.common.core.model.documents import document, model_paths, value_paths

PROD = ClusterAccess(id=ClusterId("https://prod"), server="https://prod", name="prod", project="fleet")


def project(**spec: Any) -> AppProject:
    """A project of a spec, keys as in JSON."""
    return parse_project({"metadata": {"name": "fleet"}, "spec": spec})


def test_every_field_survives_a_round_trip() -> None:
    """And the fixture has every field."""
    raw = document("appproject-full")
    read = parse_project(raw)
    assert to_json(read.spec) == raw["spec"]
    assert to_json(read.status) == raw["status"]
    assert model_paths(inspect.type_info(AppProjectSpec)) <= value_paths(raw["spec"])
    assert (read.name, read.namespace, read.resource_version) == ("fleet", "argocd", "9")
    assert {p.partition(".")[0] for p in model_paths(inspect.type_info(AppProjectStatus))} == set(
        raw["status"]
    )


def test_every_error_at_once() -> None:
    """And the readable rest is there."""
    raw = {"metadata": None, "spec": {"sourceRepos": ["a", 3], "destinations": "all", "roles": [{}]}}
    with pytest.raises(InvalidInput) as caught:
        parse_project(raw)
    assert [error.field for error in caught.value.errors] == [
        "spec.sourceRepos[1]",
        "spec.destinations",
        "spec.roles[0].name",
        "metadata.name",
    ]
    assert read_project(raw).project.spec.source_repos == ("a",)


@pytest.mark.parametrize(
    ("repos", "url", "permitted"),
    [
        (["*"], "https://example.com/a", True),
        ([], "https://example.com/a", False),
        (["https://example.com/a.git"], "https://EXAMPLE.com/A", True),
        (["https://example.com/*"], "https://example.com/a", True),
        (["https://example.com/*"], "https://example.com/a/b", False),
        (["https://example.com/**"], "https://example.com/a/b", True),
        (["git@example.com:org/*"], "ssh://git@example.com/org/a", True),
        (["*", "!https://example.com/secret"], "https://example.com/secret.git", False),
        (["!https://example.com/secret*", "*"], "https://example.com/secret-a", False),
        (["!https://example.com/secret"], "https://example.com/other", True),
        (["!*", "*"], "https://example.com/a", False),
    ],
)
def test_sources(repos: list[str], url: str, permitted: bool) -> None:
    """Globs over normalised addresses; a `!` rejects, and permits what it does not reject."""
    refused = source_refusal(project(sourceRepos=repos), ApplicationSource(repo_url=url))
    assert (refused is None) is permitted


@pytest.mark.parametrize(
    ("rule", "permitted"),
    [
        ({"server": "*", "namespace": "*"}, True),
        ({"server": "https://prod", "namespace": "web"}, True),
        ({"server": "https://p*", "namespace": "w?b"}, True),
        ({"name": "prod", "namespace": "*"}, True),
        ({"name": "*", "namespace": "*"}, True),
        ({"server": "*", "namespace": "!kube-*"}, True),
        ({"server": "!https://other", "namespace": "*"}, True),
        ({"server": "https://other", "namespace": "*"}, False),
        ({"server": "*", "namespace": "api"}, False),
        ({"server": "*"}, False),
        ({"namespace": "*"}, False),
        ({"server": "!https://prod", "namespace": "*"}, False),
        ({"name": "!prod", "namespace": "*"}, False),
        ({"server": "*", "namespace": "!web"}, False),
    ],
)
def test_destinations(rule: dict[str, str], permitted: bool) -> None:
    """A server or a name, and the namespace; any `!` that matches rejects."""
    refused = destination_refusal(project(destinations=[rule]), PROD, "web")
    assert (refused is None) is permitted


def test_a_denial_outweighs_another_rule() -> None:
    """Wherever it stands in the list."""
    rules = [{"server": "*", "namespace": "*"}, {"server": "*", "namespace": "!kube-system"}]
    assert destination_refusal(project(destinations=rules), PROD, "web") is None
    refused = destination_refusal(project(destinations=rules), PROD, "kube-system", name="Application a/b")
    assert refused is not None
    assert str(refused) == (
        "Application a/b: spec.destination: found 'prod (https://prod), namespace kube-system', "
        "expected what project fleet permits (destinations has !kube-system)"
    )


def test_an_empty_namespace() -> None:
    """Matched by `*` and by an empty rule, denied by nothing."""
    nowhere = msgspec.structs.replace(PROD, name="")
    assert destination_refusal(project(destinations=[{"server": "*"}]), nowhere, "") is None
    denied = project(destinations=[{"server": "*", "namespace": "!*"}])
    assert destination_refusal(denied, PROD, "") is None


def test_only_clusters_of_the_project() -> None:
    """permitOnlyProjectScopedClusters."""
    strict = project(destinations=[{"server": "*", "namespace": "*"}], permitOnlyProjectScopedClusters=True)
    assert destination_refusal(strict, PROD, "web") is None
    refused = destination_refusal(strict, msgspec.structs.replace(PROD, project=""), "web")
    assert refused is not None
    assert "permitOnlyProjectScopedClusters" in refused.expected


@pytest.mark.parametrize(
    ("spec", "key", "namespaced", "permitted"),
    [
        ({}, ObjectKey("apps", "Deployment", "n", "a"), True, True),
        ({"namespaceResourceWhitelist": []}, ObjectKey("apps", "Deployment", "n", "a"), True, False),
        (
            {"namespaceResourceWhitelist": [{"group": "apps", "kind": "*"}]},
            ObjectKey("apps", "Deployment", "n", "a"),
            True,
            True,
        ),
        (
            {"namespaceResourceWhitelist": [{"group": "apps", "kind": "*"}]},
            ObjectKey("", "Service", "n", "a"),
            True,
            False,
        ),
        (
            {"namespaceResourceBlacklist": [{"group": "", "kind": "Secret"}]},
            ObjectKey("", "Secret", "n", "a"),
            True,
            False,
        ),
        ({}, ObjectKey("", "Namespace", "", "a"), False, False),
        (
            {"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]},
            ObjectKey("", "Namespace", "", "a"),
            False,
            True,
        ),
        (
            {"clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "web-*"}]},
            ObjectKey("", "Namespace", "", "web-1"),
            False,
            True,
        ),
        (
            {"clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "web-*"}]},
            ObjectKey("", "Namespace", "", "kube-system"),
            False,
            False,
        ),
        (
            {
                "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
                "clusterResourceBlacklist": [{"group": "", "kind": "Namespace"}],
            },
            ObjectKey("", "Namespace", "", "a"),
            False,
            False,
        ),
    ],
)
def test_kinds(spec: dict[str, Any], key: ObjectKey, namespaced: bool, permitted: bool) -> None:
    """Cluster-scoped kinds must be listed; namespaced ones may go unless a list says otherwise."""
    refused = kind_refusal(project(**spec), key, namespaced=namespaced)
    assert (refused is None) is permitted


def test_an_object_must_be_in_a_permitted_namespace() -> None:
    """Its kind first, then its namespace; cluster-scoped objects have none."""
    some = project(
        destinations=[{"server": "*", "namespace": "web"}],
        clusterResourceWhitelist=[{"group": "", "kind": "Namespace"}],
    )
    here, there = ObjectKey("", "Secret", "web", "a"), ObjectKey("", "Secret", "api", "a")
    assert object_refusal(some, here, PROD, namespaced=True) is None
    assert object_refusal(some, ObjectKey("", "Namespace", "", "x"), PROD, namespaced=False) is None
    assert object_refusal(some, ObjectKey("", "Node", "", "x"), PROD, namespaced=False) is not None
    refused = object_refusal(some, there, PROD, namespaced=True)
    assert refused is not None
    assert (refused.object, refused.field) == ("/Secret:api/a", "metadata.namespace")


def test_a_spec_is_refused_for_each_reason() -> None:
    """Every source, and the destination when it is known; each names its field and what is permitted."""
    some = project(sourceRepos=[f"https://{c}/x" for c in "abcdef"])
    sources = (ApplicationSource(repo_url="https://a/x"), ApplicationSource(repo_url="https://z/x"))
    spec = ApplicationSpec(sources=sources, destination=Destination(namespace="web"))
    refused = spec_refusals(some, spec, PROD, name="Application a/b")
    assert [one.field for one in refused] == ["spec.sources[1].repoURL", "spec.destination"]
    assert refused[0].expected.endswith(
        "(sourceRepos: https://a/x, https://b/x, https://c/x, https://d/x, https://e/x, …)"
    )
    assert refused[1].expected.endswith("(destinations is empty)")
    single = spec_refusals(some, ApplicationSpec(source=sources[1]), None)
    assert [one.field for one in single] == ["spec.source.repoURL"]
