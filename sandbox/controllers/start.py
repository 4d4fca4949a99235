"""All controllers of a cluster, put together."""

from __future__ import annotations

from sandbox.controllers.actor import Actor
from sandbox.controllers.collector import Collector
from sandbox.controllers.daemonsets import DaemonSets
from sandbox.controllers.deployments import Deployments
from sandbox.controllers.jobs import Jobs
from sandbox.controllers.namespaces import Accounts, Terminations
from sandbox.controllers.pods import Pods
from sandbox.controllers.replicasets import ReplicaSets
from sandbox.controllers.runtime import Controller, Runtime, Work
from sandbox.controllers.small import Balancers, Claims, DefinitionCleanup
from sandbox.controllers.statefulsets import StatefulSets
from sandbox.state import ClusterState


def controllers_of(state: ClusterState) -> Runtime:
    """A runtime with every controller; it is not started yet."""
    work = Work()
    actor = Actor(state)
    listed: list[Controller] = [
        Accounts(actor),
        Terminations(actor),
        Collector(actor),
        DefinitionCleanup(actor),
        Deployments(actor, work),
        ReplicaSets(actor),
        ReplicaSets(actor, ("", "replicationcontrollers")),
        StatefulSets(actor),
        DaemonSets(actor),
        Jobs(actor, work),
        Pods(Actor(state, "kubelet"), work),
        Claims(actor),
        Balancers(actor),
    ]
    return Runtime(state, work, listed)
