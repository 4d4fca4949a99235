"""`spec.ignoreDifferences` as an Application writes it."""

from __future__ import annotations

from common.core.compare.ignore import IgnoreRule


class IgnoreDifferences(IgnoreRule, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A rule of the Application's own; empty fields are left out when it is written."""
