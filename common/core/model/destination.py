"""Where an Application goes: `spec.destination`."""

from __future__ import annotations

from common.core.model.record import Record


class Destination(Record, frozen=True, kw_only=True):
    """A cluster, by its address or by its name but not both, and a namespace."""

    server: str = ""
    name: str = ""
    namespace: str = ""
    """For namespaced objects that name none."""
