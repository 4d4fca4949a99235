"""Images and addresses for the summary."""

from __future__ import annotations

import pytest

from common.core.keys import Object
from common.core.resource_links import images_of, links_of, summary_of

POD = {"initContainers": [{"image": "init:1"}], "containers": [{"image": "app:1"}, {"image": "app:1"}]}


@pytest.mark.parametrize(
    "obj",
    [
        {"spec": POD},
        {"spec": {"template": {"spec": POD}}},
        {"spec": {"jobTemplate": {"spec": {"template": {"spec": POD}}}}},
    ],
)
def test_images_of_pods_and_of_what_makes_them(obj: Object) -> None:
    """Sorted, each once."""
    assert images_of(obj) == ("app:1", "init:1")


@pytest.mark.parametrize(
    "obj",
    [
        {},
        {"spec": "x"},
        {"spec": {"containers": "x"}},
        {"spec": {"containers": ["x", {}, {"image": 3}, {"image": ""}]}},
    ],
)
def test_odd_objects_have_no_images(obj: Object) -> None:
    """Custom resources may look like anything."""
    assert images_of(obj) == ()


def ingress(spec: Object, *addresses: Object, **annotations: str) -> Object:
    """An Ingress."""
    return {
        "kind": "Ingress",
        "metadata": {"annotations": annotations},
        "spec": spec,
        "status": {"loadBalancer": {"ingress": list(addresses)}},
    }


@pytest.mark.parametrize(
    ("obj", "links"),
    [
        (ingress({"rules": [{"host": "a.b"}]}), ("http://a.b",)),
        (ingress({"rules": [{"host": "a.b"}], "tls": [{"hosts": ["a.b"]}]}), ("https://a.b",)),
        (ingress({"rules": [{"host": "a.b"}], "tls": [{"secretName": "s"}]}), ("https://a.b",)),
        (ingress({"rules": [{"host": "a.b"}], "tls": [{"hosts": ["c.d"]}]}), ("http://a.b",)),
        (
            ingress(
                {
                    "rules": [
                        {"host": "a.b", "http": {"paths": [{"path": "/"}, {"path": "/x/*"}, {"path": "odd"}]}}
                    ]
                }
            ),
            ("http://a.b", "http://a.b/x"),
        ),
        (
            ingress({"rules": [{}]}, {"ip": "1.2.3.4"}, {"hostname": "lb"}, {}),
            ("http://1.2.3.4", "http://lb"),
        ),
        (ingress({"rules": [{}]}), ()),
        (ingress({}), ()),
        ({"kind": "Service", "spec": {"rules": [{"host": "a"}]}}, ()),
    ],
)
def test_addresses_of_ingresses(obj: Object, links: tuple[str, ...]) -> None:
    """Host or load balancer, scheme by TLS, path without wildcards."""
    assert links_of(obj) == links


def test_links_by_annotation() -> None:
    """Any kind; only web addresses, nothing that a browser would run."""
    obj = {
        "kind": "ConfigMap",
        "metadata": {
            "annotations": {
                "link.argocd.argoproj.io/docs": "https://docs",
                "link.argocd.argoproj.io/bad": "javascript:alert(1)",
                "other": "https://other",
            }
        },
    }
    assert links_of(obj) == ("https://docs",)


def test_the_summary_is_sorted_and_without_repetition() -> None:
    """Over all objects."""
    one = ingress({"rules": [{"host": "b"}]})
    assert summary_of([{"spec": POD}, one, one, {"spec": POD}]) == (("app:1", "init:1"), ("http://b",))
