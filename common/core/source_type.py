"""Which renderer a source is for: what it says itself, else what lies in its directory."""

from __future__ import annotations

from collections.abc import Collection

from common.core.errors import InvalidInput
from common.core.model.source import ApplicationSource, SourceType

_CHART = "Chart.yaml"
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")

MARKERS = (_CHART, *_KUSTOMIZATIONS)
"""Names in the source's directory that `detect` asks about."""


def detect(source: ApplicationSource, present: Collection[str]) -> SourceType:
    """The source's type.

    Args:
        source: a chart of a Helm repository is Helm; a source with one of `helm`, `kustomize`, `directory` or
            `plugin` is what it says.
        present: which of `MARKERS` are in its directory. `Chart.yaml` counts before a kustomization.

    Raises:
        InvalidInput: the source says two things at once.
    """
    explicit = source.explicit_types
    if len(explicit) > 1:
        raise InvalidInput(
            "source", "", found=", ".join(explicit), expected="only one of helm, kustomize, directory, plugin"
        )
    if explicit:
        return explicit[0]
    if source.chart or _CHART in present:
        return SourceType.HELM
    if any(name in present for name in _KUSTOMIZATIONS):
        return SourceType.KUSTOMIZE
    return SourceType.DIRECTORY
