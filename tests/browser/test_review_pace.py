"""The review page at a person's own pace: fast ones, double clicks, pictures that are slow to come."""

from __future__ import annotations

import pytest

from cloud_sync.hub import Hub
from cloud_sync.store.models import Sample
from tests.browser.test_review import (
    centre,
    fetched_ahead,
    newest_review,
    on_card,
    on_status,
    page,
    queue,
    reviews_of,
    wait_sent,
)
from tests.browser.waiting import found_by

__all__ = ["page"]
pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser


def test_who_clicks_fast_decides_on_each_that_stood_before_them(page, hub: Hub) -> None:
    """A browser counts clicks on one place, half a second apart, as of one series."""
    known, ids = newest_review(hub), queue(page)
    fetched_ahead(page)
    good = centre(page, "[data-act=good]")
    for number in range(1, 4):
        page.mouse.move(*good)
        page.mouse.down(click_count=number)
        page.mouse.up(click_count=number)
        on_card(page, number + 1)
        page.wait_for_timeout(450)
    wait_sent(page)
    assert [row.sample_id for row, _ in reviews_of(hub, known)] == ids[:3]


def test_that_a_second_click_counts_no_more_is_seen(page, hub: Hub) -> None:
    known, ids = newest_review(hub), queue(page)
    fetched_ahead(page)
    page.dblclick("[data-act=unsure]")
    on_status(page, "counts once")
    on_card(page, 2)
    wait_sent(page)
    assert [row.sample_id for row, _ in reviews_of(hub, known)] == ids[:1]


def test_a_picture_that_is_fitted_before_it_is_there_is_judged_by_nobody(page, hub: Hub) -> None:
    known, ids = newest_review(hub), queue(page)
    held: list = []

    def hold(route) -> None:
        held.append(route)

    page.route("**/content*", hold)
    page.reload()
    found_by(page, lambda: [route for route in held if ids[0] in route.request.url])
    page.keyboard.press("0")
    page.keyboard.press("g")
    on_status(page, "still loading")
    wait_sent(page)
    assert reviews_of(hub, known) == []


def test_accept_of_what_a_model_marked_and_a_person_named_asks_what_is_meant(
    page, hub: Hub
) -> None:
    """The class that a person chose was not stated, and nothing said so."""
    known, ids = newest_review(hub), queue(page)
    with hub.database.transaction() as session:
        row = session.get_one(Sample, ids[0])
        marked = {"x0": 1, "y0": 1, "x1": 9, "y1": 9, "label": "anomaly", "confidence": 0.7}
        row.prediction = {**row.prediction, "boxes": [marked]}
    page.reload()
    on_card(page, 1)
    page.fill("[data-new-label]", "rust")
    page.keyboard.press("Enter")
    page.keyboard.press("a")
    on_status(page, "You chose rust: Defect states it")
    page.keyboard.press("d")
    on_card(page, 2)
    wait_sent(page)
    ((_, stated),) = reviews_of(hub, known)
    assert stated is not None and stated.label == "rust"


def test_why_a_decision_is_not_taken_moves_no_button_from_under_the_pointer(page) -> None:
    page.route("**/content*", lambda route: route.fulfill(status=404))
    page.reload()
    page.wait_for_selector(".boxes.is-broken")
    before = page.locator("[data-act=good]").bounding_box()
    page.click("[data-act=good]")
    told = page.locator("[data-status]", has_text="cannot be shown")
    told.wait_for()
    assert page.locator("[data-act=good]").bounding_box() == before
    place = told.bounding_box()
    assert place["y"] + place["height"] <= before["y"] <= place["y"] + 90
