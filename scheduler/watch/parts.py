"""What watchers need, as one value, and how they make items due."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from common.core.access import ClusterAccess
from common.core.keys import AppKey, ClusterId, Object
from common.ports import Applications, Clusters, DueSet, Facts, Item, Kind, LiveStore, TaskQueue


@dataclass(frozen=True, slots=True)
class Parts:
    """Ports and answers that watchers need. The callables may block: they are called on threads."""

    clusters: Clusters
    live: LiveStore
    due: DueSet
    facts: Facts
    queue: TaskQueue
    applications: Applications
    accesses: Callable[[], Sequence[ClusterAccess]]
    """The clusters to watch, from their Secrets as they are now; the home cluster among them."""
    owner_of: Callable[[Object], str]
    """The instance name of the application that tracks a live object; empty when it is nobody's."""
    app_of: Callable[[str], AppKey]
    """The application behind an instance name."""
    refs_of: Callable[[Object], Iterable[str]]
    """Digests of the repository-refs that an Application follows."""
    namespace: str = "argocd"
    """The home namespace."""
    app_namespaces: tuple[str, ...] = ()
    """Where Applications are watched; empty: the home namespace only. `("",)`: everywhere."""
    admits: Callable[[AppKey], bool] = lambda _key: True
    """Whether an Application of another namespace is ours to look at (`application.namespaces`)."""

    def request(self, items: Collection[Item], kinds: Kind, *, cluster: ClusterId | None = None) -> None:
        """Make items due and ring for them."""
        for item in self.due.request_many(sorted(items), kinds):
            self.queue.ring(item, kinds, cluster=cluster)
