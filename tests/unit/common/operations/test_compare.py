"""Comparing: stamp, then schema, then dry run."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from common.core.compare.ignore import IgnoreRule
from common.core.compare.structural import Drift
from common.core.desired import DesiredObject, DesiredSet, Scope
from common.core.errors import (
    AdmissionDenied,
    ClusterError,
    ClusterUnreachable,
    Forbidden,
    KindNotServed,
    NamespaceMissing,
    ObjectRejected,
)
from common.core.keys import Object, key_of
from common.core.redact import digest_secret
from common.core.statuses import SyncStatus
from common.operations.compare import Judge
from common.operations.live_view import LiveView
from tests.unit.common.operations.fakes import SECRET, World, config_map, tracked

BLUE = tracked(config_map(colour="blue"))
RED = tracked(config_map(colour="red"))
KEY = key_of(BLUE)


@pytest.fixture
def world() -> World:
    """Nothing live yet."""
    return World()


def judge(world: World, *rules: IgnoreRule, stamps: dict[str, Any] | None = None, dry: bool = True) -> Judge:
    """Of the remote cluster."""
    return Judge(world.ports, world.remote, rules, stamps or {}, dry_run_when_unsure=dry)


def wanted(obj: Object, refusal: str = "") -> DesiredObject:
    """A desired object."""
    return DesiredObject(key=key_of(obj), object=obj, digest="d", scope=Scope.NAMESPACED, refusal=refusal)


def seen(*objects: Object, absent: bool = False) -> LiveView:
    """What is live."""
    gone = frozenset({KEY}) if absent else frozenset()
    return LiveView(objects={key_of(obj): obj for obj in objects}, absent=gone, complete=frozenset())


def unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The structural answer cannot tell."""
    found = Drift(certain=False)
    monkeypatch.setattr(Judge, "_structural", lambda *_: found)


def test_what_is_missing_is_out_of_sync(world: World) -> None:
    """With the reason: missing by proof, not looked at, or refused."""
    mine = judge(world)
    found = [
        mine.one(wanted(BLUE), seen(absent=True)),
        mine.one(wanted(BLUE), seen()),
        mine.one(wanted(BLUE, "not permitted"), seen(absent=True)),
    ]
    assert [one.reason for one in found] == ["missing", "not looked at", "not permitted"]
    assert {one.status for one in found} == {SyncStatus.OUT_OF_SYNC}


def test_the_structural_answer_costs_no_request(world: World) -> None:
    """In sync, or the paths that differ; fields that desired does not name are no drift."""
    live = world.remote.apply(BLUE)
    world.remote.requests.clear()
    mine = judge(world)
    assert mine.one(wanted(BLUE), seen(live)).status is SyncStatus.SYNCED
    more = {**live, "data": {"colour": "blue", "by": "another"}}
    assert mine.one(wanted(BLUE), seen(more)).status is SyncStatus.SYNCED
    drifted = mine.one(wanted(RED), seen(live))
    assert drifted.status is SyncStatus.OUT_OF_SYNC
    assert [path.text for path in drifted.drift.paths] == ["data.colour"]
    assert world.remote.requests == []


def test_an_unchanged_stamp_ends_the_comparison(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Desired, live and rules as they were: nothing is compared."""
    live = world.remote.apply(BLUE)
    stamps = dict(judge(world).compare(_set(BLUE), seen(live)).stamps)
    assert list(stamps) == [str(KEY)]

    def never(*_: object) -> Drift:
        raise AssertionError("compared")

    monkeypatch.setattr(Judge, "_structural", never)
    assert judge(world, stamps=stamps).one(wanted(BLUE), seen(live)).status is SyncStatus.SYNCED
    rule = IgnoreRule(kind="ConfigMap", json_pointers=("/data/x",))
    for again, obj, is_live in (
        (judge(world, stamps=stamps), RED, live),
        (judge(world, stamps=stamps), BLUE, {**live, "data": {"colour": "red"}}),
        (judge(world, rule, stamps=stamps), BLUE, live),
    ):
        with pytest.raises(AssertionError, match="compared"):
            again.one(wanted(obj), seen(is_live))


def _set(*objects: Object) -> DesiredSet:
    return DesiredSet(
        objects=tuple(wanted(obj) for obj in objects), hooks=(), hook_refusals={}, conditions=(), digest="d"
    )


def test_only_what_is_in_sync_is_stamped(world: World) -> None:
    """And both sides of the comparison are told apart."""
    blue = world.remote.apply(BLUE)
    other = tracked(config_map("other", colour="red"))
    live = world.remote.apply(tracked(config_map("other", colour="green")))
    found = judge(world).compare(_set(BLUE, other), seen(blue, live))
    assert (found.in_sync, found.drifted) == ({KEY}, {key_of(other)})
    assert list(found.stamps) == [str(KEY)]


def test_what_is_unsure_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One dry run; what it predicts against what is live is the answer."""
    live = world.remote.apply(BLUE)
    unsure(monkeypatch)
    world.remote.requests.clear()
    assert judge(world).one(wanted(BLUE), seen(live)).status is SyncStatus.SYNCED
    assert judge(world).one(wanted(RED), seen(live)).status is SyncStatus.OUT_OF_SYNC
    assert [verb for verb, _ in world.remote.requests] == ["dry-apply", "dry-apply"]


def test_what_policy_heals_is_not_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The apply is the answer; an empty drift counts as in sync."""
    live = world.remote.apply(BLUE)
    unsure(monkeypatch)
    world.remote.requests.clear()
    assert judge(world, dry=False).one(wanted(RED), seen(live)).status is SyncStatus.SYNCED
    assert world.remote.requests == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ObjectRejected("spec.x: immutable", immutable=True), SyncStatus.OUT_OF_SYNC),
        (NamespaceMissing("no namespace"), SyncStatus.OUT_OF_SYNC),
        (KindNotServed("no kind"), SyncStatus.OUT_OF_SYNC),
        (Forbidden("not you"), SyncStatus.UNKNOWN),
        (AdmissionDenied("policy"), SyncStatus.UNKNOWN),
        (ClusterUnreachable("gone"), SyncStatus.UNKNOWN),
        (ClusterError("quota"), SyncStatus.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_a_refused_dry_run_is_classified(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, status: SyncStatus
) -> None:
    """What the object is to blame for is drift with a reason, what the server is to blame for is Unknown."""
    live = world.remote.apply(BLUE)
    unsure(monkeypatch)
    world.remote.fail("apply", error)
    found = judge(world).one(wanted(RED), seen(live))
    assert (found.status, found.reason) == (status, str(error))


def secret(password: str) -> Object:
    """A Secret of ours."""
    data = {"password": base64.b64encode(password.encode()).decode()}
    meta = {"name": "login", "namespace": "shop"}
    return tracked({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})


def test_secrets_are_compared_by_digest(world: World) -> None:
    """The snapshot has digests only; no value shows in the drift."""
    live = digest_secret(world.remote.apply(secret("hunter2")), world.ports.secrets_key)
    mine = judge(world)
    assert mine.one(wanted(secret("hunter2")), seen(live)).status is SyncStatus.SYNCED
    found = mine.one(wanted(secret("hunter3")), seen(live))
    assert found.status is SyncStatus.OUT_OF_SYNC
    assert "hunter" not in str(found)
    assert base64.b64encode(b"hunter3").decode() not in str(found)


def test_a_stamp_of_a_secret_tells_nothing(world: World) -> None:
    """It is the same from the server's answer and from the snapshot's digests."""
    answer = world.remote.apply(secret("hunter2"))
    mine = judge(world)
    kept = digest_secret(answer, world.ports.secrets_key)
    assert mine.stamp(secret("hunter2"), answer) == mine.stamp(secret("hunter2"), kept)


def test_ignored_fields_keep_their_live_values(world: World) -> None:
    """In what is applied; without a rule, or without a live object, it is applied as it is."""
    live = world.remote.apply(RED)
    rule = IgnoreRule(kind="ConfigMap", json_pointers=("/data/colour",))
    assert judge(world, rule).to_apply(BLUE, live)["data"] == {"colour": "red"}
    assert judge(world, rule).to_apply(BLUE, None) == BLUE
    assert judge(world).to_apply(BLUE, live) == BLUE
    assert judge(world, rule).one(wanted(BLUE), seen(live)).status is SyncStatus.SYNCED


def test_a_digest_is_never_applied(world: World) -> None:
    """Where a Secret's field is ignored its live value is read from the cluster."""
    real = world.remote.apply(secret("hunter2"))
    live = digest_secret(real, world.ports.secrets_key)
    rule = IgnoreRule(kind="Secret", json_pointers=("/data/password",))
    made = judge(world, rule).to_apply(secret("other"), live)
    assert made["data"] == real["data"] == world.remote.get(SECRET, "shop", "login")["data"]
