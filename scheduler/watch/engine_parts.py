"""The watchers' parts, taken from the composition root."""

from __future__ import annotations

from collections.abc import Sequence

from common.core.access import ClusterAccess
from common.core.follows import ref_digests
from common.core.keys import AppKey, Object
from common.core.model.destinations import known_clusters
from common.core.tracking import app_of_instance, owner_of
from common.wiring import Engine
from scheduler.watch.parts import Parts


class _Reading:
    """The settings as they were when the clusters were last read: events do not ask for them one by one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._fleet = engine.fleet.current()

    def accesses(self) -> Sequence[ClusterAccess]:
        """The home cluster and those of Secrets, which may name the home cluster themselves."""
        self._fleet = self._engine.fleet.current()
        return known_clusters(self._fleet.clusters, self._fleet.home)

    def owner_of(self, obj: Object) -> str:
        """Who tracks it."""
        return owner_of(obj, self._fleet.tracking)

    def admits(self, key: AppKey) -> bool:
        """Whether its namespace is one of ours."""
        return self._fleet.settings.serves_namespace(key.namespace, self._engine.settings.home.namespace)

    @property
    def app_namespaces(self) -> tuple[str, ...]:
        """All namespaces, once others than the home one may hold Applications."""
        return ("",) if self._fleet.settings.application_namespaces else ()


def engine_parts(engine: Engine) -> Parts:
    """What `scheduler.watch.run` and the beat's HomeRelister need. Reads the home cluster's settings."""
    reading = _Reading(engine)
    namespace = engine.settings.home.namespace
    return Parts(
        clusters=engine.clusters,
        live=engine.live,
        due=engine.due,
        facts=engine.facts,
        queue=engine.queue,
        applications=engine.applications,
        accesses=reading.accesses,
        owner_of=reading.owner_of,
        app_of=lambda instance: app_of_instance(instance, namespace),
        refs_of=ref_digests,
        namespace=namespace,
        app_namespaces=reading.app_namespaces,
        admits=reading.admits,
    )
