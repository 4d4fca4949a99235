"""An Application as a frozen typed view beside its raw document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from common.core.errors import FieldError, InvalidInput
from common.core.keys import AppKey, Object
from common.core.model.operation import Operation
from common.core.model.reading import field_error, read
from common.core.model.spec import ApplicationSpec
from common.core.model.status import ApplicationStatus
from common.core.model.validation import operation_errors, spec_errors, spec_warnings
from common.core.timestamps import parse_time

API_VERSION = "argoproj.io/v1alpha1"
KIND = "Application"


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """An Application."""

    raw: Object
    """The document as it was read, with the fields that nobody here knows."""
    key: AppKey
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    annotations: Mapping[str, str] = msgspec.field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    deletion_timestamp: datetime | None = None
    spec: ApplicationSpec = ApplicationSpec()
    operation: Operation | None = None
    """What somebody has asked for and nobody has finished."""
    status: ApplicationStatus = ApplicationStatus()

    @property
    def name(self) -> str:
        """Without its namespace."""
        return self.key.name

    @property
    def deleting(self) -> bool:
        """Whether somebody has deleted it, and finalizers hold it."""
        return self.deletion_timestamp is not None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What reading an Application gave, wrong or right."""

    application: Application
    """Without the parts that could not be read."""
    errors: tuple[FieldError, ...] = ()
    """Why it cannot be synced as it is."""
    warnings: tuple[FieldError, ...] = ()
    """What has no effect, though somebody may think that it has."""


def parse_application(raw: Object) -> Application:
    """Read an Application.

    Raises:
        InvalidInput: with every error of its metadata, spec and operation. What is wrong in its status is
            none: the status is ours to write anew.
    """
    reading = read_application(raw)
    if reading.errors:
        raise InvalidInput.of(reading.errors)
    return reading.application


def read_application(raw: Object) -> Reading:
    """Read an Application leniently: for its status and conditions where `parse_application` refuses it."""
    meta = _mapping(raw.get("metadata"))
    key = AppKey(_text(meta.get("namespace")), _text(meta.get("name")))
    shown = f"{KIND} {key}"
    spec, wrong_spec = read(raw.get("spec") or {}, ApplicationSpec, name=shown, at="spec")
    operation, wrong_operation = _operation(raw, shown)
    status, _ = read(raw.get("status") or {}, ApplicationStatus, name=shown, at="status")
    application = Application(
        raw=raw,
        key=key,
        uid=_text(meta.get("uid")),
        resource_version=_text(meta.get("resourceVersion")),
        generation=meta["generation"] if isinstance(meta.get("generation"), int) else 0,
        labels=_texts(meta.get("labels")),
        annotations=_texts(meta.get("annotations")),
        finalizers=_strings(meta.get("finalizers")),
        deletion_timestamp=parse_time(meta.get("deletionTimestamp")),
        spec=spec,
        operation=operation,
        status=status,
    )
    errors = [
        *_identity_errors(raw, key, shown),
        *wrong_spec,
        *spec_errors(spec, shown, unreadable=frozenset(error.field for error in wrong_spec)),
        *wrong_operation,
        *operation_errors(operation, shown, unreadable=frozenset(error.field for error in wrong_operation)),
    ]
    return Reading(
        application=application,
        errors=tuple(dict.fromkeys(errors)),
        warnings=tuple(spec_warnings(spec, shown)),
    )


def _operation(raw: Object, shown: str) -> tuple[Operation | None, list[FieldError]]:
    given = raw.get("operation")
    if given is None:
        return None, []
    operation, errors = read(given, Operation, name=shown, at="operation")
    return operation, errors


def _identity_errors(raw: Object, key: AppKey, shown: str) -> list[FieldError]:
    errors = []
    if raw.get("apiVersion", API_VERSION) != API_VERSION:
        errors.append(field_error(shown, "apiVersion", raw["apiVersion"], API_VERSION))
    if raw.get("kind", KIND) != KIND:
        errors.append(field_error(shown, "kind", raw["kind"], KIND))
    if not key.name:
        errors.append(field_error(shown, "metadata.name", None, "a name"))
    return errors


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> Mapping[str, str]:
    return {key: _text(text) for key, text in _mapping(value).items()}


def _strings(value: Any) -> tuple[str, ...]:
    return (
        tuple(_text(item) for item in value)
        if isinstance(value, Sequence) and not isinstance(value, str)
        else ()
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)
