"""Our CustomResourceDefinitions on a served API: what the models know is kept, and status patches land."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

import msgspec
import pytest

from common.adapters.cluster.client import HttpCluster
from common.core.errors import ObjectRejected
from common.core.keys import GroupVersionKind
from common.core.model.application import parse_application, read_application
from common.core.model.status_patch import status_patch
from common.crds import load
from common.ports import PatchType
from sandbox.run import running_sandbox
from tests.unit.common.core.model.documents import document

APPLICATION = GroupVersionKind("argoproj.io", "v1alpha1", "Application")
NOW = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def cluster() -> Iterator[HttpCluster]:
    """A sandbox that serves our kinds, with the namespace `argocd`."""
    with running_sandbox() as fleet:
        made = HttpCluster(fleet[0].access())
        made.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}})
        for crd in load():
            made.create(crd)
        deadline = monotonic() + 10
        while APPLICATION not in {row.gvk for row in made.catalog(refresh=True).resources}:
            assert monotonic() < deadline
            sleep(0.05)
        yield made
        made.close()


def test_nothing_of_a_full_application_is_pruned(cluster: HttpCluster) -> None:
    """Spec, operation and status come back as they went in."""
    raw = document("application-full")
    raw["metadata"] = {"name": "full", "namespace": "argocd"}
    cluster.create(raw)
    kept = cluster.get(APPLICATION, "argocd", "full")
    assert {part: kept[part] for part in ("spec", "operation", "status")} == {
        part: raw[part] for part in ("spec", "operation", "status")
    }
    assert read_application(kept).application.resource_version


def test_a_full_project_is_kept(cluster: HttpCluster) -> None:
    """The same for a project."""
    raw = document("appproject-full")
    del raw["metadata"]["resourceVersion"]
    kept = cluster.create(raw)
    assert (kept["spec"], kept["status"]) == (raw["spec"], raw["status"])


def test_status_is_written_with_the_object(cluster: HttpCluster) -> None:
    """There is no status subresource: a patch of the Application carries it, and then it is current."""
    raw = document("application-minimal")
    raw["metadata"]["name"] = "patched"
    made = cluster.create(raw)
    wanted = msgspec.structs.replace(
        read_application(document("application-full")).application.status,
        reconciled_at=NOW + timedelta(microseconds=5),
    )
    patch = status_patch(made.get("status"), wanted)
    body = {"status": patch}
    after = cluster.patch(APPLICATION, "argocd", "patched", body, patch_type=PatchType.MERGE)
    assert status_patch(after["status"], wanted) is None
    assert parse_application(after).status.reconciled_at == NOW


def test_a_required_field_is_required(cluster: HttpCluster) -> None:
    """The API server says no before we must."""
    raw = document("application-minimal")
    raw["metadata"]["name"] = "wrong"
    del raw["spec"]["project"]
    with pytest.raises(ObjectRejected):
        cluster.create(raw)
