"""Pages on a phone, on paper and by keyboard: rows fit, words without spaces break, what scrolls can be reached."""

from __future__ import annotations

import os

import pytest

from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, Dataset
from tests.browser import seed

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

SHOTS = os.environ.get("KITWRIGHT_SCREENSHOTS", "")
LINK = "https://example.com/" + "a" * 600
PAGES = (
    "/",
    "/alerts",
    "/people",
    "/jobs",
    "/bundles",
    "/datasets",
    "/devices",
    "/rollouts",
    "/cases",
    "/effects",
    "/ledger",
    "/jobs/1",
    f"/bundles/{seed.CHALLENGER}",
)
CUT = """nodes => nodes.map(node => node.getBoundingClientRect()).filter(
    box => box.width && (box.right > innerWidth + 1 || box.left < 0)).length"""


def shoot(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def overflow(page) -> int:
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


@pytest.fixture
def linked(hub: Hub) -> Hub:
    """A hub in whose texts somebody pasted a long link."""
    with hub.database.transaction() as session:
        session.add(Alert(name="x", severity="error", text=f"see {LINK}"))
        for row in session.query(Dataset):
            row.note = LINK
    return hub


def test_rows_of_lists_fit_a_phone_with_their_buttons(linked: Hub, open_page) -> None:
    page = open_page("admin", "/")
    base = page.url.rstrip("/")
    page.set_viewport_size({"width": 390, "height": 844})
    for path in PAGES:
        assert page.goto(base + path).ok, path
        shoot(page, f"phone{path.replace('/', '-')}")
        assert overflow(page) <= 0, path
        assert page.locator("main td, main td *:not(.visually-hidden)").evaluate_all(CUT) == 0, path
    page.goto(base + "/alerts")
    assert page.locator("td[data-name=When]").count() >= 1, "a cell says what it is"
    assert page.get_by_role("row").count() > 1 and page.get_by_role("columnheader").count() == 5
    page.goto(base + "/people")
    assert page.locator("[name=role]").first.bounding_box()["width"] > 80


def test_the_menu_is_one_line_on_a_phone_and_shows_where_one_is(hub: Hub, open_page) -> None:
    page = open_page("admin", "/")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(page.url.rstrip("/") + "/rollouts")
    page.wait_for_selector(".side nav.more-before")
    assert page.locator(".side").bounding_box()["height"] < 0.12 * 844
    here = page.locator(".side nav [aria-current]").bounding_box()
    assert here["x"] >= 0 and here["x"] + here["width"] <= 390
    page.locator(".side nav a").last.focus()
    page.wait_for_selector(".side nav:not(.more-after)")
    page.locator(".side nav a").first.focus()
    page.wait_for_selector(".side nav.more-after:not(.more-before)")
    assert overflow(page) <= 0


def test_why_a_decision_is_not_taken_is_seen_beside_its_button_on_a_phone(open_page) -> None:
    page = open_page("reviewer", "/")
    page.set_viewport_size({"width": 390, "height": 844})
    page.route("**/content*", lambda route: route.fulfill(status=404))
    page.goto(page.url + "review")
    page.wait_for_selector(".boxes.is-broken")
    page.click("[data-act=good]")
    told = page.locator("[data-status]", has_text="cannot be shown")
    told.wait_for()
    place = told.bounding_box()
    assert place["y"] > 0 and place["y"] + place["height"] < 844
    assert overflow(page) == 0


def test_a_long_link_makes_no_page_wider(linked: Hub, open_page) -> None:
    page = open_page("admin", "/")
    base = page.url.rstrip("/")
    with linked.database.session() as session:
        dataset = session.query(Dataset).first().id
    for path in ("/", "/alerts", "/datasets", f"/datasets/{dataset}"):
        assert page.goto(base + path).ok, path
        assert overflow(page) <= 0, path
    shoot(page, "long-link")


def test_what_scrolls_is_reached_by_key_and_no_column_is_without_a_name(
    hub: Hub, open_page
) -> None:
    with hub.database.session() as session:
        dataset = session.query(Dataset).first().id
    page = open_page("admin", f"/datasets/{dataset}")
    page.set_viewport_size({"width": 300, "height": 844})
    # that what scrolls is reached is seen to after the page was drawn at its new width
    page.wait_for_function("""() => {
        const boxes = [...document.querySelectorAll("main .table, main pre")];
        const scrolls = boxes.filter(box => box.scrollWidth > box.clientWidth + 1);
        return scrolls.length && scrolls.every(box => box.tabIndex === 0);
    }""")
    page.set_viewport_size({"width": 1200, "height": 844})
    page.wait_for_function("""() => [...document.querySelectorAll("main .table")].some(
        box => box.scrollWidth <= box.clientWidth && box.tabIndex < 0)""")
    page.goto(page.url.partition("/datasets")[0] + "/people")
    assert "" not in [text.strip() for text in page.locator("th").all_text_contents()]


def test_paper_shows_what_is_known_and_no_buttons(hub: Hub, open_page) -> None:
    page = open_page("admin", "/samples")
    page.emulate_media(media="print")
    assert not page.locator("nav").first.is_visible()
    assert not page.locator(".filter").is_visible() and page.locator(".sample").first.is_visible()
