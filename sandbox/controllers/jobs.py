"""Jobs: pods until enough have succeeded, or too many have failed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.controllers.actor import Actor, set_condition
from sandbox.controllers.runtime import Select, Work, itself
from sandbox.controllers.templates import PODS, is_over, pod_from
from sandbox.store import Key, Storage

JOBS = ("batch", "jobs")
Fields = dict[str, Any]


class Jobs:
    """Runs to completion."""

    def __init__(self, actor: Actor, work: Work) -> None:
        self._actor = actor
        self._work = work
        self.watches: dict[Storage, Select] = {
            JOBS: itself,
            PODS: lambda event: actor.owners_of(event, JOBS),
        }

    def reconcile(self, key: Key) -> None:
        """Start pods, count, and end."""
        job = self._actor.get(JOBS, key)
        if job is None or "deletionTimestamp" in job["metadata"]:
            return
        if _ended(job):
            self._expire(key, job)
            return
        pods = self._pods(job)
        status = dict(job.get("status") or {})
        if job["spec"].get("suspend"):
            self._suspend(job, status, pods)
            return
        status.setdefault("startTime", self._actor.state.stamp())
        done = sum(_phase(pod) == "Succeeded" for pod in pods)
        failed = sum(_phase(pod) == "Failed" for pod in pods)
        running = [pod for pod in pods if not is_over(pod)]
        wanted = job["spec"].get("completions") or 1
        if failed > job["spec"].get("backoffLimit", 6):
            self._end(job, status, running, done, failed, "Failed", "BackoffLimitExceeded")
        elif done >= wanted:
            self._end(job, status, running, done, failed, "Complete", "CompletionsReached")
        else:
            missing = min(job["spec"].get("parallelism", 1), wanted - done) - len(running)
            for _ in range(missing):
                self._actor.create(PODS, key[0], pod_from(job["spec"]["template"], job))
            self._count(job, status, len(running) + max(0, missing), done, failed)

    def _pods(self, job: Fields) -> list[Fields]:
        entries = self._actor.owned(job["metadata"]["uid"], PODS)
        return [entry.load() for entry in entries if not entry.deleting]

    def _count(self, job: Fields, status: Fields, running: int, done: int, failed: int) -> None:
        counts = {"active": running, "succeeded": done, "failed": failed}
        for name, count in counts.items():
            if count:
                status[name] = count
            else:
                status.pop(name, None)
        status["ready"] = 0
        status["terminating"] = 0
        status["uncountedTerminatedPods"] = {}
        self._actor.set_status(JOBS, job, status)

    def _suspend(self, job: Fields, status: Fields, pods: list[Fields]) -> None:
        for pod in pods:
            if not is_over(pod):
                self._actor.delete(PODS, (job["metadata"]["namespace"], pod["metadata"]["name"]))
        status["conditions"] = set_condition(
            status.get("conditions") or [], "Suspended", "True", self._actor.state.stamp(),
            reason="JobSuspended", message="Job suspended",
        )  # fmt: skip
        self._actor.set_status(JOBS, job, status)

    def _end(
        self,
        job: Fields,
        status: Fields,
        running: list[Fields],
        done: int,
        failed: int,
        kind: str,
        reason: str,
    ) -> None:
        now = self._actor.state.stamp()
        for pod in running:
            self._actor.delete(PODS, (job["metadata"]["namespace"], pod["metadata"]["name"]))
        if kind == "Complete":
            status["completionTime"] = now
        message = (
            "Reached expected number of succeeded pods"
            if kind == "Complete"
            else "Job has reached the specified backoff limit"
        )
        conditions = status.get("conditions") or []
        for each in ("SuccessCriteriaMet" if kind == "Complete" else "FailureTarget", kind):
            conditions = set_condition(conditions, each, "True", now, reason=reason, message=message)
        status["conditions"] = conditions
        self._count(job, status, 0, done, failed)

    def _expire(self, key: Key, job: Fields) -> None:
        seconds = job["spec"].get("ttlSecondsAfterFinished")
        if seconds is None:
            return
        ended = next(
            c["lastTransitionTime"]
            for c in job["status"]["conditions"]
            if c["type"] in ("Complete", "Failed")
        )
        left = seconds - (self._actor.state.now() - datetime.fromisoformat(ended)).total_seconds()
        if left > 0:
            self._work.add_later(self, key, left)
        else:
            self._actor.delete(JOBS, key, uid=job["metadata"]["uid"])


def _ended(job: Fields) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in conditions)


def _phase(pod: Fields) -> str | None:
    found: str | None = (pod.get("status") or {}).get("phase")
    return found
