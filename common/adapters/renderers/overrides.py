"""Parameters that a repository itself sets: `.argocd-source.yaml`, and `.argocd-source-<app>.yaml` over it.

They are merged into the Application's source before it is rendered, as tools that write image tags back to
Git expect. What the source is, and where, they cannot change.
"""

from __future__ import annotations

from typing import Any

import msgspec

from common.adapters.renderers.trees import GitTree
from common.core.convert import convert
from common.core.errors import InvalidManifest
from common.core.kustomization import join, leaves
from common.core.model.record import to_json
from common.core.model.source import ApplicationSource
from common.ports import GitReader, RenderRequest

_PARAMETERS = ("helm", "kustomize", "directory", "plugin")


def with_overrides(git: GitReader, request: RenderRequest) -> RenderRequest:
    """The request with the repository's own parameters in its source; itself where there are none.

    Raises:
        InvalidManifest: a file of them is no mapping of parameters.
    """
    path = join("", request.source.path.strip("/"))
    if request.source.chart or leaves(path):
        return request
    tree = GitTree(git, request.repo, request.revision)
    names = [join(path, ".argocd-source.yaml"), join(path, f".argocd-source-{request.app_name}.yaml")]
    present = tree.existing(names)
    if not present:
        return request
    source: Any = to_json(request.source)
    for name in present:
        for document in tree.documents(name):
            if not isinstance(document, dict):
                raise InvalidManifest(
                    name, "", found=document, expected="parameters such as helm or kustomize"
                )
            source = merged(source, {key: document[key] for key in _PARAMETERS if key in document})
    try:
        made = convert(source, ApplicationSource)
    except msgspec.ValidationError as error:
        raise InvalidManifest(present[-1], "", found=str(error), expected="parameters of a source") from error
    return msgspec.structs.replace(request, source=made)


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7386), without changing either."""
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), value)
    return made
