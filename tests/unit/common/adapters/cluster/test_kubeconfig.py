"""kubeconfig files and service accounts as ClusterAccess."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.adapters.cluster.kubeconfig import load_in_cluster, load_kubeconfig
from common.core.access import ExecPlugin, Secret
from common.core.errors import InvalidInput
from common.core.keys import IN_CLUSTER, ClusterId


def _write(
    folder: Path, *, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None, **top: Any
) -> str:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "main",
        "contexts": [
            {"name": "main", "context": {"cluster": "c", "user": "u"}},
            {"name": "anonymous", "context": {"cluster": "c"}},
        ],
        "clusters": [
            {"name": "c", "cluster": {"server": "https://api.example.org:6443/", **(cluster or {})}}
        ],
        "users": [{"name": "u", "user": user or {}}],
    }
    file = folder / "config"
    file.write_text(yaml.safe_dump(config | top))
    return str(file)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_token_and_inline_authorities(tmp_path: Path) -> None:
    """The common case; the trailing slash goes, as in ClusterId."""
    path = _write(tmp_path, cluster={"certificate-authority-data": _b64("CA")}, user={"token": "t"})
    access = load_kubeconfig(path)
    assert (access.id, access.server, access.name) == ("https://api.example.org:6443",) * 2 + ("main",)
    assert (access.ca_data, access.bearer_token) == ("CA", Secret("t"))
    assert load_kubeconfig(path, "anonymous").bearer_token is None
    assert load_kubeconfig(path, cluster_id=IN_CLUSTER).id == IN_CLUSTER


def test_files_are_inlined_relative_to_the_kubeconfig(tmp_path: Path) -> None:
    """Certificates are read now; a token file stays a file, because it rotates."""
    for name in ("ca", "cert", "key"):
        (tmp_path / f"{name}.pem").write_text(name.upper())
    user = {"client-certificate": "cert.pem", "client-key": "key.pem", "tokenFile": "token"}
    access = load_kubeconfig(_write(tmp_path, cluster={"certificate-authority": "ca.pem"}, user=user))
    assert (access.ca_data, access.client_cert, access.client_key) == ("CA", "CERT", Secret("KEY"))
    assert access.bearer_token_file == str(tmp_path / "token")


def test_all_other_fields(tmp_path: Path) -> None:
    """Basic auth, TLS options and the proxy."""
    cluster = {
        "insecure-skip-tls-verify": True, "tls-server-name": "k",
        "proxy-url": "http://p", "disable-compression": True,
    }  # fmt: skip
    access = load_kubeconfig(_write(tmp_path, cluster=cluster, user={"username": "u", "password": "p"}))
    assert (access.username, access.password) == ("u", Secret("p"))
    assert (access.insecure, access.server_name, access.proxy_url) == (True, "k", "http://p")
    assert access.disable_compression


def test_exec_plugin(tmp_path: Path) -> None:
    """A path is relative to the kubeconfig, a bare name is looked up on PATH."""
    plugin = {
        "command": "./bin/login", "args": ["a"], "env": [{"name": "K", "value": "v"}],
        "apiVersion": "client.authentication.k8s.io/v1beta1", "installHint": "get it",
    }  # fmt: skip
    access = load_kubeconfig(_write(tmp_path, user={"exec": plugin}))
    assert access.exec_plugin == ExecPlugin(
        command=str(tmp_path / "bin/login"),
        args=("a",),
        env=(("K", "v"),),
        api_version="client.authentication.k8s.io/v1beta1",
        install_hint="get it",
    )


@pytest.mark.parametrize(
    ("more", "context", "sentence"),
    [
        ({"current-context": ""}, "", "current-context"),
        ({}, "nope", "contexts: found 'nope', expected one of: anonymous, main"),
        ({"clusters": []}, "", "clusters: found 'c', expected one of: none"),
        ({"users": []}, "", "users: found 'u'"),
        ({"clusters": [{"name": "c", "cluster": {}}]}, "", r"cluster\.server"),
        (
            {"users": [{"name": "u", "user": {"auth-provider": {"name": "gcp"}}}]},
            "",
            "auth-provider: found 'gcp'",
        ),
        ({"users": [{"name": "u", "user": {"exec": {"args": []}}}]}, "", r"exec\.command"),
        ({"users": [{"name": "u", "user": {"client-key-data": "%"}}]}, "", "client-key-data"),
        ({"users": [{"name": "u", "user": {"client-certificate": "none.pem"}}]}, "", r"none\.pem"),
    ],
)
def test_errors_name_file_entry_and_field(
    tmp_path: Path, more: dict[str, Any], context: str, sentence: str
) -> None:
    """Each mistake is one sentence."""
    with pytest.raises(InvalidInput, match=sentence):
        load_kubeconfig(_write(tmp_path, **more), context)


@pytest.mark.parametrize("text", ["a: [", "- a"])
def test_unreadable_file(tmp_path: Path, text: str) -> None:
    """No YAML, or no mapping."""
    (tmp_path / "config").write_text(text)
    with pytest.raises(InvalidInput, match="config"):
        load_kubeconfig(str(tmp_path / "config"))


def test_default_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """$KUBECONFIG's first existing file; else ~/.kube/config, which is named when missing."""
    path = _write(tmp_path)
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/none:{path}")
    assert load_kubeconfig().name == "main"
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InvalidInput, match=r"\.kube/config"):
        load_kubeconfig()


def test_in_cluster(tmp_path: Path) -> None:
    """The service account's token file and authorities, and the address of the environment."""
    (tmp_path / "token").write_text("t")
    (tmp_path / "ca.crt").write_text("CA")
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    access = load_in_cluster(root=tmp_path, environ=environ)
    assert (access.id, access.server) == (IN_CLUSTER, "https://[fd00::1]:443")
    assert (access.bearer_token_file, access.ca_data) == (str(tmp_path / "token"), "CA")
    with pytest.raises(InvalidInput, match="outside of a cluster"):
        load_in_cluster(root=tmp_path, environ={})
    assert ClusterId(access.id) == IN_CLUSTER
