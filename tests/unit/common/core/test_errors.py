"""The error tree: what an error says, and what may be tried again."""

from __future__ import annotations

import pytest

from common.core.errors import (
    ClusterUnreachable,
    FieldConflict,
    FieldError,
    Forbidden,
    InvalidInput,
    ObjectRejected,
    RepositoryAuthFailed,
    RepositoryUnreachable,
    Retryable,
)


def test_bad_input_names_object_field_found_and_expected() -> None:
    """All four, in this order."""
    error = InvalidInput("Application argocd/web", "spec.project", found=None, expected="a project")
    assert str(error) == "Application argocd/web: spec.project: found nothing, expected a project"


def test_an_error_without_a_field_is_about_the_whole() -> None:
    """No empty place is shown."""
    assert str(FieldError("key", "", "'x'", "a/b")) == "key: found 'x', expected a/b"


def test_what_was_found_is_cut_when_it_is_long() -> None:
    """Conditions live in objects of limited size."""
    error = InvalidInput("o", "f", found="x" * 500, expected="less")
    assert error.errors[0].found == "'" + "x" * 196 + "..."


def test_all_errors_of_one_validation_are_reported_together() -> None:
    """None hides another."""
    errors = (FieldError("o", "a", "1", "2"), FieldError("o", "b", "3", "4"))
    made = InvalidInput.of(errors)
    assert made.errors == errors
    assert str(made) == "o: a: found 1, expected 2; o: b: found 3, expected 4"


def test_no_errors_make_no_error() -> None:
    """An empty report is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least one"):
        InvalidInput.of([])


@pytest.mark.parametrize(
    ("kind", "again"),
    [
        (RepositoryUnreachable, True),
        (ClusterUnreachable, True),
        (RepositoryAuthFailed, False),
        (Forbidden, False),
    ],
)
def test_what_may_be_tried_again_is_a_matter_of_type(kind: type[Exception], again: bool) -> None:
    """Never of a message's text."""
    assert issubclass(kind, Retryable) is again


def test_a_conflict_of_fields_says_whose_and_which() -> None:
    """They are shown to people and decided on by code."""
    error = FieldConflict("conflict", managers=["kubectl"], fields=[".spec.replicas"])
    assert (error.managers, error.fields) == (("kubectl",), (".spec.replicas",))


def test_a_rejection_carries_the_server_s_causes() -> None:
    """Field by field, and whether a field cannot be changed at all."""
    cause = FieldError("Service web", "spec.clusterIP", "x", "no change")
    error = ObjectRejected("invalid", causes=[cause], immutable=True)
    assert (error.causes, error.immutable) == ((cause,), True)
