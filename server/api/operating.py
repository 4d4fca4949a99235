"""`…/sync`, `…/rollback`, `…/operation`: asked for in the Application itself, as kubectl would."""

from __future__ import annotations

from typing import Any

from common.core.convert import convert
from common.core.errors import InvalidInput
from common.core.keys import AppKey, Object
from common.core.model.application import Application, parse_application, read_application
from common.core.model.operation import Operation
from common.core.model.reading import read
from common.core.model.record import to_json
from common.core.model.status import RevisionHistory
from server.api.applications import without_managed_fields
from server.api.changing import change
from server.api.finding import key_of_call
from server.http.bodies import field, json_object, strings
from server.http.call import Call
from server.http.faults import Code, Fault
from server.service import Service


def sync(call: Call) -> Object:
    """Ask for a sync."""
    return without_managed_fields(
        request_sync(call.service, key_of_call(call), sync_operation(call.object), call.user)
    )


def sync_operation(body: dict[str, Any]) -> Object:
    """The `operation` that a sync request means. Raises Fault for a field of another type."""
    wanted: Object = {
        "revision": field(body, "revision", str),
        "revisions": strings(body, "revisions"),
        "prune": field(body, "prune", bool),
        "dryRun": field(body, "dryRun", bool),
        "syncStrategy": field(body, "strategy", dict),
        "resources": field(body, "resources", list),
        "manifests": strings(body, "manifests"),
        "syncOptions": strings(json_object(body.get("syncOptions"), "syncOptions"), "items"),
    }
    operation: Object = {"sync": {name: value for name, value in wanted.items() if value}}
    if infos := field(body, "infos", list):
        operation["info"] = infos
    if retry := field(body, "retryStrategy", dict):
        operation["retry"] = retry
    return operation


def request_sync(service: Service, key: AppKey, operation: Object, user: str) -> Object:
    """Set `operation` on an application, when nothing else is under way.

    Raises:
        Fault: something is, or its policy does not allow it.
        InvalidInput: the application or the operation is not valid.
    """
    operation = {**operation, "initiatedBy": {"username": user}}
    _, errors = read(operation, Operation, name=f"Application {key}", at="operation")
    if errors:
        raise InvalidInput.of(errors)

    def decide(current: Object) -> dict[str, Any]:
        app = parse_application({**current, "operation": operation})
        _idle(current, app)
        _follows(app, operation["sync"])
        wanted = operation
        policy = app.spec.policy
        if policy.sync_options and not operation["sync"].get("syncOptions"):
            wanted = {**operation, "sync": {**operation["sync"], "syncOptions": list(policy.sync_options)}}
        if policy.retry is not None and "retry" not in operation:
            wanted = {**wanted, "retry": to_json(policy.retry)}
        return {"operation": wanted}

    return change(service, key, decide)


def _idle(current: Object, app: Application) -> None:
    if app.deleting:
        raise Fault(Code.FAILED_PRECONDITION, "application is deleting")
    if current.get("operation") is not None:
        raise Fault(Code.FAILED_PRECONDITION, "another operation is already in progress")


def _follows(app: Application, wanted: Object) -> None:
    """An automated application syncs to where its sources point, and nowhere else."""
    revision = wanted.get("revision") or ""
    if wanted.get("dryRun") or not app.spec.policy.is_automated or not revision:
        return
    for source in app.spec.effective_sources[:1]:
        target = source.revision_or_head
        current = app.status.sync.revision if app.status.sync else ""
        if revision not in (target, current, source.target_revision):
            raise Fault(
                Code.FAILED_PRECONDITION,
                f"Cannot sync to {revision}: auto-sync currently set to {target}",
            )


def rollback(call: Call) -> Object:
    """Sync to an earlier entry of the history."""
    body = call.object
    return without_managed_fields(
        request_rollback(
            call.service,
            key_of_call(call),
            field(body, "id", int),
            call.user,
            prune=field(body, "prune", bool),
            dry_run=field(body, "dryRun", bool),
        )
    )


def request_rollback(
    service: Service, key: AppKey, deployment: int, user: str, *, prune: bool, dry_run: bool = False
) -> Object:
    """Ask for a sync to what was deployed under an id of the history; 0 is the one before the last.

    Raises:
        Fault: there is no such entry, auto-sync is on, or something is under way.
    """

    def decide(current: Object) -> dict[str, Any]:
        app = read_application(current).application
        _idle(current, app)
        if app.spec.policy.is_automated:
            raise Fault(Code.FAILED_PRECONDITION, "rollback cannot be initiated when auto-sync is enabled")
        entry = _entry(app, deployment)
        wanted: Object = {
            "revision": entry.revision,
            "revisions": list(entry.revisions),
            "prune": prune,
            "dryRun": dry_run,
            "syncOptions": list(app.spec.policy.sync_options),
            "syncStrategy": {"apply": {}},
            "source": to_json(entry.source) if entry.source else None,
            "sources": [to_json(source) for source in entry.sources],
        }
        made = {name: value for name, value in wanted.items() if value}
        return {"operation": {"initiatedBy": {"username": user}, "sync": made}}

    return change(service, key, decide)


def _entry(app: Application, deployment: int) -> RevisionHistory:
    history = app.status.history
    if deployment == 0 and len(history) > 1 and all(entry.id != 0 for entry in history):
        return history[-2]
    found = next((entry for entry in history if entry.id == deployment), None)
    if found is None:
        raise Fault(
            Code.INVALID_ARGUMENT, f"application {app.name} does not have deployment with id {deployment}"
        )
    return found


def terminate(call: Call) -> dict[str, Any]:
    """End the operation that is under way."""
    request_end(call.service, key_of_call(call))
    return {}


def request_end(service: Service, key: AppKey) -> Object:
    """Mark the operation as terminating. Raises Fault when none is under way."""

    def decide(current: Object) -> dict[str, Any]:
        state = convert((current.get("status") or {}).get("operationState") or {}, dict[str, Any])
        if current.get("operation") is None or state.get("phase") != "Running":
            raise Fault(Code.INVALID_ARGUMENT, "Unable to terminate operation. No operation is in progress")
        return {"status": {"operationState": {"phase": "Terminating"}}}

    return change(service, key, decide)
