"""Who asks: bearer tokens, and the review kinds that answer questions about them."""

from __future__ import annotations

import hmac
from typing import Any

import msgspec

from sandbox.requests import Request
from sandbox.status import ApiError

OPEN_PATHS = ("/healthz", "/readyz", "/livez", "/version")
"""Anonymous clients may read these, as on a default API server."""


class User(msgspec.Struct, frozen=True):
    """A caller."""

    name: str
    groups: tuple[str, ...] = ("system:masters", "system:authenticated")
    uid: str = ""


def unauthorized() -> ApiError:
    """401."""
    return ApiError(401, "Unauthorized", "Unauthorized")


class Authenticator:
    """Knows the tokens."""

    def __init__(self, tokens: dict[str, User]) -> None:
        self._tokens = {token.encode(): user for token, user in tokens.items()}

    def user(self, request: Request) -> User:
        """The caller.

        Raises:
            ApiError: 401.
        """
        scheme, _, token = request.headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer":
            raise unauthorized()
        found = self._tokens.get(token.strip())
        if found is None or not any(hmac.compare_digest(token.strip(), known) for known in self._tokens):
            raise unauthorized()
        return found

    def of_token(self, token: str) -> User | None:
        """Whose token it is."""
        return self._tokens.get(token.encode())


def review(authenticator: Authenticator, user: User, plural: str, obj: dict[str, Any]) -> dict[str, Any]:
    """The answer to one of the kinds that are only created. Everybody who has a token may do everything."""
    spec = obj.get("spec") or {}
    who = {"username": user.name, "groups": list(user.groups)}
    if plural == "selfsubjectreviews":
        obj["status"] = {"userInfo": who}
    elif plural == "tokenreviews":
        found = authenticator.of_token(str(spec.get("token", "")))
        known = {"username": found.name, "groups": list(found.groups)} if found else {}
        obj["status"] = {"authenticated": found is not None, "user": known}
    elif plural == "selfsubjectrulesreviews":
        everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        obj["status"] = {
            "resourceRules": [everything],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": False,
        }
    else:
        obj["status"] = {"allowed": True, "reason": "every token of a sandbox may do everything"}
    obj.setdefault("metadata", {})
    return obj
