"""Images and addresses that objects show, for an Application's summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from common.core.keys import Object

_LINK = "link.argocd.argoproj.io/"


def images_of(obj: Object) -> tuple[str, ...]:
    """The images of a pod, or of the pods that a workload makes, sorted, each once."""
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return ()
    found: set[str] = set()
    for pod in (spec, _at(spec, "template", "spec"), _at(spec, "jobTemplate", "spec", "template", "spec")):
        found |= set(_pod_images(pod))
    return tuple(sorted(found))


def _pod_images(pod: Any) -> Iterator[str]:
    for field in ("initContainers", "containers"):
        containers = pod.get(field) if isinstance(pod, dict) else None
        for container in containers if isinstance(containers, list) else ():
            image = container.get("image") if isinstance(container, dict) else None
            if isinstance(image, str) and image:
                yield image


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def links_of(obj: Object) -> tuple[str, ...]:
    """The addresses that an object is reached under: an Ingress's hosts, and `link.argocd.argoproj.io/*`."""
    annotations = _at(obj, "metadata", "annotations")
    found = {
        str(value)
        for name, value in (annotations.items() if isinstance(annotations, dict) else ())
        if name.startswith(_LINK) and str(value).startswith(("http://", "https://"))
    }
    if obj.get("kind") == "Ingress":
        found |= set(_ingress_links(obj))
    return tuple(sorted(found))


def _ingress_links(obj: Object) -> Iterator[str]:
    secure = set()
    for tls in _list(_at(obj, "spec", "tls")):
        secure |= {str(host) for host in _list(_at(tls, "hosts"))} or {""}
    addresses = [
        str(_at(entry, "hostname") or _at(entry, "ip") or "")
        for entry in _list(_at(obj, "status", "loadBalancer", "ingress"))
    ]
    for rule in _list(_at(obj, "spec", "rules")):
        host = str(_at(rule, "host") or "")
        scheme = "https" if host in secure or "" in secure else "http"
        for path in _list(_at(rule, "http", "paths")) or [{}]:
            for name in [host] if host else [address for address in addresses if address]:
                yield f"{scheme}://{name}{_path(str(_at(path, 'path') or ''))}"


def _path(text: str) -> str:
    """The path as an address has it: without wildcards, and without a lone slash."""
    clean = text.rstrip("*").rstrip("/")
    return clean if clean.startswith("/") else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def summary_of(objects: Iterable[Object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All images and all addresses of an Application's live objects, sorted."""
    images: set[str] = set()
    links: set[str] = set()
    for obj in objects:
        images.update(images_of(obj))
        links.update(links_of(obj))
    return tuple(sorted(images)), tuple(sorted(links))
