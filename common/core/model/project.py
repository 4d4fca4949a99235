"""An AppProject as a frozen typed view beside its raw document."""

from __future__ import annotations

from msgspec import Struct, field

from common.core.errors import FieldError, InvalidInput
from common.core.keys import Object
from common.core.model.reading import field_error, read
from common.core.model.record import Record


class DestinationRule(Record, frozen=True, kw_only=True):
    """Where Applications may go. Globs; with `!` in front: where they may not."""

    server: str = ""
    name: str = ""
    namespace: str = ""


class KindRule(Record, frozen=True, kw_only=True):
    """Kinds of objects, by globs."""

    group: str
    kind: str


class ClusterKindRule(Record, frozen=True, kw_only=True):
    """Kinds of cluster-scoped objects, by globs, and possibly only those of some name."""

    group: str
    kind: str
    name: str = ""
    """A glob; empty for any name."""


class DestinationServiceAccount(Record, frozen=True, kw_only=True):
    """Whom to impersonate in a destination."""

    server: str
    namespace: str = ""
    default_service_account: str


class OrphanedKey(Record, frozen=True, kw_only=True):
    """Objects that never count as orphaned."""

    group: str = ""
    kind: str = ""
    name: str = ""


class OrphanedResources(Record, frozen=True, kw_only=True):
    """Whether objects in destination namespaces that no Application has are looked for."""

    warn: bool | None = None
    ignore: tuple[OrphanedKey, ...] = ()


class SyncWindow(Record, frozen=True, kw_only=True):
    """A time in which syncs are allowed, or denied."""

    kind: str = ""
    """allow or deny."""
    schedule: str = ""
    """Cron format: when it opens."""
    duration: str = ""
    applications: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    manual_sync: bool = False
    time_zone: str = ""
    """Empty for UTC."""
    use_and_operator: bool = field(name="andOperator", default=False)
    """Whether applications, namespaces and clusters must all match, rather than any of them."""
    sync_overrun: bool = False
    """Whether a sync that is under way when the window closes may end."""
    description: str = ""


class SignatureKey(Record, frozen=True, kw_only=True):
    """A GnuPG key that may have signed commits."""

    key_id: str = field(name="keyID")


class IntegrityRepo(Record, frozen=True, kw_only=True):
    """A glob over repositories' addresses."""

    url: str = ""


class IntegrityGpg(Record, frozen=True, kw_only=True):
    """How GnuPG signatures are verified."""

    mode: str = ""
    """none, head or strict."""
    keys: tuple[str, ...] = ()


class IntegrityPolicy(Record, frozen=True, kw_only=True):
    """How the commits of some repositories are verified."""

    repos: tuple[IntegrityRepo, ...] = ()
    gpg: IntegrityGpg | None = None


class IntegrityGit(Record, frozen=True, kw_only=True):
    """How commits are verified."""

    policies: tuple[IntegrityPolicy, ...] = ()


class SourceIntegrity(Record, frozen=True, kw_only=True):
    """How sources are verified."""

    git: IntegrityGit | None = None


class JwtToken(Record, frozen=True, kw_only=True):
    """A token that a role has given out."""

    iat: int
    """Issued at: seconds since 1970."""
    exp: int = 0
    id: str = ""


class ProjectRole(Record, frozen=True, kw_only=True):
    """Who may do what within the project."""

    name: str
    description: str = ""
    policies: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    jwt_tokens: tuple[JwtToken, ...] = ()


class AppProjectSpec(Record, frozen=True, kw_only=True):
    """`spec`."""

    description: str = ""
    source_repos: tuple[str, ...] = ()
    destinations: tuple[DestinationRule, ...] = ()
    destination_service_accounts: tuple[DestinationServiceAccount, ...] = ()
    cluster_resource_whitelist: tuple[ClusterKindRule, ...] = ()
    """Empty: no cluster-scoped object is permitted."""
    cluster_resource_blacklist: tuple[ClusterKindRule, ...] = ()
    namespace_resource_whitelist: tuple[KindRule, ...] | None = None
    """None: every namespaced kind is permitted; an empty list: none is."""
    namespace_resource_blacklist: tuple[KindRule, ...] = ()
    orphaned_resources: OrphanedResources | None = None
    sync_windows: tuple[SyncWindow, ...] = ()
    signature_keys: tuple[SignatureKey, ...] = ()
    source_integrity: SourceIntegrity | None = None
    permit_only_project_scoped_clusters: bool = False
    roles: tuple[ProjectRole, ...] = ()
    source_namespaces: tuple[str, ...] = ()
    """Globs over namespaces, besides the home one, whose Applications may use the project."""


class JwtTokens(Record, frozen=True, kw_only=True):
    """The tokens of one role."""

    items: tuple[JwtToken, ...] = ()


class AppProjectStatus(Record, frozen=True, kw_only=True):
    """`status`."""

    jwt_tokens_by_role: dict[str, JwtTokens] = field(default_factory=dict)


class AppProject(Struct, frozen=True, kw_only=True):
    """A project."""

    raw: Object
    name: str
    namespace: str = ""
    resource_version: str = ""
    spec: AppProjectSpec = AppProjectSpec()
    status: AppProjectStatus = AppProjectStatus()


class ProjectReading(Struct, frozen=True, kw_only=True):
    """What reading a project gave, wrong or right."""

    project: AppProject
    errors: tuple[FieldError, ...] = ()


def parse_project(raw: Object) -> AppProject:
    """Read a project.

    Raises:
        InvalidInput: with every error.
    """
    reading = read_project(raw)
    if reading.errors:
        raise InvalidInput.of(reading.errors)
    return reading.project


def read_project(raw: Object) -> ProjectReading:
    """Read a project leniently. What could not be read of a rule is left out, so that lists which permit
    permit less; whoever decides by a project with errors must not decide by its lists which deny.
    """
    given = raw.get("metadata")
    meta = given if isinstance(given, dict) else {}
    name = str(meta.get("name") or "")
    spec, errors = read(raw.get("spec") or {}, AppProjectSpec, name=f"AppProject {name}", at="spec")
    status, _ = read(raw.get("status") or {}, AppProjectStatus, name=f"AppProject {name}", at="status")
    if not name:
        errors.append(field_error("AppProject", "metadata.name", None, "a name"))
    return ProjectReading(
        project=AppProject(
            raw=raw,
            name=name,
            namespace=str(meta.get("namespace") or ""),
            resource_version=str(meta.get("resourceVersion") or ""),
            spec=spec,
            status=status,
        ),
        errors=tuple(errors),
    )
