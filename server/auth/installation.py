"""What `argocd-secret` says: the admin's password, the key that signs tokens, and the webhooks' secrets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from common.core.access import Secret
from common.core.errors import NotFound
from common.core.keys import GroupVersionKind, Object
from common.core.timestamps import parse_time
from common.ports import Clock, Cluster

NAME = "argocd-secret"
_SECRET = GroupVersionKind("", "v1", "Secret")
KEEP = timedelta(seconds=30)
"""How long a reading counts when nobody says that it changed."""


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """One reading."""

    admin_password: Secret = Secret("")
    """A bcrypt hash."""
    admin_password_at: datetime | None = None
    """When it was set: older tokens are refused."""
    signing_key: Secret = Secret("")
    webhooks: Mapping[str, Secret] = msgspec.field(default_factory=dict)
    """By sender (github, gitlab, gogs, ...), from `webhook.<sender>.secret`; and `azuredevops.username`,
    `azuredevops.password`, `bitbucket.uuid`.
    """


def read_installation(secret: Object) -> Installation:
    """Read the Secret; what cannot be decoded counts as absent."""
    values = {name: _decoded(text) for name, text in (secret.get("data") or {}).items()}
    values |= {name: str(text) for name, text in (secret.get("stringData") or {}).items()}
    webhooks = {
        name.removeprefix("webhook.").removesuffix(".secret"): Secret(text.strip())
        for name, text in values.items()
        if name.startswith("webhook.") and text.strip()
    }
    return Installation(
        admin_password=Secret(values.get("admin.password", "").strip()),
        admin_password_at=parse_time(values.get("admin.passwordMtime", "").strip()),
        signing_key=Secret(values.get("server.secretkey", "")),
        webhooks=webhooks,
    )


def _decoded(text: object) -> str:
    try:
        return base64.b64decode(str(text), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


class InstallationReader:
    """Keeps the last reading until the home cluster's version moves, and not for long."""

    def __init__(self, home: Callable[[], Cluster], namespace: str, clock: Clock, version: Callable[[], int]):
        self._home, self._namespace, self._clock, self._version = home, namespace, clock, version
        self._kept: tuple[int, datetime, Installation] | None = None

    def current(self) -> Installation:
        """The reading. Raises ClusterError, StoreUnavailable."""
        version, now = self._version(), self._clock.now()
        kept = self._kept
        if kept is not None and kept[0] == version and now - kept[1] < KEEP:
            return kept[2]
        try:
            found = read_installation(self._home().get(_SECRET, self._namespace, NAME))
        except NotFound:
            found = Installation()
        self._kept = (version, now, found)
        return found
