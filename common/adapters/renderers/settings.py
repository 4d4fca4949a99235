"""What argocd-cm says about rendering."""

from __future__ import annotations

from collections.abc import Mapping

from common.ports import RenderSettings


def render_settings(config: Mapping[str, str]) -> RenderSettings:
    """From the ConfigMap's `data`. Keys that are not there leave the defaults."""
    made = RenderSettings(kustomize_options=tuple(config.get("kustomize.buildOptions", "").split()))
    schemes = config.get("helm.valuesFileSchemes")
    if schemes is None:
        return made
    return RenderSettings(
        kustomize_options=made.kustomize_options,
        helm_value_schemes=tuple(s.strip().lower() for s in schemes.split(",") if s.strip()),
    )
