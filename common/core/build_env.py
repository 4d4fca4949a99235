"""The build environment: the ARGOCD_APP_* variables, and their substitution in what an Application says.

Names and meaning are Argo CD's ("Build Environment"); substitution follows Go's `os.Expand`, with `$$` for a
dollar sign and nothing for an unknown variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from common.core.keys import Revision

_REFERENCE = re.compile(
    r"\$(?:\{(?P<braced>[^}]*)\}|(?P<plain>[A-Za-z_][A-Za-z0-9_]*|[*#$@!?0-9-])|(?P<broken>\{))"
)


def build_environment(
    *,
    app_name: str,
    namespace: str,
    project: str,
    revision: Revision,
    repo_url: str,
    path: str,
    target_revision: str,
    kube_version: str = "",
    api_versions: Iterable[str] = (),
) -> dict[str, str]:
    """All variables of one source. `namespace` is the destination's; `path` is empty for a chart."""
    return {
        "ARGOCD_APP_NAME": app_name,
        "ARGOCD_APP_NAMESPACE": namespace,
        "ARGOCD_APP_PROJECT_NAME": project,
        "ARGOCD_APP_REVISION": revision,
        "ARGOCD_APP_REVISION_SHORT": revision[:7],
        "ARGOCD_APP_REVISION_SHORT_8": revision[:8],
        "ARGOCD_APP_SOURCE_PATH": path,
        "ARGOCD_APP_SOURCE_REPO_URL": repo_url,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": target_revision,
        "KUBE_VERSION": kube_version,
        "KUBE_API_VERSIONS": ",".join(api_versions),
    }


def substitute(text: str, environment: Mapping[str, str]) -> str:
    """The text with `$NAME` and `${NAME}` replaced. A `$` before anything else stays."""

    def value(match: re.Match[str]) -> str:
        name = _name(match)
        return "$" if name == "$" else environment.get(name, "")

    return _REFERENCE.sub(value, text)


def mentioned(texts: Iterable[str]) -> frozenset[str]:
    """The variables that the texts refer to: only these belong in the digest of a render."""
    return frozenset(
        name
        for text in texts
        for match in _REFERENCE.finditer(text)
        if (name := _name(match)) not in ("$", "")
    )


def _name(match: re.Match[str]) -> str:
    return match["braced"] or match["plain"] or ""
