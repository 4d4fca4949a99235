"""What a kustomization refers to, and what is refused before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.core.errors import RenderFailed
from common.core.kustomization import (
    Walk,
    file_of,
    is_remote,
    join,
    leaves,
    plugin_references,
    references,
    walk,
)


class DictTree:
    """Files by path; a value is the file's documents."""

    def __init__(self, files: Mapping[str, Any]) -> None:
        self._files = {path: value if isinstance(value, list) else [value] for path, value in files.items()}

    def exists(self, path: str) -> bool:
        """A file, or a directory above one."""
        return path in self._files or self.is_directory(path)

    def is_directory(self, path: str) -> bool:
        """Something is below it."""
        return path == "" or any(name.startswith(f"{path}/") for name in self._files)

    def documents(self, path: str) -> list[Any]:
        """What the test said."""
        return list(self._files.get(path, []))


def walked(document: Any, **files: Any) -> Walk:
    """The walk of `app`, with more files by path (`__` for `/`, `_0` for `..`)."""
    return walk("app", DictTree({"app/kustomization.yaml": document, **files}))


def test_bases_are_followed_to_the_end() -> None:
    """A kustomization's directory is read whole; so are its bases and components, and theirs."""
    tree = DictTree(
        {
            "apps/web/kustomization.yaml": {
                "resources": ["../../base", "extra.yaml"],
                "components": ["../debug"],
            },
            "apps/web/extra.yaml": {},
            "apps/debug/kustomization.yml": {"patches": [{"path": "../shared/patch.yaml"}]},
            "apps/shared/patch.yaml": {},
            "base/Kustomization": {"bases": ["../crds"]},
            "crds/kustomization.yaml": {"resources": ["gone.yaml"]},
        }
    )
    assert walk("apps/web", tree) == Walk(
        directories=("apps/debug", "apps/web", "base", "crds"), files=("apps/shared/patch.yaml",)
    )


def test_a_circle_ends() -> None:
    """Each directory is read once; kustomize itself says what is wrong with a circle."""
    tree = DictTree(
        {"a/kustomization.yaml": {"resources": ["../b"]}, "b/kustomization.yaml": {"resources": ["../a"]}}
    )
    assert walk("a", tree).directories == ("a", "b")


def test_the_root_may_be_a_kustomization() -> None:
    """Everything is below the root then."""
    tree = DictTree({"kustomization.yaml": {"resources": ["a.yaml"]}, "a.yaml": {}})
    assert walk("", tree) == Walk(directories=("",), files=())


def test_a_directory_without_kustomization_is_an_input_all_the_same() -> None:
    """One may be added to it."""
    assert walk("app", DictTree({"app/a.yaml": {}})) == Walk(directories=("app",), files=())


def test_a_missing_reference_is_an_input() -> None:
    """Its appearance changes the build."""
    assert walked({"resources": ["../gone.yaml"]}).files == ("gone.yaml",)


def test_a_kustomization_that_is_no_mapping_refers_to_nothing() -> None:
    """What is wrong with it is for kustomize to say."""
    assert walked(["a", 1]) == Walk(directories=("app",), files=())


def test_every_field_that_names_a_file_is_known() -> None:
    """The references of one kustomization with every such field."""
    document = {
        "resources": ["r.yaml", "kind: Inline\n", 7],
        "crds": ["crd.json"],
        "configurations": ["conf.yaml"],
        "patchesStrategicMerge": ["sm.yaml", "kind: X\nmetadata: {}\n"],
        "patches": [{"path": "p.yaml"}, {"patch": "inline"}, "odd"],
        "patchesJson6902": [{"path": "j.yaml"}],
        "replacements": [{"path": "rep.yaml"}],
        "configMapGenerator": [{"files": ["a.txt", "key=b.txt"], "envs": ["e.env"], "env": "f.env"}, "odd"],
        "secretGenerator": [{"literals": ["a=b"]}],
        "openapi": {"path": "schema.json"},
        "helmCharts": [{"name": "x", "valuesFile": "v.yaml", "additionalValuesFiles": ["w.yaml"]}, "odd"],
        "helmGlobals": {"chartHome": "vendored"},
    }
    assert list(references(document)) == [
        ("resources", "r.yaml"),
        ("crds", "crd.json"),
        ("configurations", "conf.yaml"),
        ("patchesStrategicMerge", "sm.yaml"),
        ("patches", "p.yaml"),
        ("patchesJson6902", "j.yaml"),
        ("replacements", "rep.yaml"),
        ("configMapGenerator", "a.txt"),
        ("configMapGenerator", "b.txt"),
        ("configMapGenerator", "e.env"),
        ("configMapGenerator", "f.env"),
        ("openapi", "schema.json"),
        ("helmCharts", "v.yaml"),
        ("helmCharts", "w.yaml"),
        ("helmGlobals", "vendored"),
    ]


def test_charts_are_looked_for_where_kustomize_does() -> None:
    """`charts` unless `helmGlobals` says otherwise."""
    assert list(references({"helmCharts": [{"name": "x"}]})) == [("helmGlobals", "charts")]


@pytest.mark.parametrize(
    "reference",
    [
        "https://git.example/base?ref=v1",
        "http://files.example/a.yaml",
        "git@git.example:team/base.git",
        "ssh://git@git.example/base",
        "git::https://git.example/base",
        "github.com/org/repo//base",
        "git.example/org/repo//base?ref=main",
        "oci://registry.example/base",
    ],
)
def test_remote_bases_are_refused_by_name(reference: str) -> None:
    """A render reads its own repository and nothing else."""
    with pytest.raises(RenderFailed, match="is remote"):
        walked({"resources": [reference]})


@pytest.mark.parametrize("reference", ["base", "../base", "a.b/c.yaml", "name@2.yaml", "with space.yaml"])
def test_local_paths_are_not_remote(reference: str) -> None:
    """Only what kustomize would fetch is."""
    assert not is_remote(reference)


def test_an_existing_path_that_looks_remote_is_local() -> None:
    """kustomize looks at the disk first."""
    found = walked({"resources": ["github.com/x"]}, **{"app/github.com/x/kustomization.yaml": {}})
    assert found.directories == ("app", "app/github.com/x")


@pytest.mark.parametrize("reference", ["../../etc/passwd", "/etc/passwd", "../..", "x/../../../y"])
def test_paths_out_of_the_repository_are_refused(reference: str) -> None:
    """Whatever load restrictor is configured."""
    with pytest.raises(RenderFailed, match="outside of the repository"):
        walked({"resources": [reference]})


@pytest.mark.parametrize("path", ["../../etc/passwd", "https://evil.example/x"])
def test_transformers_cannot_reach_out_in_a_file(path: str) -> None:
    """What a plugin's configuration refers to is checked as well."""
    with pytest.raises(RenderFailed):
        walked({"transformers": ["t.yaml"]}, **{"app/t.yaml": {"kind": "PatchTransformer", "path": path}})


@pytest.mark.parametrize(
    "text", ["kind: P\npath: ../../x\n", "kind: P\nurl: https://x\n", "kind: P\npath: /etc/x\n"]
)
def test_transformers_cannot_reach_out_inline(text: str) -> None:
    """Inline configuration is not parsed: anything like an address or a way out is refused."""
    with pytest.raises(RenderFailed, match="inline"):
        walked({"transformers": [text]})


def test_harmless_transformers_are_read() -> None:
    """Files that they name are inputs; directories of them are followed."""
    found = walked(
        {"transformers": ["t.yaml", "../more", "kind: PrefixTransformer\nprefix: x-\n"], "generators": None},
        **{
            "app/t.yaml": [{"path": "../p.yaml", "nested": [{"files": ["k=../q.yaml", 3]}]}],
            "more/kustomization.yaml": {},
        },
    )
    assert found == Walk(directories=("app", "more"), files=("p.yaml", "q.yaml"))


def test_plugin_references_are_found_at_any_depth() -> None:
    """In mappings and lists, by the keys that mean files."""
    assert list(plugin_references({"a": [{"path": "x"}], "valuesFile": "k=y", "name": "z"})) == ["x", "y"]


def test_a_chain_without_end_is_refused() -> None:
    """Sixty bases one below the other are nobody's."""
    files = {f"d{n}/kustomization.yaml": {"resources": [f"../d{n + 1}"]} for n in range(60)}
    with pytest.raises(RenderFailed, match="too much"):
        walk("d0", DictTree({**files, "d60/a": {}}))


def test_the_kustomization_file_is_found_by_its_three_names() -> None:
    """None where there is none."""
    assert file_of("a", DictTree({"a/Kustomization": {}})) == "a/Kustomization"
    assert file_of("b", DictTree({"a/Kustomization": {}})) is None


@given(st.text(alphabet="ab./", max_size=12), st.text(alphabet="ab./", max_size=12))
def test_joined_paths_are_normalised_or_leave(directory: str, reference: str) -> None:
    """No `..` is left inside a path that stays."""
    path = join(directory, reference)
    assert leaves(path) or ".." not in path.split("/")
