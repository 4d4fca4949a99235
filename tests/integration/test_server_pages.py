"""A browser clicks through the pages of a whole Moorings."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from common.core.keys import GroupVersionKind
from tests.engine_fixtures import application, config_map
from tests.server_fixtures import DEPLOYMENT, SECRET, Served

_DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
_IMAGES = Path(__file__).parents[2] / "docs" / "images"
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = pytest.mark.requires("chromium")


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A page of the system's Chromium; what its console calls an error fails the test."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "browser"),
            executable_path=shutil.which("chromium"),
            args=_FLAGS,
            viewport={"width": 1280, "height": 800},
            color_scheme="light",
        )
        page = context.new_page()
        page.set_default_timeout(10_000)
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        try:
            yield page
        finally:
            context.close()
        refused = "the server responded with a status of 401"  # what a wrong password is told
        assert [error for error in errors if refused not in error] == []


def log_in(page: Page, served: Served) -> None:
    """By the form."""
    page.goto(served.url)
    page.get_by_label("Password").fill(served.password)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{served.url}/applications")


def picture(page: Page, name: str) -> None:
    """Save a picture for the documentation, when it is asked for."""
    if os.environ.get("MOORINGS_SAVE_IMAGES"):
        _IMAGES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(_IMAGES / name))


def fleet(served: Served) -> None:
    """Six applications; `shop` syncs by hand, one cannot be rendered."""
    moored = served.moored
    repo = moored.git.repository()
    repo.commit(
        {"config.json": config_map("settings", colour="blue"), "web.yaml": DEPLOYMENT, "secret.yaml": SECRET}
    )
    url = moored.git.url_of()
    manual = {"syncOptions": ["CreateNamespace=true"]}
    moored.add(application("shop", url, syncPolicy=manual))
    for name in ("billing", "catalogue", "mailer", "search"):
        moored.add(application(name, url))
    moored.add(application("wiki", url, path="missing"))
    for name in ("billing", "catalogue", "mailer", "search"):
        moored.until_app(name, sync="Synced", health="Healthy")
    moored.until_app("wiki", sync="Unknown")
    moored.until_app("shop", sync="OutOfSync")


def test_a_visitor_logs_in_and_filters_the_list(served: Served, page: Page) -> None:
    """The list shows statuses, filters by text and status, and the address keeps the filter."""
    fleet(served)
    page.goto(f"{served.url}/applications?health=Healthy")
    expect(page).to_have_url(f"{served.url}/login?return=%2Fapplications%3Fhealth%3DHealthy")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("Invalid username or password")
    page.get_by_label("Password").fill(served.password)
    page.get_by_role("button", name="Log in").click()
    rows = page.locator("table.list tbody tr")
    expect(rows).to_have_count(4)
    page.get_by_role("link", name="clear").click()
    expect(rows).to_have_count(6)
    page.keyboard.press("/")
    page.keyboard.type("cata")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(f"{served.url}/applications?text=cata&project=&cluster=")
    page.get_by_label("Filter", exact=True).fill("")
    expect(rows).to_have_count(6)
    picture(page, "applications.png")


def test_the_list_follows_what_happens(served: Served, page: Page) -> None:
    """A change is on the page without anybody asking for it."""
    fleet(served)
    log_in(page, served)
    expect(page.locator("#app--shop")).to_contain_text("Out of sync")
    answer = served.client.post("/api/v1/applications/shop/sync", json={})
    assert answer.status_code == 200, answer.text
    expect(page.locator("#app--shop")).to_contain_text("Synced")
    expect(page.locator("#app--shop")).to_contain_text("Healthy")


def test_an_application_is_refreshed_synced_and_deleted(served: Served, page: Page) -> None:
    """Open, hard refresh, sync, see the tree; a change by hand shows as a difference; delete."""
    fleet(served)
    log_in(page, served)
    page.get_by_role("link", name="shop").click()
    expect(page.get_by_role("heading", name="shop", exact=True)).to_be_visible()
    expect(page.locator("#differences")).to_contain_text("settings")
    expect(page.locator("#differences")).not_to_contain_text("sesame")
    page.get_by_role("button", name="Hard refresh").click()
    expect(page.locator("#notice")).to_contain_text("Refreshing without caches")
    page.get_by_role("button", name="Sync…").click()
    page.get_by_role("button", name="Sync", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("Sync asked for")
    expect(page.locator("#live")).to_contain_text("Synced")
    expect(page.locator("#tree")).to_contain_text("ReplicaSet")
    expect(page.locator("#tree")).to_contain_text("Running")
    served.moored.home.patch(_DEPLOYMENT, "shop", "web", {"spec": {"replicas": 3}})
    difference = page.locator("#differences .difference")
    expect(difference).to_contain_text("replicas")
    expect(difference.locator(".add")).to_contain_text("replicas: 1")
    expect(page.locator("#tree .node", has_text="Pod")).to_have_count(3)
    page.set_viewport_size({"width": 1280, "height": 1000})
    picture(page, "application.png")
    page.get_by_role("button", name="Delete…").click()
    page.get_by_label("Type shop to confirm").fill("shop")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page).to_have_url(f"{served.url}/applications")
    expect(page.locator("#app--shop")).to_have_count(0)
    expect(page.locator("table.list tbody tr")).to_have_count(5)


def test_the_pages_fit_a_phone_and_the_dark(served: Served, page: Page) -> None:
    """At a phone's width nothing is wider than the screen; dark is dark."""
    fleet(served)
    page.set_viewport_size({"width": 375, "height": 700})
    page.emulate_media(color_scheme="dark")
    log_in(page, served)
    for where in ("/applications", "/applications/argocd/billing"):
        page.goto(served.url + where)
        expect(page.locator("main")).to_contain_text("billing")
        page.wait_for_load_state("load")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
    red, green, blue = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert red + green + blue < 150


def test_a_link_logs_in_once(served: Served, page: Page) -> None:
    """The link that a start prints leads to the list; the second time it is refused."""
    served.logins.hand_out("a-random-token", seconds=60)
    page.goto(f"{served.url}/login/once?token=a-random-token")
    expect(page).to_have_url(f"{served.url}/applications")
    expect(page.locator("main")).to_contain_text("There are no applications yet")
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(f"{served.url}/login")
    assert served.anyone.get("/login/once?token=a-random-token").status_code == 401
