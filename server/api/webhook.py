"""`POST /api/webhook`: a push makes the refs that somebody follows due at once."""

from __future__ import annotations

from collections.abc import Iterable

from anyio import to_thread
from starlette.requests import Request

from common import logging
from common.core.model.repo_url import normalise_repo_url
from common.operations.follow import REFS
from common.ports import Item, Kind
from server.api.push_events import Push, Refused, read_push, sender_of, verify
from server.http.bodies import parse_json, read_body
from server.http.call import JsonAnswer
from server.http.faults import Code, Fault
from server.service import Service

log = logging.get(__name__)


async def webhook(request: Request) -> JsonAnswer:
    """Verify, read, make due. Raises Fault when it is too large, not signed as it must be, or no JSON."""
    service: Service = request.app.state.service
    limit = await to_thread.run_sync(_limit, service)
    body = await read_body(request, limit)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return JsonAnswer(await to_thread.run_sync(take_push, service, headers, body))


def _limit(service: Service) -> int:
    return min(service.settings.max_body_bytes, service.fleet.current().settings.webhook_payload_bytes)


def take_push(service: Service, headers: dict[str, str], body: bytes) -> dict[str, object]:
    """What one delivery does. Raises Fault."""
    sender = sender_of(headers)
    secrets = service.installation.current().webhooks
    try:
        verify(sender, headers, body, secrets, service.settings.webhook_secret)
    except Refused as refused:
        log.warning("webhook_refused", sender=sender, reason=str(refused))
        raise Fault(Code.UNAUTHENTICATED, str(refused)) from None
    push = read_push(sender, headers, parse_json(body))
    if push is None:
        return {"message": "nothing to do", "refs": 0}
    asked = ask_for(service, push)
    log.info("webhook_taken", sender=sender, ref=push.ref, refs=asked)
    return {"message": "ok", "refs": asked}


def ask_for(service: Service, push: Push) -> int:
    """Make due every followed ref that the push may have moved; how many. Raises StoreUnavailable."""
    ports = service.ports
    items = [Item.ref(digest) for digest in sorted(set(followed_digests(service, push)))]
    for item in ports.due.request_many(items, Kind.FETCH) if items else ():
        ports.queue.ring(item, Kind.FETCH)
    return len(items)


def followed_digests(service: Service, push: Push) -> Iterable[str]:
    """Of the facts of refs, those of the same repository that mean the ref, and every range of versions."""
    urls = {normalise_repo_url(url) for url in push.urls}
    for digest, fact in service.ports.facts.all(REFS).items():
        if normalise_repo_url(str(fact.get("url") or "")) not in urls or fact.get("chart"):
            continue
        ref = str(fact.get("ref") or "")
        if not push.ref or ref in push.targets or _may_be_range(ref, push):
            yield digest


def _may_be_range(ref: str, push: Push) -> bool:
    """A new tag may be in a range, which is no ref's name."""
    return push.ref.startswith("refs/tags/") and any(mark in ref for mark in "*x^~<>=, ")
