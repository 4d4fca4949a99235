"""Where an application goes, and under whose rules."""

from __future__ import annotations

import msgspec

from common.core.access import ClusterAccess
from common.core.model.project import AppProject


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A destination that a project permits."""

    access: ClusterAccess
    project: AppProject
