"""The card of a lead in a real browser: what was known, what the model says, and what became of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.config import load
from cloud_sync.hub import Hub
from cloud_sync.store.models import Annotation
from kits.core.sample import utc_now
from tests.browser.lead_cards import PROBE, add_lead_samples

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

SHOTS = os.environ.get("KITWRIGHT_SCREENSHOTS", "")
"""A folder for pictures of the cards, to look at."""


@pytest.fixture(scope="module")
def cards(filled: Path) -> dict[str, str]:
    """Leads in the hub that each test gets a copy of; name → sample."""
    hub = Hub.open(load(filled))
    found = add_lead_samples(hub, utc_now())
    hub.close()
    return found


def open_card(
    open_page: Callable[[str, str], object], sample: str, *, dark: bool = False, width: int = 1280
):
    page = open_page("reviewer", f"/review?sample={sample}")
    page.set_viewport_size({"width": width, "height": 900})
    if dark:
        page.emulate_media(color_scheme="dark")
    page.wait_for_selector(".annotate")
    return page


def shoot(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def overflow(page) -> int:
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def test_a_lead_tells_what_a_person_needs(cards, open_page) -> None:
    page = open_card(open_page, cards["plain"])
    text = page.inner_text("[data-card]")
    shoot(page, "lead-card")
    for words in (
        "31 of 100 such leads buy", "24 to 40", "average 11", "better than 94 %", "hot",
        "Asked for a demo: 31 % of such leads buy", "Production manager", "1 field was empty",
        "if a demo were booked", "budget", "country", "crm-sales",
    ):  # fmt: skip
        assert words in text, words
    assert "lost, score" not in text, "a hot lead is no lost one"
    page = open_card(open_page, cards["plain"], dark=True, width=390)
    assert overflow(page) <= 0
    shoot(page, "lead-card-phone-dark")


def test_what_a_crm_holds_is_text_and_nothing_else(cards, open_page) -> None:
    page = open_card(open_page, cards["hostile"])
    text = page.inner_text("[data-card]")
    assert text.count(PROBE) >= 4, "name and value of a field, a reason, a hint, a new value"
    assert page.locator("[data-card] script, [data-card] img").count() == 0
    assert "\u202e" not in text
    assert "53 more are not shown" in text
    assert overflow(page) <= 0
    shoot(page, "lead-card-hostile")
    page = open_card(open_page, cards["hostile"], width=390)
    assert overflow(page) <= 0


def test_who_objected_has_no_score_and_an_empty_lead_says_so(cards, open_page) -> None:
    page = open_card(open_page, cards["opted-out"])
    text = page.inner_text("[data-card]")
    assert "does not want to be scored" in text and "such leads buy" not in text
    page = open_card(open_page, cards["bare"])
    assert "Nothing was known of this lead" in page.inner_text("[data-card]")


def test_what_became_of_it_is_one_key(cards, open_page, hub: Hub) -> None:
    page = open_card(open_page, cards["plain"])
    page.fill("[data-note]", "signed on Monday")
    page.keyboard.press("Escape")
    page.locator("h2").first.click()
    page.keyboard.press("d")
    page.wait_for_selector("[data-review][data-waiting='0']")
    with hub.database.session() as session:
        query = select(Annotation).where(Annotation.sample_id == cards["plain"])
        said = session.scalars(query.order_by(Annotation.id.desc())).first()
    assert said is not None and said.label == "won"
    assert "signed on Monday" in str(said.body)
