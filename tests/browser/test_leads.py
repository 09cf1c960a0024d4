"""Leads in a real browser: the hot list fits a phone, a person says otherwise, who objects is scored no more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.config import load
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmLead
from kits.core.sample import utc_now
from tests.browser.leads import PROBE, add_leads
from tests.cloud_sync.crm.lead_builders import SALES

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

SHOTS = os.environ.get("KITWRIGHT_SCREENSHOTS", "")
"""A folder for pictures of the pages, to look at."""


@pytest.fixture(scope="module")
def found(filled: Path) -> None:
    """Leads in the hub that each test gets a copy of."""
    hub = Hub.open(load(filled))
    add_leads(hub, utc_now())
    hub.close()


@pytest.fixture
def hub(found: None, hub: Hub) -> Hub:
    """Copied after the leads have come in."""
    return hub


def shoot(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def lead(hub: Hub, name: str) -> CrmLead:
    with hub.database.session() as session:
        return session.get_one(CrmLead, (SALES, name))


def overflow(page) -> int:
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def test_the_list_is_read_on_a_screen_a_phone_and_in_the_dark(hub: Hub, open_page) -> None:
    page = open_page("admin", "/leads")
    text = page.inner_text("main")
    assert page.inner_text("h1") == "Leads"
    assert "the token was revoked" in text and PROBE in text
    assert "the field lead_score is read-only" in text
    third = page.locator(".hot-list tbody tr").nth(2).inner_text()
    assert "by lot" in third and "call it too" in third
    page.set_viewport_size({"width": 1280, "height": 800})
    whole = "rows => rows.filter(r => r.getBoundingClientRect().bottom <= innerHeight).length"
    assert page.locator(".hot-list tbody tr").evaluate_all(whole) >= 4, "the hot list comes first"
    shoot(page, "leads")
    page.click("summary:has-text('sales')")
    assert "Last write" in page.inner_text("main")
    shoot(page, "leads-connection")
    page.click("summary:has-text('sales')")
    page.emulate_media(color_scheme="dark")
    shoot(page, "leads-dark")
    page.set_viewport_size({"width": 390, "height": 844})
    assert overflow(page) <= 0
    assert page.locator(".hot-list tbody tr").evaluate_all(whole) >= 1, "also on a phone"
    shoot(page, "leads-phone")
    page.click("summary:has-text('sales')")
    assert overflow(page) <= 0


def test_the_next_leads_and_those_that_are_looked_for(hub: Hub, open_page) -> None:
    page = open_page("admin", "/leads")
    first = page.locator("tbody td.lead a").all_inner_texts()
    page.click("text=Next leads")
    page.wait_for_url("**cursor=*")
    second = page.locator("tbody td.lead a").all_inner_texts()
    assert len(first) == 50 and second
    assert "51 to 100 of 117" in page.inner_text("main")
    assert page.get_by_role("link", name="Clear").count() == 0, "nothing was filtered"
    shoot(page, "leads-second")
    page.click("text=First leads")
    page.wait_for_url(lambda url: "cursor=" not in url)
    assert page.locator("tbody td.lead a").all_inner_texts() == first
    page.goto(page.url.partition("/leads")[0] + "/leads?search=Möbel")
    assert all("Möbel" in title for title in page.locator("tbody td.lead a").all_inner_texts())
    page.select_option("[name=state]", label="for a person")
    page.fill("[name=search]", "")
    page.press("[name=search]", "Enter")
    page.wait_for_selector("text=size is not a number")
    row = page.locator("tr", has_text="size is not a number")
    assert row.locator("td.delivery .badge").inner_text() == "for a person", "as the filter says"
    row.locator("td.lead a").click()
    page.wait_for_selector("text=For a person: ")


def test_who_is_looked_for_is_found_whatever_became_of_them(hub: Hub, open_page) -> None:
    page = open_page("admin", "/leads")
    with hub.database.session() as session:
        won = session.scalars(select(CrmLead.object_id).where(CrmLead.state == "won")).first()
    page.fill("[name=search]", won)
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_selector(f"a[href$='/{won}']")
    page.select_option("[name=state]", "open")
    page.press("[name=search]", "Enter")
    page.wait_for_selector(f"a[href$='/{won}']", state="detached")
    page.fill("[name=search]", "nobody is called so")
    page.press("[name=search]", "Enter")
    page.wait_for_selector("text=No lead fits this filter")
    page.click("text=Show all")
    page.wait_for_selector("text=of 122")
    assert page.locator("[name=state]").input_value() == "all"


def test_the_states_are_chosen_by_keyboard_and_what_is_typed_stays(hub: Hub, open_page) -> None:
    page = open_page("admin", "/leads")
    page.focus("[name=state]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.fill("[name=search]", "Nordwind")
    page.wait_for_timeout(300)  # what must not happen has had its time
    assert page.locator("[name=state]").input_value() == "lost"
    assert page.locator("[name=search]").input_value() == "Nordwind" and "?" not in page.url


def test_a_person_says_otherwise_with_a_reason(hub: Hub, open_page) -> None:
    page = open_page("admin", f"/leads/{SALES}/1")
    assert "of 99 points" in page.inner_text(".head")
    assert PROBE in page.inner_text("main")
    shoot(page, "lead")
    form = page.locator("form[data-api$='/override']")
    form.locator("[name=why]").fill("for no band at all")
    page.click("text=Say so")
    page.wait_for_timeout(300)  # what must not happen has had its time
    assert lead(hub, "1").version == 4, "the browser asks for the band"
    form.locator("[name=why]").fill("")
    page.select_option("[name=band]", "cold")
    page.click("text=Say so")
    assert lead(hub, "1").override == {}  # the browser asks for the reason first
    page.locator("form[data-api$='/override'] [name=why]").fill("went to a competitor")
    page.click("text=Say so")
    page.wait_for_selector("text=“went to a competitor”")
    assert lead(hub, "1").override["band"] == "cold"
    assert page.locator("h1 .badge").first.inner_text() == "cold"
    assert "cold, said admin: went to a competitor" in page.inner_text(".head")
    shoot(page, "lead-overridden")
    form.locator("[name=why]").fill("see https://example.com/" + "a" * 600)
    page.click("text=Say so")
    page.wait_for_selector("text=“see https")
    assert overflow(page) <= 0, "a link without spaces breaks"
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    assert overflow(page) <= 0
    shoot(page, "lead-phone-dark")
    page.emulate_media(media="print", color_scheme="light")
    assert not page.locator("text=Erase this lead").is_visible()
    assert not page.locator("text=You know better?").is_visible(), "nor what stood around a form"
    shoot(page, "lead-paper")


def test_who_objects_is_scored_no_more_and_may_come_back(hub: Hub, open_page) -> None:
    page = open_page("admin", f"/leads/{SALES}/2")
    form = page.locator("form[data-api$='/opt-out']")
    form.locator("[name=why]").fill("objected by mail")
    form.locator("button").click()
    page.click("#confirm [value=yes]")
    page.wait_for_selector("text=This person is not scored")
    assert lead(hub, "2").points is None
    form.locator("[name=why]").fill("asked to be called")
    form.locator("button").click()
    page.click("#confirm [value=yes]")
    page.wait_for_selector("text=Not scored yet")
    assert lead(hub, "2").due_at is not None


def test_a_lead_is_read_and_scored_again_on_demand(hub: Hub, open_page) -> None:
    assert lead(hub, "1").due_at is None
    page = open_page("admin", f"/leads/{SALES}/1")
    page.click("text=Read and score again")
    page.wait_for_selector("text=It waits to be read from the CRM")
    shoot(page, "lead-waits")
    assert lead(hub, "1").due_at is not None
    form = page.locator("form[data-api$='/override']")
    form.locator("[name=why]").fill("half of a reas")
    with hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "1")).due_at = None
    page.wait_for_selector("text=It was read again")
    assert form.locator("[name=why]").input_value() == "half of a reas"
    page.click("text=Show what is known now")
    page.wait_for_selector("#turn:not(:has(.note))", state="attached")


def test_a_lead_is_erased_after_a_question(hub: Hub, open_page) -> None:
    page = open_page("admin", f"/leads/{SALES}/3")
    page.click("text=Erase this lead")
    page.click("#confirm [value=no]")
    assert lead(hub, "3").fields
    page.click("text=Erase this lead")
    page.click("#confirm [value=yes]")
    page.wait_for_url("**/leads")
    assert lead(hub, "3").fields == {} and lead(hub, "3").opted_out


def test_leads_that_wait_are_tried_again_and_a_viewer_only_looks(hub: Hub, open_page) -> None:
    page = open_page("admin", "/leads")
    page.click("summary:has-text('for a person')")
    page.click("text=Try again")
    page.wait_for_selector("text=Try again", state="detached")
    assert lead(hub, "dead").dead == "" and lead(hub, "dead").due_at is not None
    page = open_page("viewer", f"/leads/{SALES}/1")
    assert page.locator("form[data-api^='POST /v1/leads']").count() == 0
