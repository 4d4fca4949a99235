"""The form in which objects are compared."""

from __future__ import annotations

from common.core.compare.fold import folded, without_server_fields


def test_string_data_is_folded() -> None:
    """The server stores stringData in data, encoded, and it wins."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "data": {"a": "b2xk", "b": "eA=="},
        "stringData": {"a": "new"},
    }
    assert folded(secret) == {"apiVersion": "v1", "kind": "Secret", "data": {"a": "bmV3", "b": "eA=="}}
    assert folded({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "x"}})["data"] == {"a": "eA=="}


def test_other_objects_stay() -> None:
    """Only core Secrets have stringData."""
    other = {"apiVersion": "x/v1", "kind": "Secret", "stringData": {"a": "b"}}
    plain = {"apiVersion": "v1", "kind": "Secret"}
    assert folded(other) is other
    assert folded(plain) is plain


def test_server_fields_go() -> None:
    """Status and what only the server writes; labels and the like stay."""
    obj = {
        "kind": "X",
        "metadata": {
            "name": "n",
            "uid": "u",
            "resourceVersion": "1",
            "managedFields": [],
            "labels": {"a": "b"},
        },
        "status": {},
    }
    assert without_server_fields(obj) == {"kind": "X", "metadata": {"name": "n", "labels": {"a": "b"}}}
    assert without_server_fields({"kind": "X"}) == {"kind": "X"}
