"""Which Applications a request means: by name and namespace, and by the list's filters."""

from __future__ import annotations

import msgspec

from common.core.errors import NotFound
from common.core.follows import followed
from common.core.keys import AppKey, Object
from common.core.model.application import Application, parse_application, read_application
from common.core.model.repo_url import normalise_repo_url
from common.operations.status_write import APPLICATION
from server.api.selectors import Requirement, parse_selector, selected
from server.http.call import Call
from server.http.faults import Code, Fault
from server.service import Service


def key_of_call(call: Call) -> AppKey:
    """The application that a path names. Raises Fault for a namespace that is not looked at."""
    return app_key(call.service, str(call.path["name"]), call.first("appNamespace"))


def app_key(service: Service, name: str, namespace: str = "") -> AppKey:
    """A name in a namespace; in the home namespace when it is empty.

    Raises:
        Fault: applications are not allowed there, or the name is none.
    """
    home = service.ports.namespace
    if namespace and not service.fleet.current().settings.serves_namespace(namespace, home):
        raise Fault(Code.PERMISSION_DENIED, f"namespace {namespace!r} is not permitted")
    if not name or "/" in name:
        raise Fault(Code.INVALID_ARGUMENT, f"name: found {name!r}, expected an application's name")
    return AppKey(namespace or home, name)


def stored(service: Service, key: AppKey) -> Object:
    """An Application as last seen.

    Raises:
        Fault: there is none.
    """
    found = service.ports.applications.get(key)
    if found is None:
        found = at_home(service, key)
    return found


def at_home(service: Service, key: AppKey) -> Object:
    """An Application as its API server has it now: what a change is made from.

    Raises:
        Fault: there is none.
    """
    try:
        return service.home.get(APPLICATION, key.namespace, key.name)
    except NotFound:
        raise Fault(Code.NOT_FOUND, f'applications.argoproj.io "{key.name}" not found') from None


def of_call(call: Call) -> Application:
    """The application of a path, typed, for reading. What is malformed in its spec is left out."""
    return read_application(stored(call.service, key_of_call(call))).application


def valid_of_call(call: Call) -> Application:
    """The same for work on it. Raises InvalidInput when its spec is none."""
    return parse_application(stored(call.service, key_of_call(call)))


def everything(service: Service) -> list[Object]:
    """All Applications, sorted by name; from the API server while the store is not complete."""
    applications = service.ports.applications
    if applications.complete():
        found = [app for app in applications.many(applications.keys()) if app is not None]
    else:
        found = list(service.home.list(APPLICATION, service.ports.namespace).items)
    return sorted(found, key=lambda app: (app["metadata"]["name"], app["metadata"].get("namespace", "")))


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list asks for; empty ones do not count."""

    name: str = ""
    namespace: str = ""
    projects: frozenset[str] = frozenset()
    repo: str = ""
    selector: tuple[Requirement, ...] = ()

    def admit(self, app: Object) -> bool:
        """Whether an Application is meant."""
        meta, spec = app["metadata"], app.get("spec") or {}
        if self.name and meta["name"] != self.name:
            return False
        if self.namespace and meta.get("namespace") != self.namespace:
            return False
        if self.projects and (spec.get("project") or "default") not in self.projects:
            return False
        if self.selector and not selected(self.selector, meta.get("labels") or {}):
            return False
        return not self.repo or self.repo in _repos(app)


def _repos(app: Object) -> set[str]:
    sources = read_application(app).application.spec.effective_sources
    return {normalise_repo_url(followed(source).url) for source in sources}


def filters_of(call: Call) -> Filters:
    """What a query asks for. Raises InvalidInput for a selector that is none."""
    repo = call.first("repo")
    return Filters(
        name=call.first("name"),
        namespace=call.first("appNamespace"),
        projects=call.many("projects", "project"),
        repo=normalise_repo_url(repo) if repo else "",
        selector=parse_selector(call.first("selector")),
    )
