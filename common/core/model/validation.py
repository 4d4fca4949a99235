"""What is wrong with an Application's spec or operation beyond the types of its fields.

The rules are those that Argo CD checks before it reconciles, and those that would stop a sync later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from common.core.errors import FieldError, InvalidInput
from common.core.model.durations import EXPECTED, parse_duration
from common.core.model.hydrator import SourceHydrator
from common.core.model.operation import Operation
from common.core.model.reading import field_error
from common.core.model.source import ApplicationSource
from common.core.model.spec import ApplicationSpec
from common.core.model.sync_options import allowed_values
from common.core.model.sync_policy import Retry

_REF = re.compile(r"[A-Za-z0-9_-]+")


class _Report:
    """Collects errors; stays silent about fields that are wrong already because they could not be read."""

    def __init__(self, name: str, unreadable: Iterable[str]) -> None:
        self.name, self.unreadable = name, tuple(unreadable)
        self.errors: list[FieldError] = []

    def add(self, field: str, found: object, expected: str, *, about: Iterable[str] = ()) -> None:
        """One error. `about`: the fields below it that it comes from, when not the field itself."""
        causes = [f"{field}.{one}" for one in about] or [field]
        if not any(bad == field or bad in causes for bad in self.unreadable):
            self.errors.append(field_error(self.name, field, found, expected))


def spec_errors(
    spec: ApplicationSpec, name: str, *, unreadable: frozenset[str] = frozenset()
) -> list[FieldError]:
    """Why a spec cannot be synced. `name` is what errors call the object; of the fields that are `unreadable`
    an error says so already.
    """
    report = _Report(name, unreadable)
    _check_destination(spec, report)
    _check_sources(spec, report)
    _check_options(spec.policy.sync_options, "spec.syncPolicy.syncOptions", report)
    _check_retry(spec.policy.retry, "spec.syncPolicy.retry", report)
    if spec.revision_history_limit is not None and spec.revision_history_limit < 0:
        report.add("spec.revisionHistoryLimit", spec.revision_history_limit, "0 or more")
    for i, rule in enumerate(spec.ignore_differences):
        if not rule.kind:
            report.add(f"spec.ignoreDifferences[{i}].kind", rule.kind, "a kind, or * for any")
    return report.errors


def operation_errors(
    operation: Operation | None, name: str, *, unreadable: frozenset[str] = frozenset()
) -> list[FieldError]:
    """Why an operation cannot be carried out."""
    report = _Report(name, unreadable)
    if operation is not None:
        _check_retry(operation.retry, "operation.retry", report)
    if operation is not None and operation.sync is not None:
        _check_options(operation.sync.sync_options, "operation.sync.syncOptions", report)
        strategy = operation.sync.sync_strategy
        if strategy and strategy.apply and strategy.hook:
            report.add("operation.sync.syncStrategy", "apply and hook", "one of them")
    return report.errors


def spec_warnings(spec: ApplicationSpec, name: str) -> Iterator[FieldError]:
    """What has no effect, as Argo CD has it too, and should be said."""
    if spec.sources and spec.source is not None:
        yield field_error(name, "spec.source", "a source beside spec.sources", "one of them; sources is used")
    if spec.source_hydrator is not None and (spec.source is not None or spec.sources):
        yield field_error(
            name, "spec.source", "a source beside spec.sourceHydrator", "one of them; sourceHydrator is used"
        )
    for source in spec.effective_sources:
        if source.path and source.chart:
            both = f"path {source.path} and chart {source.chart}"
            yield field_error(name, "spec.source", both, "one of them; chart is used")
    for option in spec.policy.options.unknown:
        yield field_error(name, "spec.syncPolicy.syncOptions", option, "an option that exists; it is ignored")


def _check_destination(spec: ApplicationSpec, report: _Report) -> None:
    destination, about = spec.destination, ("server", "name")
    if destination.server and destination.name:
        both = f"server {destination.server} and name {destination.name}"
        report.add("spec.destination", both, "server or name, not both")
    elif not destination.server and not destination.name:
        report.add("spec.destination", None, "server or name of a cluster", about=about)


def _check_sources(spec: ApplicationSpec, report: _Report) -> None:
    if spec.source_hydrator is not None:
        _check_hydrator(spec.source_hydrator, report)
    elif spec.sources:
        seen: set[str] = set()
        for i, source in enumerate(spec.sources):
            _check_source(source, f"spec.sources[{i}]", report, several=True)
            if source.ref and source.ref in seen:
                report.add(f"spec.sources[{i}].ref", source.ref, "a ref that no other source has")
            seen.add(source.ref)
    elif spec.source is not None:
        _check_source(spec.source, "spec.source", report, several=False)
    elif not any(bad.startswith("spec.source") for bad in report.unreadable):
        report.add("spec.source", None, "source, sources or sourceHydrator")


def _check_hydrator(hydrator: SourceHydrator, report: _Report) -> None:
    needed = {
        "drySource.repoURL": hydrator.dry_source.repo_url,
        "drySource.targetRevision": hydrator.dry_source.target_revision,
        "drySource.path": hydrator.dry_source.path,
        "syncSource.targetBranch": hydrator.sync_source.target_branch,
        "syncSource.path": hydrator.sync_source.path,
    }
    for field, value in needed.items():
        if not value:
            report.add(f"spec.sourceHydrator.{field}", value, "a value")


def _check_source(source: ApplicationSource, at: str, report: _Report, *, several: bool) -> None:
    if not source.repo_url:
        report.add(f"{at}.repoURL", source.repo_url, "a repository's address")
    if not source.path and not source.chart and not (several and source.ref):
        expected = "path, chart or ref" if several else "path or chart"
        report.add(at, None, expected, about=("path", "chart", "ref"))
    if source.chart and not source.target_revision:
        report.add(f"{at}.targetRevision", None, "a chart's version or range")
    if source.ref and not _REF.fullmatch(source.ref):
        report.add(f"{at}.ref", source.ref, "letters, digits, - and _")
    if len(source.explicit_types) > 1:
        report.add(at, ", ".join(source.explicit_types), "options of one type of source")


def _check_options(options: Iterable[str], at: str, report: _Report) -> None:
    for i, option in enumerate(options):
        name, _, value = (part.strip() for part in option.partition("="))
        allowed = allowed_values(name)
        if allowed and value not in allowed:
            report.add(f"{at}[{i}]", option, f"{name}= and one of {', '.join(allowed)}")


def _check_retry(retry: Retry | None, at: str, report: _Report) -> None:
    if retry is None or retry.backoff is None:
        return
    backoff = retry.backoff
    for field, text in (("duration", backoff.duration), ("maxDuration", backoff.max_duration)):
        try:
            negative = bool(text) and parse_duration(text, bare_seconds=True).days < 0
        except InvalidInput as error:
            report.add(f"{at}.backoff.{field}", text, error.errors[0].expected)
        else:
            if negative:
                report.add(f"{at}.backoff.{field}", text, f"{EXPECTED}, not below 0")
    if backoff.factor is not None and backoff.factor < 0:
        report.add(f"{at}.backoff.factor", backoff.factor, "0 or more")
