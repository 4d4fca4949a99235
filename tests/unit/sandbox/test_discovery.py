"""Discovery, OpenAPI and what definitions add to them."""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.builtin import BUILTIN
from sandbox.crds import resources_of
from sandbox.discovery import aggregated, group, group_list, resource_list, wanted_aggregate
from sandbox.openapi import OpenApi
from sandbox.resources import ResourceTable


def definition(*versions: dict[str, Any]) -> dict[str, Any]:
    """A CustomResourceDefinition of Boats."""
    names = {"kind": "Boat", "plural": "boats", "singular": "boat", "shortNames": ["bo"]}
    spec = {"group": "sea.dev", "scope": "Namespaced", "names": names, "versions": list(versions)}
    return {"metadata": {"name": "boats.sea.dev"}, "spec": spec}


V1 = {
    "name": "v1",
    "served": True,
    "storage": True,
    "subresources": {
        "status": {},
        "scale": {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"},
    },
    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}},
    "additionalPrinterColumns": [{"name": "N", "type": "integer", "jsonPath": ".spec.n"}],
}
BETA = {"name": "v1beta1", "served": True, "storage": False}
OLD = {"name": "v1alpha1", "served": False, "storage": False}


def test_a_definition_serves_its_versions() -> None:
    """Served ones only; the storage version is preferred; columns and paths are read."""
    beta, first = resources_of(definition(OLD, BETA, V1))
    assert (beta.version, beta.preferred, beta.columns) == ("v1beta1", False, ())
    assert (first.version, first.preferred, first.status) == ("v1", True, True)
    assert first.scale is not None
    assert first.scale.spec_replicas == "spec.n"
    assert first.columns is not None
    assert first.columns[0].json_path == ".spec.n"


def table() -> ResourceTable:
    """The built-in kinds and Boats."""
    return ResourceTable([*BUILTIN, *resources_of(definition(BETA, V1))])


def test_the_old_form() -> None:
    """Groups with their preferred version, resources with their subresources."""
    listed = {g["name"]: g["preferredVersion"]["version"] for g in group_list(table())["groups"]}
    assert (listed["apps"], listed["sea.dev"]) == ("v1", "v1")
    assert group(table(), "none") is None
    found = resource_list(table(), "sea.dev", "v1")
    assert found is not None
    assert [row["name"] for row in found["resources"]] == ["boats", "boats/scale", "boats/status"]
    assert resource_list(table(), "sea.dev", "v9") is None


def test_the_aggregated_form_is_asked_for_by_accept() -> None:
    """Either version of it; anything else is the old form."""
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    assert wanted_aggregate(accept) == "v2"
    assert wanted_aggregate("application/json") == ""
    core = aggregated(table(), "v2", core=True)["items"]
    assert [version["version"] for version in core[0]["versions"]] == ["v1"]
    names = [item["metadata"]["name"] for item in aggregated(table(), "v2", core=False)["items"]]
    assert "sea.dev" in names


def test_a_removed_definition_is_gone_at_once() -> None:
    """From the table, and so from everything made of it."""
    served = table()
    before = served.revision
    served.remove("sea.dev", "boats")
    assert served.revision > before
    assert served.of_kind("sea.dev", "Boat") is None
    assert "sea.dev" not in served.groups()


def test_openapi_names_the_kind_of_each_path() -> None:
    """kubectl explain finds the kind by its path, and validation the PATCH's parameters."""
    documents = OpenApi(table())
    assert "apis/sea.dev/v1" in documents.index()["paths"]
    found = documents.document("apis/sea.dev/v1")
    assert found is not None
    document = orjson.loads(found[0])
    operation = document["paths"]["/apis/sea.dev/v1/namespaces/{namespace}/boats/{name}"]["patch"]
    assert operation["x-kubernetes-group-version-kind"] == {
        "group": "sea.dev",
        "version": "v1",
        "kind": "Boat",
    }
    assert "fieldValidation" in [parameter["name"] for parameter in operation["parameters"]]
    schema = document["components"]["schemas"]["dev.sea.v1.Boat"]
    assert set(schema["properties"]) == {"apiVersion", "kind", "metadata", "spec"}
    assert documents.document("apis/none.dev/v1") is None
    assert documents.document("nonsense") is None


def test_the_digest_changes_with_the_schema_only() -> None:
    """A document is fetched again when it changed, and not when another did."""
    served = table()
    documents = OpenApi(served)
    before = documents.index()["paths"]
    changed = V1 | {"schema": {"openAPIV3Schema": {"type": "object"}}}
    for resource in resources_of(definition(BETA, changed)):
        served.add(resource)
    after = documents.index()["paths"]
    assert before["apis/sea.dev/v1"] != after["apis/sea.dev/v1"]
    assert before["apis/apps/v1"] == after["apis/apps/v1"]


def test_built_in_references_resolve_within_their_document() -> None:
    """Every `$ref` of a document is in it."""
    found = OpenApi(table()).document("apis/apps/v1")
    assert found is not None
    document = orjson.loads(found[0])
    names = set(document["components"]["schemas"])

    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"].rpartition("/")[2]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*(references(value) for value in node.values()))
        return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()

    assert references(document) <= names
