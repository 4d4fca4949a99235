"""Secrets become digests that can be compared and not read."""

from __future__ import annotations

import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.keys import Object
from common.core.redact import LAST_APPLIED, PREFIX, digest_secret, is_secret

KEY = b"a key"


def secret(**fields: object) -> Object:
    """A minimal Secret."""
    meta = {"namespace": "shop", "name": "db", "annotations": {}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, **fields}


def b64(text: str) -> str:
    """As `data` has it."""
    return base64.b64encode(text.encode()).decode()


def test_only_core_secrets_are_secrets() -> None:
    """Another group's kind of the same name is not touched, nor is any other object."""
    other = secret(data={"a": b64("x")}) | {"apiVersion": "example.com/v1"}
    assert digest_secret(other, KEY) is other
    assert not is_secret({"apiVersion": "v1", "kind": "ConfigMap"})
    assert is_secret(secret())


def test_data_is_digested() -> None:
    """The value is a literal digest of namespace, name, field and decoded value under the key."""
    digested = digest_secret(secret(data={"password": b64("hunter2")}), KEY)
    assert digested["data"] == {
        "password": "hmac-sha256:9861554c8cd7796caf53b0e769fce5a312c5a29cb82fd901e1ef79844a0d5a7f",
    }


def test_the_given_object_is_not_changed() -> None:
    """The caller's object keeps its values: it may still have to be applied."""
    obj = secret(data={"password": b64("hunter2")})
    before = orjson.dumps(obj)
    digest_secret(obj, KEY)
    assert orjson.dumps(obj) == before


def test_string_data_equals_data() -> None:
    """The same value in `stringData` and in `data` has the same digest."""
    plain = digest_secret(secret(stringData={"a": "x"}), KEY)["stringData"]["a"]
    assert plain == digest_secret(secret(data={"a": b64("x")}), KEY)["data"]["a"]


def test_equal_passwords_of_two_secrets_differ() -> None:
    """Nobody learns from the digests that two Secrets, or two fields, hold the same."""
    one = digest_secret(secret(data={"a": b64("x"), "b": b64("x")}), KEY)["data"]
    obj = secret(data={"a": b64("x")})
    obj["metadata"]["name"] = "other"
    other = digest_secret(obj, KEY)["data"]
    assert len({one["a"], one["b"], other["a"]}) == 3
    assert digest_secret(secret(data={"a": b64("x")}), b"k2")["data"]["a"] != one["a"]


@pytest.mark.parametrize("value", ["not base64!", "", 5, True, ["x"], {"y": "z"}])
def test_odd_values_are_digested_too(value: object) -> None:
    """What the API server would refuse may be in Git all the same."""
    assert digest_secret(secret(data={"a": value}), KEY)["data"]["a"].startswith(PREFIX)


def test_null_stays() -> None:
    """Null says that there is no value, in a field and in the whole."""
    assert digest_secret(secret(data={"a": None}, stringData=None), KEY)["data"] == {"a": None}


def test_data_that_is_no_mapping() -> None:
    """It is digested whole."""
    assert digest_secret(secret(data="hunter2"), KEY)["data"].startswith(PREFIX)


def test_without_metadata() -> None:
    """A manifest without metadata is digested like any."""
    obj = {"apiVersion": "v1", "kind": "Secret", "data": {"a": b64("x")}}
    assert digest_secret(obj, KEY)["data"]["a"].startswith(PREFIX)


def test_last_applied_keeps_its_fields() -> None:
    """Its values are the same digests, so that three-way comparisons go on working."""
    obj = secret(data={"a": b64("x")})
    obj["metadata"]["annotations"] = {
        LAST_APPLIED: orjson.dumps(secret(data={"a": b64("x")})).decode(),
        "b": "c",
    }
    digested = digest_secret(obj, KEY)
    annotations = digested["metadata"]["annotations"]
    assert orjson.loads(annotations[LAST_APPLIED])["data"] == digested["data"]
    assert annotations["b"] == "c"


@pytest.mark.parametrize("text", ["{broken", "[1]", '"x"', None])
def test_unreadable_last_applied(text: object) -> None:
    """It is digested whole, or stays nothing."""
    obj = secret()
    obj["metadata"]["annotations"] = {LAST_APPLIED: text}
    found = digest_secret(obj, KEY)["metadata"]["annotations"][LAST_APPLIED]
    assert found is None if text is None else found.startswith(PREFIX)


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=30), max_size=4))
def test_digesting_twice_changes_nothing(values: dict[str, str]) -> None:
    """It is idempotent and deterministic, and no value of some length survives."""
    obj = secret(stringData=values, data={name: b64(value) for name, value in values.items()})
    once = digest_secret(obj, KEY)
    assert digest_secret(once, KEY) == once == digest_secret(obj, KEY)
    text = orjson.dumps(once["stringData"]).decode()
    assert all(value not in text for name, value in values.items() if len(value) > 70)
