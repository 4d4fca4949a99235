"""Applications are read whole, survive a round trip, and are refused with every error at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from common.core.errors import InvalidInput
from common.core.keys import AppKey
from common.core.model.application import parse_application, read_application
from common.core.model.operation import Operation
from common.core.model.record import to_json
from common.core.model.spec import ApplicationSpec
from common.core.model.status import ApplicationStatus
from tests.unit.common.core.model.documents import document, model_paths, value_paths


def test_every_field_survives_a_round_trip() -> None:
    """What was read is written back as it was, field by field and in value."""
    raw = document("application-full")
    app = read_application(raw).application
    assert to_json(app.spec) == raw["spec"]
    assert to_json(app.operation) == raw["operation"]
    assert to_json(app.status) == raw["status"]


@pytest.mark.parametrize(
    ("part", "kind"),
    [("spec", ApplicationSpec), ("operation", Operation), ("status", ApplicationStatus)],
)
def test_the_full_fixture_has_every_field(part: str, kind: type) -> None:
    """So the round trip above leaves no field out."""
    missing = model_paths(inspect.type_info(kind)) - value_paths(document("application-full")[part])
    assert {path for path in missing if "*" not in path} == set()


def test_metadata_is_read() -> None:
    """Identity, version, labels, annotations, finalizers and deletion."""
    app = read_application(document("application-full")).application
    assert app.key == AppKey("argocd", "full")
    assert app.name == "full"
    assert (app.uid, app.resource_version, app.generation) == ("6f1c", "42", 7)
    assert app.labels == {"team": "harbour"}
    assert app.annotations == {"argocd.argoproj.io/refresh": "normal"}
    assert app.finalizers == ("resources-finalizer.argocd.argoproj.io",)
    assert app.deleting
    assert app.deletion_timestamp == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_unknown_fields_stay_in_the_raw_document() -> None:
    """A field that nobody here knows is no error, and is kept."""
    raw = document("application-minimal")
    raw["spec"]["source"]["fromTheFuture"] = {"a": 1}
    app = parse_application(raw)
    assert app.raw["spec"]["source"]["fromTheFuture"] == {"a": 1}
    assert not app.deleting
    assert app.operation is None


def test_null_counts_as_absent() -> None:
    """As Go reads it: no error, and the field's default."""
    raw = document("application-minimal")
    raw["spec"]["source"] |= {"helm": None, "targetRevision": None}
    raw["spec"]["syncPolicy"] = {"automated": None, "syncOptions": None}
    raw["metadata"]["annotations"] = None
    app = parse_application(raw)
    assert app.spec.source is not None
    assert app.spec.source.revision_or_head == "HEAD"
    assert app.spec.policy.sync_options == ()


def test_every_error_is_reported_at_once() -> None:
    """Types and meanings alike, each with its field; the status counts for nothing."""
    with pytest.raises(InvalidInput) as caught:
        parse_application(document("application-broken"))
    assert {error.field: error.expected for error in caught.value.errors} == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata.name": "a name",
        "spec.project": "a string",
        "spec.source.repoURL": "a string",
        "spec.source.targetRevision": "a chart's version or range",
        "spec.source.ref": "letters, digits, - and _",
        "spec.source": "options of one type of source",
        "spec.source.helm.valueFiles": "a list",
        "spec.source.helm.parameters[0]": "an object",
        "spec.source.helm.skipCrds": "true or false",
        "spec.source.kustomize.replicas[0].count": "a whole number or a string",
        "spec.source.kustomize.commonLabels.a": "a string",
        "spec.source.kustomize.commonAnnotations": "an object",
        "spec.source.directory.jsonnet.extVars[0].value": "a string",
        "spec.destination": "server or name, not both",
        "spec.syncPolicy.automated": "an object",
        "spec.syncPolicy.syncOptions[0]": "CreateNamespace= and one of true, false",
        "spec.syncPolicy.syncOptions[2]": "PrunePropagationPolicy= and one of foreground, background, orphan",
        "spec.syncPolicy.retry.limit": "a whole number",
        "spec.syncPolicy.retry.backoff.duration": "a duration such as 30s, 3m or 1h30m",
        "spec.syncPolicy.retry.backoff.maxDuration": "a duration such as 30s, 3m or 1h30m, not below 0",
        "spec.syncPolicy.retry.backoff.factor": "0 or more",
        "spec.revisionHistoryLimit": "0 or more",
        "spec.ignoreDifferences[0].kind": "a kind, or * for any",
        "spec.ignoreDifferences[1].kind": "a string",
        "operation.sync.syncOptions[0]": "Validate= and one of true, false",
        "operation.sync.syncStrategy": "one of them",
        "operation.sync.resources[0].name": "a string",
    }
    assert {error.object for error in caught.value.errors} == {"Application argocd/"}


def test_the_readable_rest_of_a_broken_application_is_there() -> None:
    """For its status and conditions."""
    reading = read_application(document("application-broken"))
    app = reading.application
    assert app.key.namespace == "argocd"
    assert (app.finalizers, app.generation, dict(app.labels)) == ((), 0, {})
    assert app.spec.source is not None
    assert app.spec.source.ref == "a b"
    assert app.spec.source.kustomize is not None
    assert app.spec.source.kustomize.common_labels == {"b": "c"}
    assert app.spec.project_name == "default"
    assert app.status.health is None
    assert [warning.found for warning in reading.warnings] == ["'Unheard=of'"]


def test_a_spec_that_is_no_object() -> None:
    """Everything in it is missing."""
    reading = read_application({"metadata": "none", "spec": "text", "operation": "text", "status": 1})
    assert [(error.field, error.expected) for error in reading.errors] == [
        ("metadata.name", "a name"),
        ("spec", "an object"),
        ("spec.destination", "server or name of a cluster"),
        ("spec.source", "source, sources or sourceHydrator"),
        ("operation", "an object"),
    ]


def _with(spec: dict[str, Any]) -> dict[str, Any]:
    raw = document("application-minimal")
    raw["spec"] |= spec
    return raw


@pytest.mark.parametrize(
    ("spec", "field", "expected"),
    [
        ({"destination": {}}, "spec.destination", "server or name of a cluster"),
        ({"source": None}, "spec.source", "source, sources or sourceHydrator"),
        ({"source": {"repoURL": "u"}}, "spec.source", "path or chart"),
        ({"source": {"repoURL": "", "path": "p"}}, "spec.source.repoURL", "a repository's address"),
        ({"source": {"path": "p"}}, "spec.source.repoURL", "a string"),
        ({"sources": [{"repoURL": "u"}]}, "spec.sources[0]", "path, chart or ref"),
        (
            {"sources": [{"repoURL": "u", "ref": "a"}, {"repoURL": "v", "ref": "a"}]},
            "spec.sources[1].ref",
            "a ref that no other source has",
        ),
        (
            {
                "sourceHydrator": {
                    "drySource": {"repoURL": "u", "targetRevision": "main", "path": "p"},
                    "syncSource": {"targetBranch": "", "path": "p"},
                }
            },
            "spec.sourceHydrator.syncSource.targetBranch",
            "a value",
        ),
    ],
)
def test_one_error(spec: dict[str, Any], field: str, expected: str) -> None:
    """One thing wrong is one error."""
    errors = read_application(_with(spec)).errors
    assert [(error.field, error.expected) for error in errors] == [(field, expected)]


def test_an_unreadable_destination_is_not_missing_too() -> None:
    """One error for one cause."""
    errors = read_application(_with({"destination": {"server": 1}})).errors
    assert [error.field for error in errors] == ["spec.destination.server"]
    assert [e.field for e in read_application(_with({"source": 3})).errors] == ["spec.source"]


def test_a_missing_object_is_filled_with_what_it_needs() -> None:
    """The view of a hydrator without its parts has empty parts; each missing field is an error."""
    reading = read_application(_with({"sourceHydrator": {"hydrateTo": {"targetBranch": "b"}}}))
    hydrator = reading.application.spec.source_hydrator
    assert hydrator is not None
    assert hydrator.dry_source.repo_url == ""
    assert {error.field for error in reading.errors} >= {"spec.sourceHydrator.drySource"}


def test_warnings_name_what_has_no_effect() -> None:
    """As for Argo CD: sources goes before source, a hydrator before both, a chart before a path."""
    raw = document("application-full")
    found = [warning.expected for warning in read_application(raw).warnings]
    assert found == [
        "one of them; sources is used",
        "one of them; sourceHydrator is used",
    ]
    both = _with({"source": {"repoURL": "u", "path": "p", "chart": "c", "targetRevision": "1"}})
    assert [w.expected for w in read_application(both).warnings] == ["one of them; chart is used"]


def test_effective_sources() -> None:
    """What is synced: the hydrator's sync source, else sources, else source."""
    full = read_application(document("application-full")).application.spec
    assert [(s.path, s.target_revision) for s in full.effective_sources] == [("web", "env/prod")]
    assert not full.has_multiple_sources
    several = read_application(_with({"sources": [{"repoURL": "a", "path": "b"}]})).application.spec
    assert several.has_multiple_sources
    assert [s.repo_url for s in several.effective_sources] == ["a"]
    assert [s.path for s in read_application(_with({})).application.spec.effective_sources] == ["web"]
    assert read_application(_with({"source": None})).application.spec.effective_sources == ()


def test_an_operation_may_be_without_a_sync() -> None:
    """And without anything else."""
    raw = document("application-minimal") | {"operation": {}}
    assert parse_application(raw).operation == Operation()
    raw["operation"] = {"sync": {"syncStrategy": {"hook": {}}}}
    assert parse_application(raw).operation is not None


def test_defaults_of_a_spec() -> None:
    """Ten entries of history, the default project, no policy."""
    spec = ApplicationSpec()
    assert (spec.history_limit, spec.project_name, spec.policy.is_automated) == (10, "default", False)
    assert ApplicationSpec(revision_history_limit=0).history_limit == 0


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=50)
@given(path=st.sampled_from(sorted(value_paths(document("application-full")["spec"]))), value=_JSON)
def test_no_document_breaks_the_reader(path: str, value: Any) -> None:
    """Any JSON anywhere: either it is read, or it is an error below that field; what is read can be written,
    and read again to the same.
    """
    raw = document("application-full")
    *parents, last = path.split(".")
    places: list[Any] = [raw["spec"]]
    for name in parents:
        inner = [place[name] for place in places if name in place]
        places = [item for one in inner for item in (one if isinstance(one, list) else [one])]
    for place in places:
        place[last] = value
    spec = read_application(raw).application.spec
    again = read_application({**raw, "spec": to_json(spec)}).application.spec
    assert again == spec
