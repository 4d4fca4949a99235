"""One step's look at one application: everything it is about, found out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from common.core.health import Health, assess
from common.core.keys import GroupVersionKind, Object, ObjectKey
from common.core.model.application import Application
from common.core.tracking import instance_name, owner_of
from common.operations.bundle import Ports
from common.operations.fleet import Fleet
from common.operations.place import Place
from common.ports import Cluster, Kind


@dataclass(slots=True)
class Turn:
    """What a step knows."""

    ports: Ports
    fleet: Fleet
    app: Application
    now: datetime
    kinds: Kind

    @property
    def owner(self) -> str:
        """The application's name in tracking."""
        return instance_name(self.app.key, self.ports.namespace)

    def owner_of(self, obj: Object) -> str:
        """Who tracks a live object; empty for nobody."""
        return owner_of(obj, self.fleet.tracking)

    def assess(self, obj: Object) -> Health | None:
        """A live object's health."""
        return assess(obj, self.now)

    @property
    def inventory(self) -> Mapping[ObjectKey, GroupVersionKind]:
        """The objects that the status names."""
        return {
            row.key: GroupVersionKind(row.group, row.version, row.kind) for row in self.app.status.resources
        }

    def connect(self, place: Place) -> Cluster:
        """A client of the destination."""
        return self.ports.clusters.connect(place.access)
