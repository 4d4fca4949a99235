"""Allocators."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from sandbox.addresses import Addresses, Pool


def test_addresses_are_given_once() -> None:
    """In turn; a taken one is passed over; a freed one comes again when its turn comes."""
    pool = Pool(IPv4Network("10.0.0.0/29"), first=1)
    assert pool.take("10.0.0.2")
    assert not pool.take("10.0.0.2")
    assert [pool.allocate() for _ in range(3)] == ["10.0.0.1", "10.0.0.3", "10.0.0.4"]
    pool.free("10.0.0.1")
    assert [pool.allocate() for _ in range(3)] == ["10.0.0.5", "10.0.0.6", "10.0.0.1"]
    with pytest.raises(LookupError):
        pool.allocate()


def test_what_is_in_the_network() -> None:
    """And what is no address at all."""
    pool = Pool(IPv4Network("10.0.0.0/29"), first=1)
    assert "10.0.0.7" in pool
    assert "10.0.0.8" not in pool
    assert "None" not in pool


def test_node_ports() -> None:
    """From 30000 on, each once."""
    addresses = Addresses()
    assert addresses.take_port(30001)
    assert [addresses.node_port(), addresses.node_port()] == [30000, 30002]
    assert not addresses.take_port(30002)
    addresses.free_port(30002)
    assert addresses.take_port(30002)
