"""Results are kept in Argo CD's schema."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from common.core.keys import ObjectKey
from common.core.plan import StepResult, results_from, results_of
from common.core.plan.results import merged
from common.core.statuses import OperationPhase, Phase, ResultCode


def test_a_row_is_argo_cds() -> None:
    """Every field under its published name, empty ones left out."""
    made = StepResult(
        key=ObjectKey("batch", "Job", "x", "h"),
        version="v1",
        phase=Phase.PRE_SYNC,
        hook_phase=OperationPhase.SUCCEEDED,
        hook_type="PreSync",
        message="done",
        images=("a:1",),
    )
    assert results_from([made]) == [
        {
            "group": "batch",
            "version": "v1",
            "kind": "Job",
            "namespace": "x",
            "name": "h",
            "syncPhase": "PreSync",
            "hookPhase": "Succeeded",
            "hookType": "PreSync",
            "message": "done",
            "images": ["a:1"],
        }
    ]


def test_what_is_not_understood_is_read_with_defaults() -> None:
    """Rows of other versions, rows that name nothing."""
    rows = [
        {},
        {"kind": "Pod"},
        {"kind": "Pod", "name": "p", "status": "New", "hookPhase": "", "syncPhase": "?"},
    ]
    assert results_of(rows) == (StepResult(key=ObjectKey("", "Pod", "", "p")),)


def test_new_results_take_the_place_of_old_ones() -> None:
    """By object and phase."""
    old = StepResult(key=ObjectKey("", "Pod", "", "p"), message="old")
    new = StepResult(key=ObjectKey("", "Pod", "", "p"), message="new")
    other = StepResult(key=ObjectKey("", "Pod", "", "p"), phase=Phase.POST_SYNC)
    assert merged([old], [other, new]) == (new, other)


text = st.text("abc", max_size=3)


@given(
    st.builds(
        StepResult,
        key=st.builds(ObjectKey, text, st.just("Pod"), text, st.just("p")),
        version=text,
        phase=st.sampled_from(Phase),
        status=st.none() | st.sampled_from(ResultCode),
        hook_phase=st.none() | st.sampled_from(OperationPhase),
        hook_type=text,
        message=text,
        images=st.tuples(text),
    )
)
def test_results_read_back(result: StepResult) -> None:
    """Round trip."""
    assert results_of(results_from([result])) == (result,)
