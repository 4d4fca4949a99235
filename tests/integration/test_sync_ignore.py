"""Differences that are ignored, and what then happens to the fields in a sync."""

from __future__ import annotations

import pytest

from common.core.keys import Object
from tests.engine_fixtures import Moored, application
from tests.sync_builders import DEPLOYMENT, automated, deployment, manifest

RULES: dict[str, Object] = {
    "pointers": {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]},
    "jq": {"group": "apps", "kind": "Deployment", "jqPathExpressions": [".spec.replicas"]},
    "managers": {"group": "apps", "kind": "Deployment", "managedFieldsManagers": ["autoscaler"]},
}


@pytest.mark.parametrize("how", list(RULES))
def test_ignored_fields_keep_their_live_values(moored: Moored, how: str) -> None:
    """An ignored field is no drift; what a sync applies has the live value (RespectIgnoreDifferences)."""
    repo = moored.git.repository()
    repo.commit({"a.yaml": manifest(deployment(replicas=1))})
    policy = automated("RespectIgnoreDifferences=true", selfHeal=True)
    moored.add(application("app", moored.git.url_of(), syncPolicy=policy, ignoreDifferences=[RULES[how]]))
    moored.until_app("app", sync="Synced", phase="Succeeded", health="Healthy")
    scaled = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "app"},
        "spec": {"replicas": 3},
    }
    moored.home.apply(scaled, field_manager="autoscaler")
    moored.until(lambda: moored.home.get(DEPLOYMENT, "app", "web")["status"].get("readyReplicas") == 3)
    app = moored.until_app("app", sync="Synced", health="Healthy")
    assert len(app["status"]["history"]) == 1
    assert moored.home.get(DEPLOYMENT, "app", "web")["spec"]["replicas"] == 3
    changed = deployment(replicas=1)
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "example.org/web:2"
    revision = repo.commit({"a.yaml": manifest(changed)})
    moored.webhook("app")
    moored.until_app("app", sync="Synced", phase="Succeeded", revision=revision)
    live = moored.home.get(DEPLOYMENT, "app", "web")["spec"]
    assert live["replicas"] == 3
    assert live["template"]["spec"]["containers"][0]["image"] == "example.org/web:2"
