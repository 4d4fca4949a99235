"""What operations need from the outside, as Protocols. Each has a fake and a real adapter, and one
contract suite in `tests/contract` that both pass.

All methods may be called from several threads at once. What they raise is in `common.core.errors`.
"""

from __future__ import annotations

from common.ports.clock import (
    Clock,
)
from common.ports.clusters import (
    ApiCatalog,
    ApiResource,
    Cluster,
    Clusters,
    ListResult,
    PatchType,
    Propagation,
    WatchEvent,
)
from common.ports.expressions import (
    Jq,
)
from common.ports.git import (
    CommitMetadata,
    GitReader,
    RemoteRefs,
    TreeFile,
)
from common.ports.rendering import (
    Renderer,
    RenderInput,
    RenderLimits,
    RenderRef,
    RenderRequest,
    RenderSettings,
)
from common.ports.stores import (
    ApplicationChanges,
    Applications,
    Blobs,
    Facts,
    LiveStore,
    Logins,
    Snapshot,
    Taken,
)
from common.ports.work import (
    Claim,
    DueSet,
    Item,
    Kind,
    Leases,
    TaskQueue,
)

__all__ = [
    "ApiCatalog",
    "ApiResource",
    "ApplicationChanges",
    "Applications",
    "Blobs",
    "Claim",
    "Clock",
    "Cluster",
    "Clusters",
    "CommitMetadata",
    "DueSet",
    "Facts",
    "GitReader",
    "Item",
    "Jq",
    "Kind",
    "Leases",
    "ListResult",
    "LiveStore",
    "Logins",
    "PatchType",
    "Propagation",
    "RemoteRefs",
    "RenderInput",
    "RenderLimits",
    "RenderRef",
    "RenderRequest",
    "RenderSettings",
    "Renderer",
    "Snapshot",
    "Taken",
    "TaskQueue",
    "TreeFile",
    "WatchEvent",
]
