"""A sync as a value: what it would do, in which order, and what comes next given what has been done."""

from common.core.plan.advance import Advance, advance, record, terminate
from common.core.plan.build import plan, wave_warnings
from common.core.plan.options import NamespaceWish, PlanInput
from common.core.plan.results import StepResult, results_from, results_of
from common.core.plan.steps import Action, PlanWarning, Step, StepId, SyncPlan

__all__ = [
    "Action",
    "Advance",
    "NamespaceWish",
    "PlanInput",
    "PlanWarning",
    "Step",
    "StepId",
    "StepResult",
    "SyncPlan",
    "advance",
    "plan",
    "record",
    "results_from",
    "results_of",
    "terminate",
    "wave_warnings",
]
