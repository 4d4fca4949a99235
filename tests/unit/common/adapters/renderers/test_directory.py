"""Plain manifests from Git's blobs."""

from __future__ import annotations

import pytest

from common.adapters.memory.git import Link
from common.adapters.renderers.directory import matches
from common.core.errors import InvalidManifest, PathNotFound, RenderError, RenderFailed, RenderLimitExceeded
from common.ports import RenderLimits, RenderSettings
from tests.render_fixtures import Workshop


def config_map(name: str) -> str:
    """A minimal object."""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"


def names(objects: list[dict[str, object]]) -> list[object]:
    """The names of objects."""
    return [obj["metadata"]["name"] for obj in objects]  # type: ignore[index]


def test_manifests_of_the_directory_only(plain_workshop: Workshop) -> None:
    """YAML and JSON, several documents, in the order of paths; not what is below, nor other files."""
    plain_workshop.commit(
        {
            "app/b.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}',
            "app/a.yaml": config_map("a") + "---\n" + config_map("a2"),
            "app/c.yml": config_map("c"),
            "app/README.md": "kind: nothing",
            "app/sub/d.yaml": config_map("d"),
            "other/e.yaml": config_map("e"),
        }
    )
    assert names(plain_workshop.render("Directory", "app")) == ["a", "a2", "b", "c"]


def test_recursion_skips_hidden_directories(plain_workshop: Workshop) -> None:
    """`recurse` goes all the way down, but not into `.github` and the like."""
    plain_workshop.commit(
        {
            "a.yaml": config_map("a"),
            "x/y/b.yaml": config_map("b"),
            ".github/workflows/c.yaml": "on: push",
        }
    )
    assert names(plain_workshop.render("Directory", ".", options={"recurse": True})) == ["a", "b"]


def test_include_and_exclude(plain_workshop: Workshop) -> None:
    """Exclude wins; both are for the whole path."""
    plain_workshop.commit(
        {"app/a.yaml": config_map("a"), "app/test/b.yaml": config_map("b"), "app/test/c.yml": config_map("c")}
    )
    options = {"recurse": True, "include": "{*.yaml,*.yml}", "exclude": "test/*.yml"}
    assert names(plain_workshop.render("Directory", "app", options=options)) == ["a", "b"]


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("a/b.yaml", "*.yaml", True),
        ("a/b.yaml", "a/*", True),
        ("a/b/c.yaml", "a/*.yaml", True),
        ("b.yaml", "{a,b}.yaml", True),
        ("c.yaml", "{a,b}.yaml", False),
        ("B.yaml", "b.yaml", False),
        (".hidden.yaml", "*", True),
        ("a.yaml", "?.yaml", True),
        ("a.yaml", "[ab].yaml", True),
        ("some/env-prod/x.yaml", "**/env-*/*.yaml", True),
    ],
)
def test_patterns_match_as_existing_applications_expect(path: str, pattern: str, expected: bool) -> None:
    """`*` matches `/` too; case counts."""
    assert matches(path, pattern) is expected


def test_files_of_any_name_where_asked(plain_workshop: Workshop) -> None:
    """`disableExtensionFilter`."""
    plain_workshop.commit({"app/manifest": config_map("a")})
    assert plain_workshop.render("Directory", "app") == []
    assert names(plain_workshop.render("Directory", "app", options={"disableExtensionFilter": True})) == ["a"]


def test_a_marked_file_is_skipped(plain_workshop: Workshop) -> None:
    """`+argocd:skip-file-rendering`."""
    plain_workshop.commit({"app/a.yaml": "# +argocd:skip-file-rendering\nnot: a manifest\n"})
    assert plain_workshop.render("Directory", "app") == []


def test_links_within_the_repository_are_followed(plain_workshop: Workshop) -> None:
    """And what they lead to is an input."""
    plain_workshop.commit({"app/a.yaml": Link("../shared/a.yaml"), "shared/a.yaml": config_map("shared")})
    assert names(plain_workshop.render("Directory", "app")) == ["shared"]
    assert plain_workshop.inputs("Directory", "app") == ["app", "shared/a.yaml"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd"])
def test_links_out_of_the_repository_are_refused(plain_workshop: Workshop, target: str) -> None:
    """By the link's name."""
    plain_workshop.commit({"app/a.yaml": Link(target)})
    with pytest.raises(RenderFailed, match=r"app/a\.yaml is a link that leaves the repository"):
        plain_workshop.render("Directory", "app")


def test_a_link_to_nothing_is_named(plain_workshop: Workshop) -> None:
    """Not taken for an empty file: absence needs proof."""
    plain_workshop.commit({"app/a.yaml": Link("gone.yaml")})
    with pytest.raises(RenderFailed, match=r"app/a\.yaml: a link to app/gone\.yaml"):
        plain_workshop.render("Directory", "app")


def test_a_missing_directory_is_not_an_empty_one(plain_workshop: Workshop) -> None:
    """Else everything would be pruned."""
    plain_workshop.commit({"app/a.yaml": config_map("a")})
    with pytest.raises(PathNotFound, match="gone"):
        plain_workshop.render("Directory", "gone")
    with pytest.raises(RenderFailed, match="outside"):
        plain_workshop.render("Directory", "../x")


def test_all_manifests_together_are_bounded(plain_workshop: Workshop) -> None:
    """`reposerver.max.combined.directory.manifests.size`; other files do not count."""
    plain_workshop.commit({"app/a.yaml": config_map("a") + "#" * 2000, "app/big.bin": "x" * 5000})
    settings = RenderSettings(limits=RenderLimits(input_bytes=1000))
    with pytest.raises(RenderLimitExceeded):
        plain_workshop.render("Directory", "app", settings=settings)
    settings = RenderSettings(limits=RenderLimits(input_bytes=3000))
    assert names(plain_workshop.render("Directory", "app", settings=settings)) == ["a"]


def test_invalid_yaml_names_the_file(plain_workshop: Workshop) -> None:
    """And where in it, when it is meant for us; other YAML may lie about."""
    plain_workshop.commit(
        {"app/bad.yaml": "apiVersion: v1\nkind: [1\nmetadata: 2\n", "app/notes.yaml": "a: [1\n"}
    )
    with pytest.raises(InvalidManifest, match=r"app/bad\.yaml: line 3"):
        plain_workshop.render("Directory", "app")
    plain_workshop.commit({"app/bad.yaml": None, "app/values.yaml": "replicas: 3\n"})
    assert plain_workshop.render("Directory", "app") == []


def test_a_yaml_bomb_is_refused(plain_workshop: Workshop) -> None:
    """Aliases of aliases would be billions of nodes."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    plain_workshop.commit({"app/bomb.yaml": config_map("a") + "\n".join(lines)})
    with pytest.raises(RenderError):
        plain_workshop.render("Directory", "app")


def test_deep_nesting_is_refused(plain_workshop: Workshop) -> None:
    """As an error, not as an exhausted stack."""
    plain_workshop.commit({"app/deep.yaml": config_map("a") + "a: " + "[" * 20_000 + "]" * 20_000})
    with pytest.raises(RenderError):
        plain_workshop.render("Directory", "app")


def test_jsonnet_is_not_passed_over_in_silence(plain_workshop: Workshop) -> None:
    """Not yet is said."""
    plain_workshop.commit({"app/a.jsonnet": "{}"})
    with pytest.raises(RenderFailed, match="jsonnet is not supported yet"):
        plain_workshop.render("Directory", "app")


def test_types_that_nobody_renders_are_named(plain_workshop: Workshop) -> None:
    """A plugin source is an error that says so."""
    plain_workshop.commit({"app/a.yaml": config_map("a")})
    with pytest.raises(RenderFailed, match="Plugin sources cannot be rendered yet"):
        plain_workshop.render("Plugin", "app")
    assert plain_workshop.renderers.identity("Directory") == "directory-1"
