"""From a comparison to the status of an Application: its resources, sync status and health."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

import msgspec

from common.core.annotations import COMPARE_OPTIONS, SYNC_OPTIONS, has_option
from common.core.desired import DesiredSet
from common.core.health import Health, application_health
from common.core.hooks import is_hook, wave_of
from common.core.keys import Object, ObjectKey, gvk_of
from common.core.model.status import Health as HealthField
from common.core.model.status import ResourceStatus, Summary
from common.core.resource_links import summary_of
from common.core.statuses import HealthStatus, SyncStatus

Assess = Callable[[Object], Health | None]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison of one application found."""

    desired: DesiredSet
    live: Mapping[ObjectKey, Object]
    """Its live objects; hooks too."""
    statuses: Mapping[ObjectKey, SyncStatus]
    """Of the desired objects; one that is not here is Unknown."""
    orphans: Collection[ObjectKey] = frozenset()
    """Live objects proven to be ours and no longer desired."""
    unknown: bool = False
    """The comparison could not be made for all of them (a render or a read failed)."""
    assess: Assess
    confirm_prune: bool = False
    """`Prune=confirm` of the application."""


class StatusFound(msgspec.Struct, frozen=True, kw_only=True):
    """What goes into `status`."""

    resources: tuple[ResourceStatus, ...]
    sync: SyncStatus
    health: HealthStatus
    summary: Summary


def status_of(found: Compared) -> StatusFound:
    """The status that a comparison gives."""
    rows = [*_desired_rows(found), *_live_rows(found)]
    rows.sort(key=lambda row: (row.group, row.kind, row.namespace, row.name))
    images, links = summary_of(found.live.values())
    return StatusFound(
        resources=tuple(rows),
        sync=_sync_status(found, rows),
        health=_health(found),
        summary=Summary(images=images, external_urls=links),
    )


def _desired_rows(found: Compared) -> Iterable[ResourceStatus]:
    for one in found.desired.objects:
        live = found.live.get(one.key)
        health = Health(HealthStatus.MISSING) if live is None else found.assess(live)
        status = found.statuses.get(one.key, SyncStatus.UNKNOWN)
        yield _row(one.key, one.object, status, health)


def _live_rows(found: Compared) -> Iterable[ResourceStatus]:
    """Objects that are only live: those to be pruned, and the hooks of earlier syncs."""
    desired = found.desired.by_key
    for key in sorted(found.live):
        live = found.live[key]
        if key in desired or not (key in found.orphans or is_hook(live)):
            continue
        row = _row(key, live, SyncStatus.OUT_OF_SYNC, found.assess(live))
        if is_hook(live):
            yield msgspec.structs.replace(row, status="", hook=True)
            continue
        confirm = found.confirm_prune or has_option(live, SYNC_OPTIONS, "Prune=confirm")
        yield msgspec.structs.replace(row, requires_pruning=True, requires_deletion_confirmation=confirm)


def _row(key: ObjectKey, obj: Object, status: SyncStatus, health: Health | None) -> ResourceStatus:
    return ResourceStatus(
        group=key.group,
        version=gvk_of(obj).version,
        kind=key.kind,
        namespace=key.namespace,
        name=key.name,
        status=str(status),
        health=None if health is None else HealthField(status=str(health.status), message=health.message),
        sync_wave=wave_of(obj).number,
    )


def _sync_status(found: Compared, rows: Iterable[ResourceStatus]) -> SyncStatus:
    """Unknown outweighs OutOfSync: nothing may be concluded from half a comparison."""
    if found.unknown:
        return SyncStatus.UNKNOWN
    counted = {row.status for row in rows if not row.hook and not _extraneous(found, row)}
    for status in (SyncStatus.UNKNOWN, SyncStatus.OUT_OF_SYNC):
        if str(status) in counted:
            return status
    return SyncStatus.SYNCED


def _extraneous(found: Compared, row: ResourceStatus) -> bool:
    """`compare-options: IgnoreExtraneous`: to be pruned, and no reason to be OutOfSync."""
    if not row.requires_pruning:
        return False
    live = found.live[ObjectKey(row.group, row.kind, row.namespace, row.name)]
    return has_option(live, COMPARE_OPTIONS, "IgnoreExtraneous")


def _health(found: Compared) -> HealthStatus:
    live = [found.live.get(one.key) for one in found.desired.objects]
    live += [
        found.live[key] for key in sorted(found.orphans) if key in found.live and not is_hook(found.live[key])
    ]
    return application_health((obj, None if obj is None else found.assess(obj)) for obj in live)


def health_field(
    status: HealthStatus, old: HealthField | None, now: datetime, message: str = ""
) -> HealthField:
    """`status.health`, with the time of its last change kept while it stays the same."""
    same = old is not None and old.status == str(status) and old.last_transition_time is not None
    since = old.last_transition_time if old is not None and same else now
    return HealthField(status=str(status), message=message, last_transition_time=since)
