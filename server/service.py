"""What the server works with, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from common import ports as needs
from common.operations.bundle import Ports
from common.operations.fleet import FleetReader
from common.settings import ServerSettings
from server.auth.accounts import Accounts
from server.auth.installation import InstallationReader
from server.feed import Feed
from server.roster import Roster


@dataclass(frozen=True, slots=True)
class Service:
    """Made once a process."""

    ports: Ports
    fleet: FleetReader
    settings: ServerSettings
    logins: needs.Logins
    installation: InstallationReader
    accounts: Accounts
    feed: Feed
    roster: Roster

    @property
    def home(self) -> needs.Cluster:
        """The cluster that holds the Applications."""
        return self.ports.clusters.home()
