"""Apply an object server-side, and take over what others applied to it before us."""

from __future__ import annotations

from common.core.compare.structural import MANAGER
from common.core.errors import VersionConflict
from common.core.keys import Object, gvk_of
from common.core.plan import Step
from common.core.typed.takeover import taken_over
from common.ports import Cluster

ATTEMPTS = 3
"""Of an object that others write at the same time."""


def apply(cluster: Cluster, step: Step, obj: Object, *, dry_run: bool) -> Object:
    """One request; at the first contact with an object that others applied, one or two more.

    What the snapshot knows of is taken over before the apply. What only the answer tells of, because nobody
    tracked the object until now, is taken over then, and applied once more.

    Raises:
        VersionConflict: it changes too fast.
        ClusterError: the server refused.
    """
    if not dry_run and step.live is not None:
        take_over(cluster, step, step.live)
    answer = cluster.apply(obj, dry_run=dry_run, validate=step.validate)
    if not dry_run and take_over(cluster, step, answer):
        answer = cluster.apply(obj, validate=step.validate)
    return answer


def take_over(cluster: Cluster, step: Step, live: Object) -> bool:
    """Rewrite the ownership, with the resourceVersion as precondition; whether there was any to rewrite."""
    gvk = gvk_of(step.object or live)
    for attempt in range(ATTEMPTS):
        fields = taken_over(live, step.takes_over, manager=MANAGER)
        if fields is None:
            return False
        version = live["metadata"]["resourceVersion"]
        body = {"metadata": {"managedFields": fields, "resourceVersion": version}}
        try:
            cluster.patch(gvk, step.key.namespace, step.key.name, body)
        except VersionConflict:
            if attempt == ATTEMPTS - 1:
                raise
            live = cluster.get(gvk, step.key.namespace, step.key.name)
        else:
            return True
    return False  # pragma: no cover - the last attempt raises
