"""What existing installations carry and what Moorings does with it, as data.

`table.yaml` has one row a name. Conditions, `moor migrate check` and docs/compatibility.md come from it, so
that nothing an object says is passed over in silence.
"""

from __future__ import annotations

from common.compatibility.found import Finding, unhonoured, unhonoured_options
from common.compatibility.table import Disposition, Row, rows

__all__ = ["Disposition", "Finding", "Row", "rows", "unhonoured", "unhonoured_options"]
