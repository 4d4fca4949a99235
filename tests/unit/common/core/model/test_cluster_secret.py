"""Clusters' Secrets."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from common.core.access import ClusterAccess, ExecPlugin, Secret
from common.core.errors import InvalidInput
from common.core.keys import ClusterId, Object
from common.core.model.cluster_secret import cloud_of, cluster_access


def b64(text: str) -> str:
    """Base64 of text."""
    return base64.b64encode(text.encode()).decode()


def secret(config: Any = None, **values: str) -> Object:
    """A cluster's Secret."""
    if config is not None:
        values["config"] = config if isinstance(config, str) else orjson.dumps(config).decode()
    return {
        "metadata": {
            "name": "prod",
            "namespace": "argocd",
            "labels": {"argocd.argoproj.io/secret-type": "cluster", "env": "prod"},
            "annotations": {"argocd.argoproj.io/skip-reconcile": "true", "empty": None},
        },
        "data": {key: b64(value) for key, value in values.items()},
    }


def test_every_field() -> None:
    """Of the Secret and of its configuration."""
    access = cluster_access(
        secret(
            {
                "username": "u",
                "password": "p",
                "bearerToken": "t",
                "tlsClientConfig": {
                    "insecure": True,
                    "serverName": "kube",
                    "caData": b64("CA"),
                    "certData": b64("CERT"),
                    "keyData": b64("KEY"),
                },
                "execProviderConfig": {
                    "command": "aws",
                    "args": ["eks"],
                    "env": {"B": "2", "A": "1"},
                    "apiVersion": "client.authentication.k8s.io/v1",
                    "installHint": "install it",
                },
                "proxyUrl": "http://proxy",
                "disableCompression": True,
            },
            server="https://kube.example.com/",
            name="prod",
            namespaces="a, b,",
            clusterResources="true",
            project="fleet",
            shard="3",
        )
    )
    assert access == ClusterAccess(
        id=ClusterId("https://kube.example.com"),
        server="https://kube.example.com",
        name="prod",
        namespaces=("a", "b"),
        cluster_resources=True,
        project="fleet",
        username="u",
        password=Secret("p"),
        bearer_token=Secret("t"),
        insecure=True,
        server_name="kube",
        ca_data="CA",
        client_cert="CERT",
        client_key=Secret("KEY"),
        exec_plugin=ExecPlugin(
            command="aws",
            args=("eks",),
            env=(("A", "1"), ("B", "2")),
            api_version="client.authentication.k8s.io/v1",
            install_hint="install it",
        ),
        proxy_url="http://proxy",
        disable_compression=True,
        skip_reconcile=True,
        labels=(("argocd.argoproj.io/secret-type", "cluster"), ("env", "prod")),
        annotations=(("argocd.argoproj.io/skip-reconcile", "true"),),
    )


def test_a_server_alone_is_enough() -> None:
    """Its name is then its address, and everything may be managed."""
    access = cluster_access({"stringData": {"server": "https://a"}})
    assert (access.id, access.name, access.cluster_resources) == ("https://a", "https://a", True)
    assert access.exec_plugin is None


def test_namespaced_clusters_manage_cluster_scoped_objects_only_when_told() -> None:
    """`clusterResources` is false unless it says true."""
    assert not cluster_access(secret(server="https://a", namespaces="x")).cluster_resources


def test_aws_becomes_a_call_of_the_cloud_plugin() -> None:
    """`awsAuthConfig` is another way to write it; what is empty is not passed."""
    aws = {"clusterName": "prod", "roleARN": "arn:aws:iam::1:role/x", "profile": ""}
    access = cluster_access(secret({"awsAuthConfig": aws}, server="https://a"))
    assert access.exec_plugin == ExecPlugin(
        command="argocd-k8s-auth",
        args=("aws", "--cluster-name", "prod", "--role-arn", "arn:aws:iam::1:role/x"),
        api_version="client.authentication.k8s.io/v1beta1",
    )
    assert cloud_of(access.exec_plugin) == "aws"


def test_cloud_plugins_are_recognised() -> None:
    """By the program's name, wherever it is."""
    assert cloud_of(ExecPlugin(command="/usr/local/bin/argocd-k8s-auth", args=("gcp",))) == "gcp"
    assert cloud_of(ExecPlugin(command="argocd-k8s-auth")) == ""
    assert cloud_of(ExecPlugin(command="aws", args=("eks",))) == ""
    assert cloud_of(None) == ""


@pytest.mark.parametrize(
    ("obj", "fields"),
    [
        (secret(), ["data.server"]),
        ({"data": {"server": "%%%"}}, ["data.server"]),
        (secret("hunter2", server="https://a"), ["config"]),
        (secret({"password": 42}, server="https://a"), ["config.password"]),
        (
            secret({"tlsClientConfig": {"caData": "hunter2"}}, server="https://a"),
            ["config.tlsClientConfig.caData"],
        ),
        (
            secret({"tlsClientConfig": {"keyData": b64("hunter2")}}, server="https://a"),
            ["config.tlsClientConfig"],
        ),
        (
            secret({"execProviderConfig": {}, "awsAuthConfig": {}}, server="https://a"),
            ["config", "config.execProviderConfig.command"],
        ),
        (secret(server="https://a", namespaces="x", clusterResources="hunter2"), ["data.clusterResources"]),
        ({"metadata": 3, "data": 3}, ["data.server"]),
    ],
)
def test_errors_name_the_field_and_never_show_a_value(obj: Object, fields: list[str]) -> None:
    """Secrets stay secret."""
    with pytest.raises(InvalidInput) as caught:
        cluster_access(obj)
    assert [error.field for error in caught.value.errors] == fields
    assert "hunter2" not in str(caught.value)
    assert b64("hunter2") not in str(caught.value)
    assert "42" not in str(caught.value)
