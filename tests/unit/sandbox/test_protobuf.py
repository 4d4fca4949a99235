"""Protobuf bodies, made here byte by byte as the encoding's documentation says."""

from __future__ import annotations

import pytest

from sandbox.protobuf import BadProtobuf, decode_protobuf


def varint(value: int) -> bytes:
    """A base-128 varint."""
    out = b""
    while True:
        value, low = value >> 7, value & 0x7F
        if not value:
            return out + bytes([low])
        out += bytes([low | 0x80])


def number(field: int, value: int) -> bytes:
    """A varint field; negative numbers take all 64 bits."""
    return varint(field << 3) + varint(value & (2**64 - 1))


def block(field: int, value: bytes | str) -> bytes:
    """A field of bytes: a string or a message."""
    raw = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    """The magic bytes and the Unknown message."""
    return b"k8s\x00" + block(1, block(1, api_version) + block(2, kind)) + block(2, raw)


def test_a_config_map_with_maps_and_times() -> None:
    """Map entries, a time, and zero values that mean absence."""
    meta = (
        block(1, "c")
        + block(2, "")
        + number(7, 0)
        + block(8, number(1, 0x5E0BE100))
        + block(11, block(1, "l") + block(2, "v"))
    )
    raw = (
        block(1, meta)
        + block(2, block(1, "k") + block(2, "v"))
        + block(3, block(1, "b") + block(2, b"\x00\x01"))
    )
    assert decode_protobuf(envelope("v1", "ConfigMap", raw)) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "creationTimestamp": "2020-01-01T00:00:00Z", "labels": {"l": "v"}},
        "data": {"k": "v"},
        "binaryData": {"b": "AAE="},
    }


def test_pointers_keep_their_zero() -> None:
    """`replicas: 0` was meant; a paused of false is what everybody has."""
    spec = number(1, 0) + number(7, 0) + number(9, 600)
    found = decode_protobuf(envelope("apps/v1", "Deployment", block(2, spec)))
    assert found["spec"] == {"replicas": 0, "progressDeadlineSeconds": 600}


def test_inlined_messages_and_either_or_values() -> None:
    """A volume's source stands beside its name; an IntOrString is one of both; quantities are texts."""
    volume = block(1, "v") + block(2, block(2, b""))
    resources = block(1, block(1, "cpu") + block(2, block(1, "100m")))
    probe = block(1, block(2, block(2, number(1, 1) + block(3, "http"))))
    container = block(1, "c") + block(8, resources) + block(10, probe)
    found = decode_protobuf(envelope("v1", "Pod", block(2, block(1, volume) + block(2, container))))
    assert found["spec"] == {
        "volumes": [{"name": "v", "emptyDir": {}}],
        "containers": [
            {
                "name": "c",
                "resources": {"limits": {"cpu": "100m"}},
                "livenessProbe": {"httpGet": {"port": "http"}},
            }
        ],
    }


def test_delete_options_belong_to_every_group() -> None:
    """They come with the group version of what is deleted."""
    found = decode_protobuf(envelope("apps/v1", "DeleteOptions", number(1, 0) + block(4, "Foreground")))
    assert (found["gracePeriodSeconds"], found["propagationPolicy"]) == (0, "Foreground")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"k8s\x00\xff",
        envelope("v1", "Nothing", b""),
        envelope("v1", "ConfigMap", b"\x0a\x7fshort"),
        envelope("v1", "ConfigMap", b"\x0b"),
    ],
)
def test_damaged_bodies_are_refused(body: bytes) -> None:
    """Never half an object."""
    with pytest.raises(BadProtobuf):
        decode_protobuf(body)
