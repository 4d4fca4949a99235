"""Which repository-refs an Application follows."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from common.core.keys import Object
from common.core.model.application import read_application
from common.core.model.repo_url import normalise_repo_url
from common.core.model.source import ApplicationSource
from common.core.refs import is_commit, ref_digest


class Followed(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One (repository, ref). Applications that spell the same repository differently share it."""

    url: str
    ref: str
    """As `targetRevision` has it; `HEAD` when it is empty."""
    tag_prefix: str = ""
    chart: str = ""
    """A chart of a Helm repository; `ref` is then a version or range."""

    @property
    def digest(self) -> str:
        """Its name in the due set and among the facts."""
        place = normalise_repo_url(self.url)
        if self.chart:
            place = f"{place}\0chart:{self.chart}"
        ref = f"{self.tag_prefix}\0{self.ref}" if self.tag_prefix else self.ref
        return ref_digest(place, ref)

    @property
    def fixed(self) -> bool:
        """A full commit id never moves: nobody need be asked."""
        return not self.chart and is_commit(self.ref)


def followed(source: ApplicationSource) -> Followed:
    """What one source follows."""
    return Followed(
        url=source.repo_url,
        ref=source.revision_or_head,
        tag_prefix=source.tag_prefix,
        chart=source.chart,
    )


def follows(sources: Iterable[ApplicationSource]) -> tuple[Followed, ...]:
    """What all sources follow, each once, sorted."""
    return tuple(sorted({followed(source) for source in sources if source.repo_url}))


def ref_digests(app: Object) -> tuple[str, ...]:
    """The digests that an Application is indexed by: of every source whose ref can move."""
    found = follows(read_application(app).application.spec.effective_sources)
    return tuple(sorted({one.digest for one in found if not one.fixed}))
