"""Charts rendered by the real helm."""

from __future__ import annotations

import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from common.adapters.memory.git import Link
from common.core.access import RepositoryAccess, Secret
from common.core.errors import (
    PathNotFound,
    RefNotFound,
    RenderFailed,
    RepositoryAuthFailed,
    RepositoryUnreachable,
    ToolMissing,
)
from common.core.keys import Object, Revision
from common.ports import RenderRequest
from tests.render_fixtures import Workshop

CHART = "apiVersion: v2\nname: web\nversion: 0.1.0\n"
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
data:
  color: {{ .Values.color | default "none" | quote }}
  size: {{ .Values.size | default "none" | quote }}
  script: {{ .Values.script | default "none" | quote }}
  kube: {{ .Capabilities.KubeVersion.Version }}
  batch: {{ .Capabilities.APIVersions.Has "example.org/v9" | quote }}
"""
FILES = {
    "apps/web/Chart.yaml": CHART,
    "apps/web/values.yaml": "color: chart\n",
    "apps/web/prod.yaml": "color: prod\nsize: 3\n",
    "apps/web/templates/cm.yaml": TEMPLATE,
    "apps/web/crds/crd.yaml": (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: crd}\n"
    ),
    "apps/web/templates/tests/test.yaml": (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: test\n  annotations: {helm.sh/hook: test}\n"
    ),
    "envs/prod.yaml": "color: env\n",
    "envs/a/one.yaml": "size: 1\n",
    "envs/b/two.yaml": "size: 2\n",
    "run.sh": "echo hello, world\n",
}


def data(objects: list[Object]) -> dict[str, Any]:
    """The ConfigMap's data."""
    (found,) = [obj for obj in objects if obj["kind"] == "ConfigMap"]
    return dict(found["data"])


def test_a_chart_with_its_defaults(workshop: Workshop) -> None:
    """Release named for the application, in its namespace, for the cluster's version; CRDs and tests in."""
    workshop.commit(FILES)
    objects = workshop.render("Helm", "apps/web")
    assert [obj["kind"] for obj in objects] == ["CustomResourceDefinition", "ConfigMap", "Pod"]
    assert objects[1]["metadata"] == {"name": "web", "namespace": "shop"}
    assert data(objects) == {
        "color": "chart",
        "size": "none",
        "script": "none",
        "kube": "v1.31.2",
        "batch": "false",
    }
    assert workshop.inputs("Helm", "apps/web") == ["apps/web"]


def test_value_files_in_their_order(workshop: Workshop) -> None:
    """Relative to the chart, or to the repository's root with a slash; later ones win."""
    workshop.commit(FILES)
    options = {"valueFiles": ["prod.yaml", "/envs/prod.yaml"]}
    found = data(workshop.render("Helm", "apps/web", options=options))
    assert (found["color"], found["size"]) == ("env", "3")
    assert workshop.inputs("Helm", "apps/web", options=options) == [
        "apps/web",
        "apps/web/prod.yaml",
        "envs/prod.yaml",
    ]


def test_inline_values_over_files_and_parameters_over_all(workshop: Workshop) -> None:
    """`valuesObject` makes `values` unused; parameters are substituted; files become values."""
    workshop.commit(FILES)
    options = {
        "valueFiles": ["prod.yaml"],
        "values": "color: inline\n",
        "valuesObject": {"color": "object", "size": 4},
        "parameters": [{"name": "size", "value": "$ARGOCD_APP_NAME,x"}],
        "fileParameters": [{"name": "script", "path": "../../run.sh"}],
    }
    found = data(workshop.render("Helm", "apps/web", options=options))
    assert (found["color"], found["size"], found["script"]) == ("object", "web,x", "echo hello, world\n")
    options = {"valueFiles": ["prod.yaml"], "values": "color: inline\n"}
    assert data(workshop.render("Helm", "apps/web", options=options))["color"] == "inline"


def test_the_options_of_the_release(workshop: Workshop) -> None:
    """Name, namespace, versions, and what is left out."""
    workshop.commit(FILES)
    options = {
        "releaseName": "other",
        "namespace": "elsewhere",
        "kubeVersion": "1.29.0",
        "apiVersions": ["example.org/v9"],
        "skipCrds": True,
        "skipTests": True,
    }
    (found,) = workshop.render("Helm", "apps/web", options=options)
    assert found["metadata"] == {"name": "other", "namespace": "elsewhere"}
    assert (found["data"]["kube"], found["data"]["batch"]) == ("v1.29.0", "true")


def test_missing_value_files(workshop: Workshop) -> None:
    """Named as the Application names them; ignored only where it says so."""
    workshop.commit(FILES)
    with pytest.raises(RenderFailed, match=r"valueFiles: gone\.yaml: no such file"):
        workshop.render("Helm", "apps/web", options={"valueFiles": ["gone.yaml"]})
    options = {"valueFiles": ["gone.yaml"], "ignoreMissingValueFiles": True}
    assert data(workshop.render("Helm", "apps/web", options=options))["color"] == "chart"


def test_value_files_by_pattern(workshop: Workshop) -> None:
    """Sorted; the directory above the pattern is an input, as a new file may match."""
    workshop.commit(FILES)
    options = {"valueFiles": ["/envs/*/*.yaml"]}
    assert data(workshop.render("Helm", "apps/web", options=options))["size"] == "2"
    assert workshop.inputs("Helm", "apps/web", options=options) == ["apps/web", "envs"]


def test_value_files_of_another_source(workshop: Workshop) -> None:
    """`$ref/path`, with the build environment in the path."""
    workshop.commit(FILES)
    other = workshop.other({"apps/web.yaml": "color: other\n"})
    options = {"valueFiles": ["$values/apps/$ARGOCD_APP_NAME.yaml"]}
    found = workshop.render("Helm", "apps/web", options=options, refs={"values": other})
    assert data(found)["color"] == "other"
    assert workshop.inputs("Helm", "apps/web", options=options, refs={"values": other}) == [
        "apps/web",
        "$values/apps/web.yaml",
    ]


def test_a_missing_file_of_another_source_is_named(workshop: Workshop) -> None:
    """With that source's revision."""
    workshop.commit(FILES)
    other = workshop.other({"a.yaml": "color: other\n"})
    with pytest.raises(RenderFailed, match=other.revision[:10]):
        workshop.render(
            "Helm", "apps/web", options={"valueFiles": ["$values/gone.yaml"]}, refs={"values": other}
        )


def test_vendored_dependencies(workshop: Workshop) -> None:
    """A subchart in `charts/` is used as it is."""
    workshop.commit(
        FILES
        | {
            "apps/web/Chart.yaml": CHART + "dependencies: [{name: sub, version: 0.1.0}]\n",
            "apps/web/charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
            "apps/web/charts/sub/templates/a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: sub}\n",
        }
    )
    assert "Secret" in [obj["kind"] for obj in workshop.render("Helm", "apps/web")]


def test_charts_beside_it_are_built_in(workshop: Workshop) -> None:
    """`file://` dependencies, and theirs; both are inputs; the shared tree is not written to."""
    workshop.commit(
        FILES
        | {
            "apps/web/Chart.yaml": CHART
            + "dependencies: [{name: lib, version: 0.1.0, repository: 'file://../../lib'}]\n",
            "lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 0.1.0\n",
            "lib/templates/a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: lib}\n",
        }
    )
    for _ in range(2):
        assert "Secret" in [obj["kind"] for obj in workshop.render("Helm", "apps/web")]
    assert workshop.inputs("Helm", "apps/web") == ["apps/web", "lib"]


def test_a_broken_template_says_where(workshop: Workshop) -> None:
    """helm's own words, with paths of the repository only."""
    workshop.commit(FILES | {"apps/web/templates/bad.yaml": "a: {{ .Values.x.y.z }}\n"})
    with pytest.raises(RenderFailed, match=r"helm template failed .*templates/bad\.yaml") as caught:
        workshop.render("Helm", "apps/web")
    assert "moorings-render" not in str(caught.value)


def test_values_are_held_to_the_charts_schema(workshop: Workshop) -> None:
    """Unless the Application skips it."""
    schema = '{"type": "object", "properties": {"color": {"type": "integer"}}}'
    workshop.commit(FILES | {"apps/web/values.schema.json": schema})
    with pytest.raises(RenderFailed, match="color"):
        workshop.render("Helm", "apps/web")
    assert workshop.render("Helm", "apps/web", options={"skipSchemaValidation": True})


def test_links_to_elsewhere_in_the_repository(workshop: Workshop) -> None:
    """A shared template works, and the whole repository is what the render depends on."""
    workshop.commit(
        FILES
        | {
            "apps/web/templates/shared.yaml": Link("../../../shared/a.yaml"),
            "shared/a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: shared}\n",
        }
    )
    assert "Secret" in [obj["kind"] for obj in workshop.render("Helm", "apps/web")]
    assert workshop.inputs("Helm", "apps/web") == [""]


def test_a_missing_chart_directory(workshop: Workshop) -> None:
    """Is no empty chart."""
    workshop.commit(FILES)
    with pytest.raises(PathNotFound):
        workshop.render("Helm", "apps/gone")


def test_without_helm_the_way_out_is_said(plain_workshop: Workshop) -> None:
    """ToolMissing names `moor tools install`."""
    plain_workshop.commit(FILES)
    with pytest.raises(ToolMissing, match="moor tools install"):
        plain_workshop.render("Helm", "apps/web")


def test_the_version_is_part_of_the_identity(workshop: Workshop) -> None:
    """Another helm may render otherwise."""
    assert workshop.renderers.identity("Helm").startswith("helm-")
    assert workshop.renderers.identity("Helm")[5].isdigit()


# Charts of repositories


def archive(files: dict[str, str]) -> bytes:
    """A chart's archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


class ChartServer:
    """An HTTP chart repository that wants a password."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append(self.path)
                body = outer.files.get(self.path)
                allowed = self.headers.get("Authorization") == "Basic YWRhOnMzY3JldA=="
                self.send_response(401 if not allowed else 404 if body is None else 200)
                self.end_headers()
                if allowed and body is not None:
                    self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/charts"

    def publish(self, name: str, version: str, chart: bytes, *, digest: str = "") -> None:
        """Put an archive and the index of it."""
        self.files[f"/charts/{name}-{version}.tgz"] = chart
        digest = digest or hashlib.sha256(chart).hexdigest()
        self.files["/charts/index.yaml"] = (
            f"apiVersion: v1\nentries:\n  {name}:\n  - name: {name}\n    version: {version}\n"
            f"    digest: {digest}\n    urls: [{name}-{version}.tgz]\n"
        ).encode()


@pytest.fixture
def charts() -> Iterator[ChartServer]:
    """On loopback."""
    made = ChartServer()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def chart_request(workshop: Workshop, charts: ChartServer, **more: Any) -> RenderRequest:
    """A source that is a chart of the repository."""
    access = RepositoryAccess(url=charts.url, type="helm", username="ada", password=Secret("s3cret"))
    request = workshop.request("Helm", "", **{"repo": access, "revision": Revision("1.2.0"), **more})
    source = msgspec.structs.replace(request.source, repo_url=charts.url, chart="web", path="")
    return msgspec.structs.replace(request, source=source)


REPOSITORY_CHART = {
    "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.0\n",
    "web/values.yaml": "color: packed\n",
    "web/prod.yaml": "color: packed-prod\n",
    "web/templates/cm.yaml": TEMPLATE,
}


def test_a_chart_of_a_repository(workshop: Workshop, charts: ChartServer) -> None:
    """By index and archive, with credentials; unpacked once."""
    charts.publish("web", "1.2.0", archive(REPOSITORY_CHART))
    request = chart_request(workshop, charts)
    for _ in range(2):
        assert data(workshop.renderers.render(request))["color"] == "packed"
    assert charts.requests.count("/charts/web-1.2.0.tgz") == 1
    assert [v.version for v in workshop.renderers.charts.versions(request.repo, "web")] == ["1.2.0"]


def test_value_files_of_a_repository_chart(workshop: Workshop, charts: ChartServer) -> None:
    """Its own, and those of another source."""
    charts.publish("web", "1.2.0", archive(REPOSITORY_CHART))
    other = workshop.other({"web.yaml": "size: 7\n"})
    request = chart_request(
        workshop, charts, options={"valueFiles": ["prod.yaml", "$values/web.yaml"]}, refs={"values": other}
    )
    found = data(workshop.renderers.render(request))
    assert (found["color"], found["size"]) == ("packed-prod", "7")


def test_what_is_wrong_with_a_repository_is_said(workshop: Workshop, charts: ChartServer) -> None:
    """An unknown version, a wrong password, other bytes, nobody there; never the password."""
    charts.publish("web", "1.2.0", archive(REPOSITORY_CHART))
    with pytest.raises(RefNotFound, match=r"has no web 9\.9\.9"):
        workshop.renderers.render(chart_request(workshop, charts, revision=Revision("9.9.9")))
    wrong = RepositoryAccess(url=charts.url, type="helm", username="ada", password=Secret("wr0ng"))
    with pytest.raises(RepositoryAuthFailed):
        workshop.renderers.render(chart_request(workshop, charts, repo=wrong))
    charts.publish("web", "1.2.0", archive(REPOSITORY_CHART), digest="f" * 64)
    with pytest.raises(RenderFailed, match=r"expected f{64}"):
        workshop.renderers.render(chart_request(workshop, charts))
    nobody = RepositoryAccess(url="http://127.0.0.1:9/charts", type="helm")
    with pytest.raises(RepositoryUnreachable):
        workshop.renderers.render(chart_request(workshop, charts, repo=nobody))


def test_archives_cannot_write_outside(workshop: Workshop, charts: ChartServer, tmp_path: Path) -> None:
    """A member named `../` is refused and nothing of the archive stays."""
    charts.publish("web", "1.2.0", archive({"../evil": "x", **REPOSITORY_CHART}))
    with pytest.raises(RenderFailed, match="archive"):
        workshop.renderers.render(chart_request(workshop, charts))
    assert list((tmp_path / "cache" / "charts").iterdir()) == []


def test_oci_is_not_yet(workshop: Workshop, charts: ChartServer) -> None:
    """A clear error, not a strange one."""
    oci = RepositoryAccess(url="registry.example/charts", type="helm", enable_oci=True)
    with pytest.raises(RenderFailed, match="OCI registries are not supported yet"):
        workshop.renderers.render(chart_request(workshop, charts, repo=oci))


def test_dependencies_of_repositories_are_built(workshop: Workshop, charts: ChartServer) -> None:
    """With the credentials configured for that repository."""
    sub = {
        "sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.3.0\n",
        "sub/templates/a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: sub}\n",
    }
    charts.publish("sub", "0.3.0", archive(sub))
    dependency = f"dependencies: [{{name: sub, version: 0.3.0, repository: '{charts.url}'}}]\n"
    workshop.commit(FILES | {"apps/web/Chart.yaml": CHART + dependency})
    access = RepositoryAccess(url=charts.url, type="helm", username="ada", password=Secret("s3cret"))
    objects = workshop.render("Helm", "apps/web", helm_repositories=(access,))
    assert "Secret" in [obj["kind"] for obj in objects]
    wrong = RepositoryAccess(url=charts.url, type="helm", username="ada", password=Secret("wr0ng-s3cret"))
    with pytest.raises(RenderFailed) as caught:
        workshop.render("Helm", "apps/web", helm_repositories=(wrong,))
    assert "wr0ng-s3cret" not in str(caught.value)
