"""Everything listed and made due at once, by whoever finds Redis empty: the beat's `Relister`."""

from __future__ import annotations

from common.core.errors import KindNotServed
from common.ports import Cluster
from scheduler.watch.cluster_watch import find_row
from scheduler.watch.home_stores import ApplicationsStore
from scheduler.watch.home_watch import APPLICATION
from scheduler.watch.parts import Parts


class HomeRelister:
    """Lists the home cluster's Applications; all that are not known to have been woken are made due."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def relist(self) -> None:
        """Raises ClusterError, StoreUnavailable: then nothing is complete, and it is to be tried again."""
        home: Cluster = self._parts.clusters.home()
        row = find_row(home.catalog(), APPLICATION) or find_row(home.catalog(refresh=True), APPLICATION)
        if row is None:
            raise KindNotServed(f"the home cluster does not serve {APPLICATION}")
        store = ApplicationsStore(self._parts)
        store.begin()
        versions = []
        for namespace in self._parts.app_namespaces or (self._parts.namespace,):
            found = home.list(row.gvk, namespace)
            store.listed(found.items)
            versions.append(found.resource_version)
        store.swap(min(versions, key=int))
