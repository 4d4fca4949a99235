"""Scheduler and kubelet in one: pods get the node, an address, and after a while become ready, or fail.

Annotations of the pod (or its template) steer it:
`sandbox.moorings.dev/ready-after: 2s` says how long it takes;
`sandbox.moorings.dev/fail: "true" | CrashLoopBackOff | ImagePullBackOff | …` keeps it from becoming ready.
An image whose tag is `broken` cannot be pulled.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.addresses import NODE_ADDRESS
from sandbox.bootstrap import NODE
from sandbox.controllers.actor import Actor, set_condition
from sandbox.controllers.runtime import NO_KEYS, Select, Work
from sandbox.controllers.templates import PODS
from sandbox.durations import parse_seconds
from sandbox.store import Event, Key, Storage

Fields = dict[str, Any]
READY_AFTER = "sandbox.moorings.dev/ready-after"
FAIL = "sandbox.moorings.dev/fail"
_PULL = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName")


class Pods:
    """Runs pods, in a manner of speaking."""

    def __init__(self, actor: Actor, work: Work) -> None:
        self._actor = actor
        self._work = work
        self._due: dict[str, float] = {}
        """When a pod that this process scheduled becomes what it will be, by its uid."""
        self.watches: dict[Storage, Select] = {PODS: self._select}

    def _select(self, event: Event) -> Iterable[Key]:
        if event.type == "DELETED":
            self._due.pop(event.entry.uid, None)
            return NO_KEYS
        return (event.entry.key,)

    def reconcile(self, key: Key) -> None:
        """Schedule a new pod; end the wait of one that has waited long enough."""
        pod = self._actor.get(PODS, key)
        if pod is None or "deletionTimestamp" in pod["metadata"]:
            return
        status = pod.get("status") or {}
        now = self._actor.state.now().timestamp()
        uid = pod["metadata"]["uid"]
        if "podIP" not in status:
            self._due[uid] = now + ready_after(pod, self._actor.state.ready_after_seconds)
            self._schedule(key, pod)
        elif status.get("phase") in ("Succeeded", "Failed") or _settled(pod):
            self._due.pop(uid, None)
        elif self._due.get(uid, 0.0) > now:
            self._work.add_later(self, key, self._due[uid] - now)
        else:
            self._finish(key, pod)

    def _schedule(self, key: Key, pod: Fields) -> None:
        state = self._actor.state
        now = state.stamp()
        status = dict(pod.get("status") or {})
        for kind in ("Initialized", "PodScheduled", "PodReadyToStartContainers"):
            status["conditions"] = set_condition(status.get("conditions") or [], kind, "True", now)
        for kind in ("Ready", "ContainersReady"):
            status["conditions"] = set_condition(
                status["conditions"], kind, "False", now, reason="ContainersNotReady"
            )
        address = state.addresses.pods.allocate()
        status |= {
            "phase": "Pending",
            "hostIP": NODE_ADDRESS,
            "hostIPs": [{"ip": NODE_ADDRESS}],
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": now,
            "containerStatuses": [
                _container(c, {"waiting": {"reason": "ContainerCreating"}}, ready=False)
                for c in pod["spec"].get("containers") or ()
            ],
        }
        self._actor.put(PODS, key, status=status, spec={"nodeName": pod["spec"].get("nodeName") or NODE})

    def _finish(self, key: Key, pod: Fields) -> None:
        fault = failure(pod)
        if fault:
            self._fail(key, pod, fault)
        elif _runs_once(pod):
            self._complete(key, pod, phase="Succeeded", reason="Completed", code=0)
        else:
            self._run(key, pod)

    def _run(self, key: Key, pod: Fields) -> None:
        now = self._actor.state.stamp()
        status = dict(pod["status"]) | {"phase": "Running"}
        for kind in ("Ready", "ContainersReady"):
            status["conditions"] = set_condition(status["conditions"], kind, "True", now)
        status["containerStatuses"] = [
            _container(c, {"running": {"startedAt": now}}, ready=True) for c in pod["spec"]["containers"]
        ]
        self._actor.put(PODS, key, status=status)

    def _complete(self, key: Key, pod: Fields, *, phase: str, reason: str, code: int) -> None:
        now = self._actor.state.stamp()
        status = dict(pod["status"]) | {"phase": phase}
        for kind in ("Ready", "ContainersReady"):
            status["conditions"] = set_condition(
                status["conditions"], kind, "False", now, reason=f"Pod{reason}"
            )
        ended = {"exitCode": code, "reason": reason, "startedAt": status["startTime"], "finishedAt": now}
        status["containerStatuses"] = [
            _container(c, {"terminated": ended}, ready=False) for c in pod["spec"]["containers"]
        ]
        self._actor.put(PODS, key, status=status)

    def _fail(self, key: Key, pod: Fields, reason: str) -> None:
        if reason not in _PULL and _runs_once(pod):
            self._complete(key, pod, phase="Failed", reason="Error", code=1)
            return
        status = dict(pod["status"]) | {"phase": "Pending" if reason in _PULL else "Running"}
        status["containerStatuses"] = [
            _container(c, {"waiting": {"reason": reason, "message": _message(c, reason)}}, ready=False)
            | {"restartCount": 0 if reason in _PULL else 3}
            for c in pod["spec"]["containers"]
        ]
        self._actor.put(PODS, key, status=status)


def _message(container: Fields, reason: str) -> str:
    if reason in _PULL:
        return f'Back-off pulling image "{container.get("image", "")}"'
    return f"back-off 40s restarting failed container={container.get('name', '')}"


def _container(container: Fields, state: Fields, *, ready: bool) -> Fields:
    image = container.get("image", "")
    return {
        "name": container.get("name", ""),
        "image": image,
        "imageID": f"sandbox://{image}" if ready else "",
        "ready": ready,
        "started": ready,
        "restartCount": 0,
        "state": state,
    }


def ready_after(pod: Fields, default: float) -> float:
    """How long a pod takes, in seconds."""
    asked = (pod["metadata"].get("annotations") or {}).get(READY_AFTER, "")
    found = parse_seconds(asked)
    return default if found is None else found


def failure(pod: Fields) -> str:
    """The reason that a pod is to show instead of becoming ready; empty when it becomes ready."""
    asked = (pod["metadata"].get("annotations") or {}).get(FAIL, "")
    if asked and asked != "false":
        return "CrashLoopBackOff" if asked == "true" else str(asked)
    for container in pod["spec"].get("containers") or ():
        if str(container.get("image", "")).endswith(":broken"):
            return "ImagePullBackOff"
    return ""


def _runs_once(pod: Fields) -> bool:
    return bool(pod["spec"].get("restartPolicy") != "Always")


def _settled(pod: Fields) -> bool:
    """Whether it is what it will be: ready, or waiting with the reason of its failure."""
    statuses = pod["status"].get("containerStatuses") or []
    waiting = [((s.get("state") or {}).get("waiting") or {}).get("reason") for s in statuses]
    return "ContainerCreating" not in waiting
