"""When and how an Application syncs by itself: `spec.syncPolicy`."""

from __future__ import annotations

from datetime import timedelta

from msgspec import field

from common.core.errors import InvalidInput
from common.core.model.durations import parse_duration
from common.core.model.record import Record
from common.core.model.sync_options import SyncOptions, sync_options

DEFAULT_RETRY_LIMIT = 5
"""Of automated syncs whose policy has no `retry`."""
DEFAULT_BACKOFF = timedelta(seconds=5)
DEFAULT_BACKOFF_FACTOR = 2
DEFAULT_BACKOFF_MAXIMUM = timedelta(minutes=3)
_FOREVER_SECONDS = 100 * 366 * 86400


class Automated(Record, frozen=True, kw_only=True):
    """`syncPolicy.automated`: its presence turns automated syncs on, unless `enabled` is false."""

    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False
    """Let an automated sync prune everything when nothing is desired."""
    enabled: bool | None = None
    """None counts as true."""


class Backoff(Record, frozen=True, kw_only=True):
    """How long to wait before a failed sync is tried again: duration * factor ** retries."""

    duration: str = ""
    """A bare number counts as seconds; empty for 5s."""
    factor: int | None = None
    """None for 2."""
    max_duration: str = ""
    """Empty for 3m; `0` for no bound."""


class Retry(Record, frozen=True, kw_only=True):
    """`retry` of a policy or an operation."""

    limit: int = 0
    """How often to try again; below 0: without end."""
    backoff: Backoff | None = None
    refresh: bool = False
    """Try again with the newest revision, not with the one that failed."""

    @property
    def unlimited(self) -> bool:
        """Whether it never gives up."""
        return self.limit < 0

    def allows(self, retries: int) -> bool:
        """Whether one more try is allowed after so many retries."""
        return self.unlimited or retries < self.limit

    def delay(self, retries: int) -> timedelta:
        """How long after the last attempt the next one starts; a malformed duration counts as its default."""
        backoff = self.backoff or Backoff()
        base = _duration_or(backoff.duration, DEFAULT_BACKOFF)
        maximum = _duration_or(backoff.max_duration, DEFAULT_BACKOFF_MAXIMUM)
        factor = DEFAULT_BACKOFF_FACTOR if backoff.factor is None else backoff.factor
        seconds = min(
            base.total_seconds() * float(min(max(factor, 0) ** max(retries, 0), 10**12)), _FOREVER_SECONDS
        )
        wait = timedelta(seconds=max(seconds, 0.0))
        return min(wait, maximum) if maximum > timedelta() else wait


def _duration_or(text: str, default: timedelta) -> timedelta:
    try:
        return parse_duration(text, bare_seconds=True) if text else default
    except InvalidInput:
        return default


class NamespaceMetadata(Record, frozen=True, kw_only=True):
    """`managedNamespaceMetadata`: what the namespace made by `CreateNamespace=true` carries."""

    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


class SyncPolicy(Record, frozen=True, kw_only=True):
    """`spec.syncPolicy`."""

    automated: Automated | None = None
    sync_options: tuple[str, ...] = ()
    """As written; `options` reads them."""
    retry: Retry | None = None
    managed_namespace_metadata: NamespaceMetadata | None = None

    @property
    def is_automated(self) -> bool:
        """Whether it syncs by itself."""
        return self.automated is not None and self.automated.enabled is not False

    @property
    def options(self) -> SyncOptions:
        """The sync options, read."""
        return sync_options(self.sync_options)

    @property
    def automated_retry(self) -> Retry:
        """What an automated sync does after a failure."""
        return self.retry if self.retry is not None else Retry(limit=DEFAULT_RETRY_LIMIT)
