"""Mails in a real browser: the figures fit a phone, a gate is opened with a reason, a customer is erased."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.config import load
from cloud_sync.hub import Hub
from cloud_sync.store.models import MailErasure, MailGate, Sample
from kits.core.sample import utc_now
from tests.browser.mails import add_mails
from tests.cloud_sync.mails.mail_builders import ANN

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

SHOTS = os.environ.get("KITWRIGHT_SCREENSHOTS", "")
"""A folder for pictures of the pages, to look at."""


@pytest.fixture(scope="module")
def found(filled: Path) -> dict[str, str]:
    """Mails in the hub that each test gets a copy of."""
    hub = Hub.open(load(filled))
    made = add_mails(hub, utc_now())
    hub.close()
    return made


@pytest.fixture
def hub(found: dict[str, str], hub: Hub) -> Hub:
    """Copied after the mails have come in."""
    return hub


def shoot(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_figures_are_read_on_a_screen_a_phone_and_in_the_dark(hub: Hub, open_page) -> None:
    page = open_page("admin", "/mails")
    assert page.inner_text("h1") == "Mails"
    assert "Without a person" in page.inner_text(".tiles")
    shoot(page, "mails")
    page.emulate_media(color_scheme="dark")
    shoot(page, "mails-dark")
    page.set_viewport_size({"width": 390, "height": 844})
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0
    shoot(page, "mails-phone")


def test_a_closed_gate_is_opened_with_a_reason(hub: Hub, found: dict[str, str], open_page) -> None:
    page = open_page("admin", "/mails")
    form = page.locator(f"form[data-api='POST /v1/mails/gates/{found['bundle']}/open']")
    form.locator("button").click()
    assert not page.locator("#confirm").is_visible()  # the browser asks for the reason first
    form.locator("[name=why]").fill("two folders were swapped")
    form.locator("button").click()
    page.click("#confirm [value=yes]")
    page.wait_for_selector(f"form[data-api='POST /v1/mails/gates/{found['bundle']}/close']")
    assert "two folders were swapped" in page.inner_text("main")
    with hub.database.session() as session:
        assert session.get_one(MailGate, found["bundle"]).closed_at is None


def test_an_admin_asks_what_would_go_and_then_erases_a_customer(hub: Hub, open_page) -> None:
    page = open_page("admin", "/mails")
    page.fill("[name=address]", ANN)
    page.click("button[name=dry_run]")
    page.wait_for_selector(".form-note")
    assert page.inner_text(".form-note").startswith("Would be erased: 1 mails here")
    with hub.database.session() as session:
        assert session.get_one(Sample, "hers").blob_state == "stored"
    page.click("button.danger:has-text('Erase')")
    page.click("#confirm [value=no]")
    with hub.database.session() as session:
        assert session.scalar(select(MailErasure.id)) is None
    page.click("button.danger:has-text('Erase')")
    page.click("#confirm [value=yes]")
    page.wait_for_selector("text=have not answered")
    with hub.database.session() as session:
        assert session.get_one(Sample, "hers").blob_state == "erased"
    shoot(page, "mails-erased")
