"""Events of our own writes: they come back while the lease is held, and ask for nothing new.

What a watch saw is in the snapshot before it asks. So when, at the end of a step, the snapshot holds just the
versions that the step has seen or written, the events up to that moment were its own echo, or older still.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from common.core.keys import ClusterId, Object, ObjectKey
from common.operations.bundle import Ports
from common.operations.live_view import LiveView
from common.ports import Claim, Kind


@dataclass(slots=True)
class Echo:
    """What a step knew of its objects when it ended."""

    _cluster: ClusterId | None = None
    _owner: str = ""
    _versions: Mapping[ObjectKey, str] = field(default_factory=dict)

    def note(self, cluster: ClusterId, owner: str, view: LiveView) -> None:
        """Remember it."""
        self._cluster, self._owner = cluster, owner
        self._versions = _versions(view.objects)

    def seen(self, ports: Ports, claim: Claim) -> int | None:
        """The sequence up to which requests were this step's own echo; None when there may be news.

        The order matters: the sequence first, then the snapshot, so that what comes in between counts as
        news.

        Raises:
            StoreUnavailable: Redis is away.
        """
        if self._cluster is None:
            return None
        sequence, pending = ports.due.asked(claim)
        if pending != Kind.LIVE:
            return None
        snapshot = ports.live.read(self._cluster, self._owner)
        return sequence if _versions(snapshot.objects) == self._versions else None


def _versions(objects: Mapping[ObjectKey, Object]) -> dict[ObjectKey, str]:
    return {key: str(obj["metadata"].get("resourceVersion") or "") for key, obj in objects.items()}
