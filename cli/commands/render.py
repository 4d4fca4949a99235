"""`moor render`: the objects of an Application, rendered from a working copy without any server."""

from __future__ import annotations

from pathlib import Path

import click

from cli.commands.tools import data_dir_option
from cli.manifest_files import FILE, print_objects, read_objects, read_settings, settings_option
from common.core.keys import Object
from common.core.model.application import Application
from common.core.model.engine_settings import EngineSettings


@click.command()
@click.argument("app_file", metavar="APP.yaml", type=FILE)
@click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="The working copy to read in place of the Application's repositories.",
)
@click.option("--kube-version", default="", help="The Kubernetes version that charts see.")
@click.option("--api-versions", multiple=True, help="An API version that charts see; may be repeated.")
@settings_option
@data_dir_option
@click.option(
    "-o",
    "--output",
    type=click.Choice(["yaml", "json", "name"]),
    default="yaml",
    show_default=True,
    help="Format.",
)
def render(
    app_file: Path,
    repo: Path,
    kube_version: str,
    api_versions: tuple[str, ...],
    settings: Path | None,
    data_dir: Path,
    output: str,
) -> None:
    """Print the objects of the Application in APP.yaml (- for stdin), rendered from a working copy.

    What is on disk counts, committed or not. Every source of a Git repository reads the same directory.
    """
    from common.core.errors import MooringsError
    from common.core.model.application import parse_application

    try:
        applications = [
            parse_application(obj) for obj in read_objects(app_file) if obj.get("kind") == "Application"
        ]
        if not applications:
            raise click.ClickException(f"{app_file}: there is no Application in it")
        workshop = _Rendering(
            repo, data_dir.expanduser(), read_settings(settings), kube_version, api_versions
        )
        objects = [obj for application in applications for obj in workshop.objects(application)]
    except (MooringsError, OSError) as error:
        raise click.ClickException(str(error)) from error
    print_objects(objects, output)


class _Rendering:
    """The renderers on a working copy."""

    def __init__(
        self,
        repo: Path,
        data_dir: Path,
        settings: EngineSettings,
        kube_version: str,
        api_versions: tuple[str, ...],
    ) -> None:
        from common.adapters.renderers.dispatch import Renderers
        from common.adapters.tools import Tools
        from common.adapters.worktree import WorkTree
        from common.ports import RenderSettings

        self._tree = WorkTree(repo)
        self._renderers = Renderers(self._tree, Tools(data_dir), cache=data_dir / "cache")
        self._settings = RenderSettings(
            kustomize_options=settings.kustomize_build_options,
            helm_value_schemes=settings.helm_values_file_schemes,
        )
        self._kube_version, self._api_versions = kube_version, api_versions

    def objects(self, application: Application) -> list[Object]:
        """Of all its sources, in their order."""
        from common.core.access import RepositoryAccess
        from common.core.build_env import build_environment
        from common.core.keys import Revision
        from common.core.kustomization import join
        from common.core.source_type import MARKERS, detect
        from common.ports import RenderRef, RenderRequest

        spec = application.spec
        found: list[Object] = []
        local = RepositoryAccess(url="working-copy")
        revision = self._tree.ls_remote(local).head_revision or Revision("")
        refs = {s.ref: RenderRef(repo=local, revision=revision) for s in spec.effective_sources if s.ref}
        for source in spec.effective_sources:
            if source.ref and not (source.path or source.chart):
                continue
            markers = [join(source.path.strip("/"), name) for name in MARKERS]
            present = self._tree.tree_oids(local, revision, markers)
            kind = detect(source, [m.rpartition("/")[2] for m in markers if present[m] is not None])
            request = RenderRequest(
                app_name=application.name,
                namespace=spec.destination.namespace,
                project=spec.project_name,
                source=source,
                source_type=kind,
                repo=RepositoryAccess(url=source.repo_url, type="helm") if source.chart else local,
                revision=Revision(source.target_revision) if source.chart else revision,
                refs=refs,
                kube_version=self._kube_version,
                api_versions=self._api_versions,
                build_env=build_environment(
                    app_name=application.name,
                    namespace=spec.destination.namespace,
                    project=spec.project_name,
                    revision=revision,
                    repo_url=source.repo_url,
                    path=source.path,
                    target_revision=source.target_revision,
                    kube_version=self._kube_version,
                    api_versions=self._api_versions,
                ),
                settings=self._settings,
            )
            found += self._renderers.render(request)
        return found
