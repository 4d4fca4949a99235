"""Which Application an object belongs to: the tracking-id annotation, the instance label, or both.

The formats are Argo CD's, so that what it has tracked stays tracked. An object is ours only when its
tracking-id names that very object (a ReplicaSet inherits its Deployment's annotations) and it has no owner.
"""

from __future__ import annotations

import enum
import re
from typing import Self

import msgspec

from common.core.annotations import INSTALLATION_ID, INSTANCE_LABEL, TRACKING_ID, annotation, label
from common.core.errors import InvalidInput
from common.core.keys import AppKey, Object, ObjectKey, key_of

LABEL_LENGTH = 63
"""What Kubernetes allows for a label's value."""

_LABEL_END = re.compile(r"[^A-Za-z0-9]+$")


class TrackingMethod(enum.StrEnum):
    """`application.resourceTrackingMethod`."""

    ANNOTATION = "annotation"
    LABEL = "label"
    ANNOTATION_AND_LABEL = "annotation+label"


class TrackingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How objects are tracked, for the whole installation."""

    method: TrackingMethod = TrackingMethod.ANNOTATION
    label_key: str = INSTANCE_LABEL
    """`application.instanceLabelKey`."""
    installation_id: str = ""
    """`installationID`: tells several installations on one cluster apart; empty for none."""


BY_ANNOTATION = TrackingSettings()
"""Argo CD's default."""


class TrackingId(msgspec.Struct, frozen=True, order=True):
    """The annotation's value. Text form: `app:group/Kind:namespace/name`."""

    app: str
    key: ObjectKey

    def __str__(self) -> str:
        return f"{self.app}:{self.key}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form.

        Raises:
            InvalidInput: no application, or the rest is no object key.
        """
        app, colon, rest = text.partition(":")
        if not (app and colon):
            raise InvalidInput(
                "tracking-id", TRACKING_ID, found=text, expected="app:group/Kind:namespace/name"
            )
        return cls(app, ObjectKey.parse(rest))

    def names(self, key: ObjectKey) -> bool:
        """Whether it names that object. Cluster-scoped objects carry the application's namespace in it."""
        own = self.key
        return (own.group, own.kind, own.name) == (key.group, key.kind, key.name) and (
            key.namespace in ("", own.namespace)
        )


def instance_name(app: AppKey, home_namespace: str) -> str:
    """The application's name within tracking: `name`, or `namespace_name` outside the home namespace."""
    return app.name if app.namespace == home_namespace else f"{app.namespace}_{app.name}"


def app_of_instance(instance: str, home_namespace: str) -> AppKey:
    """The inverse of `instance_name`. Names of objects hold no underscore, so the first one separates."""
    namespace, underscore, name = instance.partition("_")
    return AppKey(namespace, name) if underscore else AppKey(home_namespace, instance)


def track(
    obj: Object, instance: str, destination_namespace: str, settings: TrackingSettings = BY_ANNOTATION
) -> Object:
    """The object with what tracks it; the given one is not changed.

    A cluster-scoped object's tracking-id names the destination namespace, as Argo CD writes it.
    """
    meta = dict(obj.get("metadata") or {})
    if settings.method is not TrackingMethod.LABEL:
        key = key_of(obj)
        if not key.namespace:
            key = msgspec.structs.replace(key, namespace=destination_namespace)
        added = {TRACKING_ID: str(TrackingId(instance, key))}
        if settings.installation_id:
            added[INSTALLATION_ID] = settings.installation_id
        meta["annotations"] = {**(meta.get("annotations") or {}), **added}
    if settings.method is not TrackingMethod.ANNOTATION:
        meta["labels"] = {**(meta.get("labels") or {}), settings.label_key: label_value(instance)}
    return {**obj, "metadata": meta}


def renamed(obj: Object, name: str) -> Object:
    """A tracked object under the name that `generateName` was to get: its tracking-id names it as well."""
    meta = {key: value for key, value in obj["metadata"].items() if key != "generateName"} | {"name": name}
    if tracking := annotation(obj, TRACKING_ID):
        named = f"{tracking.rpartition('/')[0]}/{name}"
        meta["annotations"] = {**meta["annotations"], TRACKING_ID: named}
    return {**obj, "metadata": meta}


def label_value(instance: str) -> str:
    """The instance name as a label may hold it: cut to 63 characters, with a letter or digit at its end."""
    return instance if len(instance) <= LABEL_LENGTH else _LABEL_END.sub("", instance[:LABEL_LENGTH])


def owner_of(obj: Object, settings: TrackingSettings = BY_ANNOTATION) -> str:
    """The instance name of the application that tracks a live object; empty when it is nobody's.

    Empty too for objects that have an owner, carry another object's tracking-id, or another
    installation's id. A label cut to its length limit is answered as it is cut.
    """
    meta = obj.get("metadata") or {}
    if meta.get("ownerReferences"):
        return ""
    if settings.method is TrackingMethod.LABEL:
        return label(obj, settings.label_key)
    if settings.installation_id != annotation(obj, INSTALLATION_ID):
        return ""
    try:
        tracking = TrackingId.parse(annotation(obj, TRACKING_ID))
    except InvalidInput:
        return ""
    return tracking.app if tracking.names(key_of(obj)) else ""


def is_ours(obj: Object, instance: str, settings: TrackingSettings = BY_ANNOTATION) -> bool:
    """Whether this application, and no other thing, answers for a live object: only then may it be pruned."""
    owner = owner_of(obj, settings)
    if settings.method is TrackingMethod.LABEL:
        return owner == label_value(instance) != ""
    return owner == instance != ""


def other_owner(obj: Object, instance: str, settings: TrackingSettings = BY_ANNOTATION) -> str:
    """Another application that a live object belongs to (SharedResourceWarning); empty when there is none."""
    owner = owner_of(obj, settings)
    return "" if owner == label_value(instance) or owner == instance else owner
