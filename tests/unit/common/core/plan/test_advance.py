"""`advance()`: what an operation does next, given what has been recorded and what is live."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.annotations import HOOK_FINALIZER
from common.core.health import Health
from common.core.keys import Object, key_of
from common.core.plan import Action, Advance, StepResult, SyncPlan, advance, record, terminate
from common.core.statuses import HealthStatus, OperationPhase, ResultCode
from tests.unit.common.core.plan.test_build import obj, orphan, planned


class Cluster:
    """A play cluster: carries steps out, and holds each object's health."""

    def __init__(self, made: SyncPlan) -> None:
        self.plan = made
        self.live: dict[Any, Object] = {s.key: s.live for s in made.steps if s.live is not None}
        self.results: tuple[StepResult, ...] = ()
        self.health: dict[str, Health | None] = {}
        self.absent: set[Any] = set()
        self.fails: set[str] = set()

    def assess(self, found: Object) -> Health | None:
        """As it was set; none else."""
        return self.health.get(found["metadata"]["name"])

    def next(self) -> Advance:
        """What to do now."""
        said = advance(self.plan, self.results, live=self.live, assess=self.assess, absent=self.absent)
        self.results = said.results
        return said

    def do(self, said: Advance) -> None:
        """Carry it out."""
        for step in said.finish:
            if step.action is Action.DELETE_HOOK:
                self.live.pop(step.key)
            else:
                self.live[step.key]["metadata"]["finalizers"].remove(HOOK_FINALIZER)
        for step in said.run:
            code, message = ResultCode.SYNCED, "made"
            if step.action is Action.REFUSE or step.key.name in self.fails:
                code, message = ResultCode.SYNC_FAILED, step.reason or "refused by the server"
            elif step.action is Action.SKIP_PRUNE:
                code, message = ResultCode.PRUNE_SKIPPED, step.reason
            elif step.action is Action.PRUNE:
                code, message = ResultCode.PRUNED, "pruned"
            elif step.object is not None:
                self.live[step.key] = step.object
            self.results = record(self.results, step, code, message)

    def run(self, times: int = 20) -> Advance:
        """Go on until there is nothing to do now."""
        said = self.next()
        while (said.run or said.finish) and times:
            self.do(said)
            times -= 1
            said = self.next()
        return said

    def phase_of(self, name: str) -> OperationPhase | None:
        """Where a step is."""
        return next(r.hook_phase for r in self.results if r.key.name == name)


PROGRESSING = Health(HealthStatus.PROGRESSING, "not yet")
HEALTHY = Health(HealthStatus.HEALTHY, "fine")
DEGRADED = Health(HealthStatus.DEGRADED, "broken")


def hook(name: str, phase: str, **more: str) -> Object:
    """A hook."""
    return obj("Job", name, hook=phase, **more)


def test_nothing_to_do_succeeds() -> None:
    """An application without objects."""
    said = Cluster(planned()).run()
    assert (said.phase, said.message) == (OperationPhase.SUCCEEDED, "successfully synced (no more tasks)")


def test_a_plain_sync_succeeds_without_waiting_for_health() -> None:
    """The last wave, no hooks after it; even for what is degraded."""
    cluster = Cluster(planned(obj("Deployment", "a"), obj("ConfigMap", "b")))
    cluster.health = {"a": DEGRADED}
    said = cluster.run()
    assert (said.phase, said.message) == (OperationPhase.SUCCEEDED, "successfully synced (all tasks run)")


def test_a_wave_waits_for_the_health_of_the_one_before() -> None:
    """And goes on when it is healthy."""
    cluster = Cluster(planned(obj("Deployment", "first"), obj("Deployment", "second", sync_wave="1")))
    cluster.health = {"first": PROGRESSING, "second": PROGRESSING}
    said = cluster.run()
    assert said.message == "waiting for healthy state of apps/Deployment/first"
    assert [k.name for k in said.waiting_for] == ["first"]
    assert cluster.next().run == ()
    cluster.health["first"] = HEALTHY
    assert cluster.run().phase is OperationPhase.SUCCEEDED


def test_a_degraded_object_in_a_wave_fails_the_sync() -> None:
    """What comes after it is not applied."""
    cluster = Cluster(planned(obj("Deployment", "first"), obj("Deployment", "second", sync_wave="1")))
    cluster.health = {"first": DEGRADED}
    said = cluster.run()
    assert said.phase is OperationPhase.FAILED
    assert said.message == "one or more synchronization tasks completed unsuccessfully"
    assert [(r.key.name, r.message) for r in said.results] == [("first", "broken")]


def test_an_object_that_fails_to_apply_ends_the_sync_at_once() -> None:
    """With its reason; others of its wave are not waited for."""
    cluster = Cluster(
        planned(obj("Deployment", "a"), obj("Deployment", "b"), obj("ConfigMap", "c", sync_wave="1"))
    )
    cluster.health, cluster.fails = {"a": PROGRESSING}, {"b"}
    said = cluster.run()
    assert said.phase is OperationPhase.FAILED
    assert said.message == "one or more objects failed to apply, reason: refused by the server"


def test_a_plan_with_a_refused_step_starts_nothing() -> None:
    """The whole plan is valid, or nothing is written."""
    refused = {key_of(obj("ConfigMap", "b")): "not served"}
    cluster = Cluster(
        planned(obj("ConfigMap", "a"), obj("ConfigMap", "b"), hooks=(hook("f", "SyncFail"),), refused=refused)
    )
    said = cluster.next()
    assert [s.key.name for s in said.run] == ["b"]
    said = cluster.run()
    assert (said.phase, said.message) == (
        OperationPhase.FAILED,
        "one or more synchronization tasks are not valid",
    )
    assert [r.key.name for r in said.results] == ["b"]


def test_hooks_run_around_the_objects() -> None:
    """PreSync ends before Sync begins; PostSync begins when all is healthy."""
    cluster = Cluster(
        planned(obj("Deployment", "app"), hooks=(hook("pre", "PreSync"), hook("post", "PostSync")))
    )
    cluster.health = {"pre": PROGRESSING, "app": PROGRESSING, "post": PROGRESSING}
    assert cluster.run().message == "waiting for completion of hook batch/Job/pre"
    cluster.health["pre"] = HEALTHY
    assert cluster.run().message == "waiting for healthy state of apps/Deployment/app"
    cluster.health["app"] = HEALTHY
    assert cluster.run().message == "waiting for completion of hook batch/Job/post"
    cluster.health["post"] = HEALTHY
    assert cluster.run().phase is OperationPhase.SUCCEEDED
    assert [(r.hook_type, r.hook_phase) for r in cluster.results if r.hook_type] == [
        ("PreSync", "Succeeded"),
        ("PostSync", "Succeeded"),
    ]


def test_several_are_counted_in_the_message() -> None:
    """The first by name, and how many more."""
    cluster = Cluster(planned(hooks=(hook("a", "Sync"), hook("b", "Sync"))))
    cluster.health = {"a": PROGRESSING, "b": PROGRESSING}
    assert cluster.run().message == "waiting for completion of hook batch/Job/a and 1 more hooks"


@pytest.mark.parametrize("status", [HealthStatus.DEGRADED, HealthStatus.UNKNOWN])
def test_a_failed_hook_fails_the_sync(status: HealthStatus) -> None:
    """Nothing after it runs."""
    cluster = Cluster(planned(obj("ConfigMap", "app"), hooks=(hook("pre", "PreSync"),)))
    cluster.health = {"pre": Health(status, "boom")}
    said = cluster.run()
    assert said.phase is OperationPhase.FAILED
    assert [(r.key.name, r.message) for r in said.results] == [("pre", "boom")]


def test_sync_fail_hooks_run_before_the_failure_is_told() -> None:
    """They end, then the operation does."""
    cluster = Cluster(planned(obj("ConfigMap", "app"), hooks=(hook("clean", "SyncFail"),)))
    cluster.fails, cluster.health = {"app"}, {"clean": PROGRESSING}
    assert cluster.run().message == "waiting for completion of hook batch/Job/clean"
    cluster.health["clean"] = HEALTHY
    said = cluster.run()
    assert (said.phase, "refused by the server" in said.message) == (OperationPhase.FAILED, True)


def test_a_failed_sync_fail_hook_is_told_too() -> None:
    """On a line of its own."""
    cluster = Cluster(planned(obj("ConfigMap", "app"), hooks=(hook("clean", "SyncFail"),)))
    cluster.fails, cluster.health = {"app"}, {"clean": DEGRADED}
    assert cluster.run().message.endswith("\none or more SyncFail hooks failed")


def test_sync_fail_hooks_do_not_run_after_a_success() -> None:
    """They have no result then."""
    cluster = Cluster(planned(obj("ConfigMap", "app"), hooks=(hook("clean", "SyncFail"),)))
    assert cluster.run().phase is OperationPhase.SUCCEEDED
    assert [r.key.name for r in cluster.results] == ["app"]


@pytest.mark.parametrize(
    ("policy", "health", "stands"),
    [
        ("HookSucceeded", HEALTHY, False),
        ("HookSucceeded", DEGRADED, True),
        ("HookFailed", DEGRADED, False),
        ("HookFailed", HEALTHY, True),
        ("BeforeHookCreation", HEALTHY, True),
    ],
)
def test_hooks_go_by_their_policy(policy: str, health: Health, stands: bool) -> None:
    """Deleted when recorded, else released from our finalizer."""
    cluster = Cluster(planned(hooks=(hook("h", "Sync", hook_delete_policy=policy),)))
    cluster.health = {"h": health}
    cluster.run()
    left = list(cluster.live.values())
    assert bool(left) is stands
    assert all(HOOK_FINALIZER not in one["metadata"]["finalizers"] for one in left)


def test_an_old_hook_is_deleted_before_ours_is_made() -> None:
    """BeforeHookCreation; and waited for until it is gone."""
    cluster = Cluster(planned(hooks=(hook("h", "Sync"),), live=(hook("h", "Sync"),), operation_id="new"))
    said = cluster.next()
    assert (said.run, [s.action for s in said.finish]) == ((), [Action.DELETE_HOOK])
    assert said.message == "waiting for deletion of batch/Job/h"
    going = {**hook("h", "Sync")}
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    cluster.live[key_of(going)] = going
    assert cluster.next().finish == ()
    del cluster.live[key_of(going)]
    assert [s.action for s in cluster.next().run] == [Action.CREATE_HOOK]


def test_a_hook_in_two_phases_is_made_anew() -> None:
    """The object of PreSync is not that of PostSync."""
    cluster = Cluster(planned(obj("ConfigMap", "app"), hooks=(hook("h", "PreSync,PostSync"),)))
    assert cluster.run().phase is OperationPhase.SUCCEEDED
    assert [str(r.phase) for r in cluster.results] == ["PreSync", "Sync", "PostSync"]


def test_a_hook_that_vanished_has_failed() -> None:
    """By proof of its absence, or because another stands in its place; not by silence."""
    cluster = Cluster(planned(hooks=(hook("h", "Sync"),)))
    cluster.health = {"h": PROGRESSING}
    cluster.run()
    made = cluster.live.popitem()[1]
    assert cluster.run().phase is OperationPhase.RUNNING
    other = {**made, "metadata": {**made["metadata"], "annotations": {}}}
    assert (
        advance(cluster.plan, cluster.results, live={key_of(other): other}, assess=cluster.assess)
        .results[0]
        .message
        == "was deleted while the operation ran"
    )
    cluster.absent = {key_of(made)}
    assert cluster.run().phase is OperationPhase.FAILED


@pytest.mark.parametrize(("health", "ended"), [(HEALTHY, "Succeeded"), (PROGRESSING, "Failed")])
def test_a_hook_that_is_being_deleted_counts_by_its_end(health: Health, ended: str) -> None:
    """Our finalizer keeps it; without an end none will come."""
    cluster = Cluster(planned(hooks=(hook("h", "Sync"),)))
    cluster.do(cluster.next())
    (live,) = cluster.live.values()
    live["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    cluster.health = {"h": health}
    assert cluster.next().results[0].hook_phase == ended


def test_a_running_hooks_words_are_kept() -> None:
    """What it waits for shows in its result."""
    cluster = Cluster(planned(hooks=(hook("h", "Sync"),)))
    cluster.health = {"h": PROGRESSING}
    assert cluster.run().results[0].message == "not yet"


def test_pruned_objects_are_waited_for_before_the_next_wave() -> None:
    """The API server may take its time."""
    old = obj("ConfigMap", "old")
    old["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    cluster = Cluster(planned(obj("ConfigMap", "new", sync_wave="1"), **orphan(old)))
    said = cluster.run()
    assert said.message == "waiting for deletion of ConfigMap/old"
    cluster.live.clear()
    assert cluster.run().phase is OperationPhase.SUCCEEDED


def test_pruning_waits_for_its_confirmation() -> None:
    """It names what waits."""
    more = orphan(*(obj("Deployment", name, sync_options="Prune=confirm") for name in "ab"))
    said = Cluster(planned(**more)).run()
    assert (said.phase, said.run) == (OperationPhase.RUNNING, ())
    assert (
        said.message == "Waiting for pruning confirmation of apps/v1/Deployment/b and 1 more resources"
        or (said.message == "Waiting for pruning confirmation of apps/v1/Deployment/a and 1 more resources")
    )
    assert Cluster(planned(prune_confirmed=True, **more)).run().phase is OperationPhase.SUCCEEDED
    core = orphan(obj("ConfigMap", "a", sync_options="Prune=confirm"))
    assert Cluster(planned(**core)).run().message == "Waiting for pruning confirmation of v1/ConfigMap/a"


def test_skipped_prunes_are_recorded() -> None:
    """And the sync succeeds."""
    cluster = Cluster(planned(**{**orphan(obj("ConfigMap", "old")), "prune": False}))
    assert cluster.run().phase is OperationPhase.SUCCEEDED
    assert [r.status for r in cluster.results] == [ResultCode.PRUNE_SKIPPED]


def test_a_running_hook_is_released_when_the_operation_fails() -> None:
    """Nothing of ours may hold it after the end."""
    cluster = Cluster(planned(obj("ConfigMap", "bad"), hooks=(hook("h", "Sync"),)))
    cluster.health, cluster.fails = {"h": PROGRESSING}, {"bad"}
    said = cluster.run()
    assert said.phase is OperationPhase.FAILED
    assert all(HOOK_FINALIZER not in one["metadata"]["finalizers"] for one in cluster.live.values())


def test_a_dry_run_waits_for_nothing() -> None:
    """There is no object whose health could be seen."""
    made = planned(obj("Deployment", "a"), obj("Deployment", "b", sync_wave="1"))
    results = record((), made.steps[0], ResultCode.SYNCED, "dry run", dry_run=True)
    said = advance(made, results, live={}, assess=lambda _: PROGRESSING)
    assert [s.key.name for s in said.run] == ["b"]
    assert record((), made.steps[0], ResultCode.SYNC_FAILED, "no", dry_run=True)[0].failed


def test_termination_deletes_running_hooks_and_ends_as_failed() -> None:
    """What has ended is released, plain objects are left."""
    cluster = Cluster(planned(obj("ConfigMap", "app"), hooks=(hook("done", "PreSync"), hook("on", "Sync"))))
    cluster.health = {"on": PROGRESSING}
    cluster.run()
    done = next(one for key, one in cluster.live.items() if key.name == "done")
    done["metadata"]["finalizers"] = [HOOK_FINALIZER]
    said = terminate(cluster.plan, cluster.results, live=cluster.live, assess=cluster.assess)
    assert (said.phase, said.message) == (OperationPhase.FAILED, "Operation terminated")
    assert sorted((s.key.name, s.action) for s in said.finish) == [
        ("done", Action.RELEASE_HOOK),
        ("on", Action.DELETE_HOOK),
    ]
    assert {r.key.name: r.hook_phase for r in said.results if r.hook_type} == {
        "done": OperationPhase.SUCCEEDED,
        "on": OperationPhase.FAILED,
    }


def test_termination_without_the_object_still_ends() -> None:
    """A hook that is not seen any more is only recorded."""
    cluster = Cluster(planned(hooks=(hook("on", "Sync"),)))
    cluster.health = {"on": PROGRESSING}
    cluster.run()
    said = terminate(cluster.plan, cluster.results, live={}, assess=cluster.assess)
    assert (said.finish, said.results[0].message) == ((), "terminated")


steps = st.lists(
    st.tuples(st.integers(-1, 1), st.sampled_from(["PreSync", "Sync", "PostSync", "SyncFail", ""])),
    max_size=6,
)


@given(steps, st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)))
def test_every_operation_ends_and_nothing_runs_twice(
    given_steps: list[tuple[int, str]], fails: set[int], degraded: set[int]
) -> None:
    """Whatever fails: it ends, waves keep their order, each step runs at most once, hooks are let go."""
    desired, hooks = [], []
    for number, (wave, phase) in enumerate(given_steps):
        made = obj("Job" if phase else "ConfigMap", f"n{number}", sync_wave=str(wave))
        if phase:
            made["metadata"]["annotations"]["argocd.argoproj.io/hook"] = phase
        (hooks if phase else desired).append(made)
    cluster = Cluster(planned(*desired, hooks=tuple(hooks)))
    cluster.fails = {f"n{n}" for n in fails}
    cluster.health = {f"n{n}": DEGRADED for n in degraded}
    ran: list[Any] = []
    said = cluster.next()
    for _ in range(30):
        ran += [s.id for s in said.run]
        cluster.do(said)
        if said.phase.completed and not said.finish:
            break
        said = cluster.next()
    assert said.phase.completed
    assert len(ran) == len(set(ran))
    order = {s.id: n for n, s in enumerate(cluster.plan.steps)}
    assert [order[i] for i in ran] == sorted(order[i] for i in ran)
    assert all(HOOK_FINALIZER not in (o["metadata"].get("finalizers") or ()) for o in cluster.live.values())
