"""The table has every name, the page is current, and what an object uses is found in it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from msgspec import inspect

from common.compatibility import Disposition, Row, rows, unhonoured, unhonoured_options
from common.compatibility.__main__ import main
from common.compatibility.table import row_of
from common.core.model.cluster_secret import ClusterConfig
from common.core.model.names import (
    APPLICATION_NAMES,
    FINALIZERS,
    LINK_PREFIX,
    NOTICE_PREFIX,
    PREFERENCE_PREFIX,
    RESOURCE_NAMES,
    SECRET_TYPES,
)
from common.core.model.operation import Operation
from common.core.model.project import AppProjectSpec
from common.core.model.source import ApplicationSource
from common.core.model.spec import ApplicationSpec
from common.core.model.status import ApplicationStatus
from common.core.model.sync_options import NAMES
from tests.unit.common.core.model.documents import document, model_paths


def test_each_name_has_one_row() -> None:
    """Within its place."""
    names = [(row.where, row.name) for row in rows()]
    assert len(names) == len(set(names))
    assert len(names) > 350


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("Application annotation", (*APPLICATION_NAMES, f"{LINK_PREFIX}x", f"{NOTICE_PREFIX}x")),
        ("Application annotation", (f"{PREFERENCE_PREFIX}x",)),
        ("Resource annotation", RESOURCE_NAMES[:-1]),
        ("Resource label", RESOURCE_NAMES[-1:]),
        ("Application finalizer", FINALIZERS),
        ("Secret type", SECRET_TYPES),
        ("Sync option", NAMES),
    ],
)
def test_names_that_the_code_knows_are_in_the_table(where: str, names: tuple[str, ...]) -> None:
    """Annotations, labels, finalizers, options."""
    assert [name for name in names if row_of(where, name) is None] == []


@pytest.mark.parametrize(
    ("where", "prefix", "model"),
    [
        ("Application", "spec.", ApplicationSpec),
        ("Application", "operation.", Operation),
        ("Application", "status.", ApplicationStatus),
        ("Application source", "", ApplicationSource),
        ("AppProject", "spec.", AppProjectSpec),
        ("Secret cluster", "config.", ClusterConfig),
    ],
)
def test_fields_that_the_code_knows_are_in_the_table(where: str, prefix: str, model: type) -> None:
    """By their own row, one for all below them, or one for each of them."""
    named = {row.name for row in rows() if row.where == where}
    for field in model_paths(inspect.type_info(model)):
        path = f"{prefix}{field}"
        above = {path, *(path[:at] for at, char in enumerate(path) if char == ".")}
        assert above & named or any(name.startswith(f"{path}.") for name in named), path


def test_the_most_telling_row_counts() -> None:
    """The very name before one with `*`, a longer one before a shorter one."""
    where = "ConfigMap argocd-cm"
    assert row_of(where, "timeout.reconciliation") == Row(
        where=where, name="timeout.reconciliation", now=Disposition.HONOUR
    )
    found = row_of(where, "resource.customizations.health.apps_Deployment")
    assert found is not None
    assert found.name == "resource.customizations.health.*"
    unknown = row_of(where, "no.such.key")
    assert unknown is not None
    assert unknown.name == "*"
    assert row_of("Application annotation", "example.com/mine") is None


def used(obj: dict[str, object]) -> dict[str, str]:
    """What is found, by name."""
    return {finding.used: finding.row.now.value for finding in unhonoured(obj)}


def test_an_application_says_what_is_not_honoured() -> None:
    """Fields, those of each source, options, annotations, finalizers; its status is ours."""
    raw = document("application-full")
    raw["spec"]["syncPolicy"]["syncOptions"] += ["Unheard=of"]
    raw["metadata"]["annotations"] |= {"notice.argocd.argoproj.io/x": "y", "mine": "z"}
    raw["metadata"]["finalizers"] += ["post-delete-finalizer.argocd.argoproj.io", "mine"]
    found = used(raw)
    assert found["spec.sourceHydrator"] == "later"
    assert found["directory.jsonnet.libs"] == "later"
    assert found["notice.argocd.argoproj.io/x"] == "later"
    assert found["post-delete-finalizer.argocd.argoproj.io"] == "later"
    assert not {"mine", "Unheard", "status.sourceHydrator", "status.observedAt", "spec.project"} & set(found)


def test_a_plain_application_says_nothing() -> None:
    """Nor does an empty field."""
    raw = document("application-minimal")
    raw["spec"] |= {
        "sourceHydrator": {},
        "source": {"repoURL": "u", "path": "p", "directory": {"jsonnet": {}}},
    }
    assert unhonoured(raw) == []
    assert unhonoured({"kind": "Application", "metadata": None}) == []


def test_projects_and_sets() -> None:
    """By their fields."""
    assert "spec.syncWindows" in used(document("appproject-full"))
    assert used({"kind": "ApplicationSet", "spec": {"generators": [{"list": {}}], "template": {}}}) == {
        "spec.generators": "later"
    }


def test_config_maps() -> None:
    """Their keys; other ConfigMaps are nobody's business."""
    meta = {"name": "argocd-cm", "namespace": "argocd"}
    data = {"timeout.reconciliation": "3m", "oidc.config": "secret", "ga.trackingid": "x"}
    findings = unhonoured({"kind": "ConfigMap", "metadata": meta, "data": data})
    assert [str(finding) for finding in findings] == [
        "ConfigMap argocd/argocd-cm: ga.trackingid has no meaning here",
        "ConfigMap argocd/argocd-cm: oidc.config is not acted on yet",
    ]
    assert used({"kind": "ConfigMap", "metadata": {"name": "argocd-rbac-cm"}, "data": {"a": "b"}}) == {
        "argocd-rbac-cm": "later"
    }
    assert used({"kind": "ConfigMap", "metadata": {"name": "mine"}, "data": {"url": "b"}}) == {}
    assert used({"kind": "Service"}) == {}


def secret(kind: str, **values: str) -> dict[str, object]:
    """A Secret of a type."""
    return {
        "kind": "Secret",
        "metadata": {
            "name": "s",
            "labels": {"argocd.argoproj.io/secret-type": kind},
            "annotations": {"argocd.argoproj.io/skip-reconcile": "true", "mine": "x"},
        },
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
    }


def test_secrets() -> None:
    """Their types and keys, and the names within a cluster's configuration; never a value."""
    assert used(secret("repository", url="u", enableLfs="true", webhookManifestCacheWarmDisabled="x")) == {
        "enableLfs": "later",
        "webhookManifestCacheWarmDisabled": "accept",
    }
    assert used(secret("scm-creds", token="t")) == {"scm-creds": "later"}
    config = (
        '{"awsAuthConfig": {"clusterName": "x"}, "execProviderConfig": {"command": "/x/argocd-k8s-auth"}}'
    )
    assert used(secret("cluster", server="s", shard="1", config=config)) == {
        "config.awsAuthConfig.clusterName": "later",
        "shard": "accept",
        "argocd-k8s-auth in execProviderConfig": "later",
        "argocd.argoproj.io/skip-reconcile": "later",
    }
    assert "shard" not in used(secret("cluster", server="s", config="no json"))
    assert "shard" not in used({**secret("cluster", server="s"), "data": {"config": "%"}})
    plain = {**secret("cluster"), "data": {}, "stringData": {"config": '{"awsAuthConfig": {"profile": "p"}}'}}
    assert "config.awsAuthConfig.profile" in used(plain)
    own = {"kind": "Secret", "metadata": {"name": "argocd-secret"}, "data": {"accounts.ada.password": "eA=="}}
    assert used(own) == {"accounts.ada.password": "later"}
    assert used({"kind": "Secret", "metadata": {"name": "mine"}, "data": {"a": "eA=="}}) == {}


def test_options_of_an_object() -> None:
    """From its annotation; each once."""
    options = ["FailOnSharedResource=true", "FailOnSharedResource=true", "Replace=true", "Foo=1"]
    found = unhonoured_options(options, "Service web/a")
    assert [(one.object, one.used) for one in found] == [("Service web/a", "FailOnSharedResource")]


def test_the_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/compatibility.md is what the table says."""
    assert main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_a_stale_page_is_said_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` fails on it, `--write` writes it."""
    path = tmp_path / "page.md"
    assert main(["--check"], path=path) == 1
    assert "page.md is not current" in capsys.readouterr().err
    assert main(["--write"], path=path) == 0
    assert main(["--check"], path=path) == 0
    assert "| `timeout.reconciliation` | honour | |\n" in path.read_text(encoding="utf-8")
