"""YAML and JSON files, read as kubectl and Helm read them, under bounds."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from common.core.errors import InvalidManifest, RenderLimitExceeded
from common.core.yaml_documents import ReadLimits, read_documents, read_objects

CONFIG_MAP = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes\nb: 'yes'\nc: 0644\nd: 22:30\n", [{"a": True, "b": "yes", "c": 420, "d": "22:30"}]),
        ("yes: 1\n8080: 2\n1.5: 3\n", [{"true": 1, "8080": 2, "1.5": 3}]),
        ("a: |\n  x\n  y\nb: >-\n  x\n  y\n", [{"a": "x\ny\n", "b": "x y"}]),
        ("x: &x {a: 1, b: 1}\nz:\n  <<: *x\n  b: 2\n", [{"x": {"a": 1, "b": 1}, "z": {"a": 1, "b": 2}}]),
        ("a: 1\n<<: {a: 2}\n", [{"a": 2}]),
        ("z: {<<: [{a: 1}, {a: 2, c: 2}]}\n", [{"z": {"a": 1, "c": 2}}]),
        ("'<<': {a: 1}\n", [{"<<": {"a": 1}}]),
        ("!!merge <<: {a: 1}\n", [{"a": 1}]),
        ("a: <<\n", [{"a": "<<"}]),
        ("x: &x k\n*x : 1\n", [{"x": "k", "k": 1}]),
        ("x: &x 12\n*x : 1\n", [{"x": 12, "12": 1}]),
        ("x: &x [1]\nw: *x\n", [{"x": [1], "w": [1]}]),
        ("a: &x 1\nb: &x 2\nc: *x\n", [{"a": 1, "b": 2, "c": 2}]),
        ("a: !!str yes\nb: !foo {c: 1}\n", [{"a": "yes", "b": {"c": 1}}]),
        ("a: 1\n---\n---\n# nothing\n---\nb: 2\n...\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\na: 2\n", [{"a": 2}]),
        ("", []),
        ("3\n", [3]),
        ("\ufeffa: 1\n", [{"a": 1}]),
        ('{"a": {"b": [1, 2.5, null, true]}}', [{"a": {"b": [1, 2.5, None, True]}}]),
        ("{a: 1}", [{"a": 1}]),
        ("\n [1, 2]", [[1, 2]]),
    ],
)  # fmt: skip
def test_documents(text: str, value: list[Any]) -> None:
    """What sigs.k8s.io/yaml answers."""
    assert read_documents(text.encode(), "f.yaml") == value


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [1, 2\n", "line 3", "expected YAML"),
        ("a: b\n c: d\n", "line 2", "mapping values are not allowed"),
        ("a: 1\nb: .inf\n", "line 2", "infinity"),
        ("a: !!int x\n", "line 1", "!!int"),
        ("a: *b\n", "line 1", "*b"),
        ("a: &a [1, *a]\n", "line 1", "*a"),
        ("? [1]\n: 2\n", "line 1", "list or mapping as a key"),
        ("x: &x [1]\n*x : 2\n", "line 2", "the key *x"),
        ("<<: 3\n", "line 1", "to merge"),
        ("~: 1\n", "line 1", "null"),
    ],
)
def test_an_error_names_file_and_line(text: str, line: str, words: str) -> None:
    """So that its author finds it."""
    with pytest.raises(InvalidManifest) as caught:
        read_documents(text.encode(), "dir/f.yaml")
    assert str(caught.value).startswith(f"dir/f.yaml: {line}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("data", [b"a: \xff", b"\x00", b"a: \x07"])
def test_what_is_no_text_is_an_error(data: bytes) -> None:
    """Names the file."""
    with pytest.raises(InvalidManifest, match=r"^f\.yaml: "):
        read_documents(data, "f.yaml")


def test_a_scanner_error_without_a_mark_still_names_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """libyaml need not say where."""

    def broken(_data: bytes) -> None:
        raise yaml.MarkedYAMLError(problem="odd")

    monkeypatch.setattr(yaml, "CSafeLoader", broken)
    with pytest.raises(InvalidManifest, match=r"^f\.yaml: found 'odd'"):
        read_documents(b"a: 1", "f.yaml")


def test_a_repeated_key_can_be_refused() -> None:
    """Kubernetes' tools take the last; who wants it strict gets the line."""
    with pytest.raises(InvalidManifest, match=r"line 2.*'a' a second time"):
        read_documents(b"a: 1\na: 2\n", "f", ReadLimits(unique_keys=True))
    with pytest.raises(InvalidManifest, match="second time"):
        read_documents(b'{"a": 1, "a": 2}', "f", ReadLimits(unique_keys=True))


def test_aliases_are_copies() -> None:
    """Whoever changes one value does not change another."""
    (found,) = read_documents(b"x: &x {a: 1}\nw: *x\n", "f")
    found["x"]["a"] = 2
    assert found["w"] == {"a": 1}


def test_anchors_end_with_their_document() -> None:
    """YAML says so."""
    with pytest.raises(InvalidManifest, match=r"\*x"):
        read_documents(b"a: &x 1\n---\nb: *x\n", "f")


@pytest.mark.parametrize("data", [b"[" * 5000, b"{a: " * 5000, b"- " * 5000, b'{"a":' * 5000])
def test_depth_is_bounded(data: bytes) -> None:
    """A file cannot exhaust the stack."""
    with pytest.raises(RenderLimitExceeded, match="deeper than 200"):
        read_documents(data, "f")


def test_wide_json_is_not_deep_json() -> None:
    """Braces only bound the depth from above."""
    assert read_documents(orjson.dumps([{}] * 300), "f") == [[{}] * 300]


def test_aliases_do_not_explode() -> None:
    """The billion laughs end at the limit, in no time."""
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{i}: &a{i} [" + ",".join([f"*a{i - 1}"] * 10) + "]" for i in range(1, 12)]
    with pytest.raises(RenderLimitExceeded, match="values"):
        read_documents("\n".join(lines).encode(), "f")


def test_size_is_bounded() -> None:
    """Before anything is parsed."""
    with pytest.raises(RenderLimitExceeded, match="f: 7 bytes"):
        read_documents(b"a: bcde", "f", ReadLimits(max_bytes=6))


def test_objects() -> None:
    """Documents with apiVersion, kind and a name."""
    assert [o["metadata"] for o in read_objects(CONFIG_MAP + b"---\n" + CONFIG_MAP, "f")] == [
        {"name": "a"}
    ] * 2


def test_an_object_may_have_a_generated_name() -> None:
    """Hooks do."""
    data = CONFIG_MAP.replace(b"name:", b"generateName:")
    assert len(read_objects(data, "f")) == 1


def test_lists_are_flattened() -> None:
    """Of any kind; entries of typed lists take their kind from it; an empty list is nothing."""
    data = b"""
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMapList
  items: [{metadata: {name: a}}, {kind: ConfigMap, apiVersion: v1, metadata: {name: b}}]
- {apiVersion: v1, kind: List, items: null}
- {apiVersion: v1, kind: List}
"""
    assert [(o["apiVersion"], o["kind"], o["metadata"]["name"]) for o in read_objects(data, "f")] == [
        ("v1", "ConfigMap", "a"),
        ("v1", "ConfigMap", "b"),
    ]


def test_a_kind_that_only_sounds_like_a_list_is_an_object() -> None:
    """Its items are no list."""
    data = b"apiVersion: x/v1\nkind: AllowList\nmetadata: {name: a}\nitems: {a: b}\n"
    assert len(read_objects(data, "f")) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a: 1\n---\napiVersion: v1\nmetadata: {name: a}\n",
            "document 1 (line 1): apiVersion: found nothing",
        ),
        (
            "apiVersion: v1\nmetadata: {name: a}\n",
            "document 1 (line 1): kind: found nothing, expected a text",
        ),
        ("\n---\n- a\n", "document 1 (line 2): found ['a'], expected a Kubernetes object"),
        ("apiVersion: v1\nkind: Pod\n", "document 1 (line 1): Pod: metadata.name: found nothing"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: 3}\n", "metadata.name: found 3, expected a name"),
        ("apiVersion: v1\nkind: List\nitems: [{kind: Pod}]\n", "items[0]: apiVersion: found nothing"),
        ("apiVersion: v1\nkind: PodList\nitems: [3]\n", "items[0]: found 3"),
        ("apiVersion: 1\nkind: Pod\nmetadata: {name: a}\n", "apiVersion: found 1, expected a text"),
    ],
)
def test_what_is_no_object_is_named(text: str, words: str) -> None:
    """File, document, line, field, found and expected."""
    with pytest.raises(InvalidManifest) as caught:
        read_objects(text.encode(), "f.yaml")
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["replicas: 3\n", "{{ if .x }}\na: b\n{{ end }}\n", "- a\n", "# nothing\n"])
def test_a_directory_may_hold_other_yaml(text: str) -> None:
    """Argo CD passes over what does not look like a manifest."""
    assert read_objects(text.encode(), "values.yaml", ignore_unrelated=True) == []


@pytest.mark.parametrize(
    "text",
    ["apiVersion: v1\nmetadata: {name: a}\n", "{{ x }}\napiVersion: v1\nkind: A\nmetadata: {}\n{{ y }}"],
)
def test_what_looks_like_a_manifest_must_be_one(text: str) -> None:
    """A typing error is not passed over."""
    with pytest.raises(InvalidManifest):
        read_objects(text.encode(), "f.yaml", ignore_unrelated=True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(json_values.filter(lambda value: isinstance(value, dict | list)))
def test_json_is_read_as_it_is(value: Any) -> None:
    """A JSON file is a YAML file."""
    assert read_documents(orjson.dumps(value), "f.json") == [value]


@given(json_values.filter(lambda value: value is not None))
def test_quoted_yaml_is_read_as_it_is(value: Any) -> None:
    """What a YAML writer quotes comes back."""
    data = yaml.safe_dump(value, default_style=None, allow_unicode=False).encode()
    if not any(word in data for word in (b"y", b"n", b"Y", b"N", b"=", b"<", b":", b"!")):
        assert read_documents(data, "f.yaml") == [value]
