"""Cluster IPs, node ports, pod and load balancer addresses, each given once."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

SERVICES = IPv4Network("10.96.0.0/16")
PODS = IPv4Network("10.244.0.0/16")
BALANCERS = IPv4Network("172.18.0.0/16")
NODE_PORTS = range(30000, 32768)
NODE_ADDRESS = "172.18.0.2"


class Pool:
    """Addresses of a network, in turn; a taken one is passed over."""

    def __init__(self, network: IPv4Network, *, first: int) -> None:
        self._network = network
        self._first = first
        self._next = first
        self._taken: set[str] = set()

    def allocate(self) -> str:
        """The next free address.

        Raises:
            LookupError: all are taken.
        """
        size = self._network.num_addresses - 1
        for _ in range(size):
            address = str(IPv4Address(int(self._network.network_address) + self._next))
            self._next = self._next + 1 if self._next + 1 < size else self._first
            if self.take(address):
                return address
        raise LookupError("range is full")

    def take(self, address: str) -> bool:
        """Hold a certain address; False when somebody has it."""
        if address in self._taken:
            return False
        self._taken.add(address)
        return True

    def free(self, address: str) -> None:
        """Give it back."""
        self._taken.discard(address)

    def __contains__(self, address: object) -> bool:
        try:
            return IPv4Address(str(address)) in self._network
        except ValueError:
            return False


class Addresses:
    """A cluster's allocators."""

    def __init__(self) -> None:
        self.services = Pool(SERVICES, first=10)
        self.pods = Pool(PODS, first=2)
        self.balancers = Pool(BALANCERS, first=100)
        self._ports: set[int] = set()
        self._next_port = NODE_PORTS.start

    def node_port(self) -> int:
        """The next free node port.

        Raises:
            LookupError: all are taken.
        """
        for _ in NODE_PORTS:
            port = self._next_port
            self._next_port = port + 1 if port + 1 < NODE_PORTS.stop else NODE_PORTS.start
            if self.take_port(port):
                return port
        raise LookupError("range is full")

    def take_port(self, port: int) -> bool:
        """Hold a certain node port; False when somebody has it."""
        if port in self._ports:
            return False
        self._ports.add(port)
        return True

    def free_port(self, port: int) -> None:
        """Give it back."""
        self._ports.discard(port)
