"""`resource.exclusions` and `resource.inclusions`: kinds that are as if they did not exist."""

from __future__ import annotations

from collections.abc import Iterable

from common.core.keys import GroupKind
from common.core.model.globs import matches
from common.core.model.record import Record


class ResourceFilter(Record, frozen=True, kw_only=True):
    """Kinds by globs; an empty list stands for any."""

    api_groups: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    """By API server address."""

    def selects(self, kind: GroupKind, cluster: str) -> bool:
        """Whether it is about this kind on this cluster."""
        return (
            _any(self.api_groups, kind.group) and _any(self.kinds, kind.kind) and _any(self.clusters, cluster)
        )


ALWAYS_EXCLUDED = (
    ResourceFilter(api_groups=("events.k8s.io", "metrics.k8s.io")),
    ResourceFilter(api_groups=("",), kinds=("Event",)),
    ResourceFilter(api_groups=("coordination.k8s.io",), kinds=("Lease",)),
)
"""Whatever the settings say."""


def excluded(
    kind: GroupKind,
    cluster: str,
    *,
    exclusions: Iterable[ResourceFilter],
    inclusions: Iterable[ResourceFilter],
) -> bool:
    """Whether a kind is left out: an exclusion selects it, or there are inclusions and none selects it."""
    if any(one.selects(kind, cluster) for one in (*ALWAYS_EXCLUDED, *exclusions)):
        return True
    wanted = tuple(inclusions)
    return bool(wanted) and not any(one.selects(kind, cluster) for one in wanted)


def _any(patterns: tuple[str, ...], text: str) -> bool:
    return not patterns or any(pattern == text or matches(pattern, text) for pattern in patterns)
