"""Machines in a real browser: a window is looked at and judged, a case is closed with what was found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cloud_sync.config import load
from cloud_sync.fleet import windows
from cloud_sync.hub import Hub
from cloud_sync.store.models import Annotation, Case, Sample
from kits.core.sample import utc_now
from tests.browser.machines import DEVICE, add_machines

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

SHOTS = os.environ.get("KITWRIGHT_SCREENSHOTS", "")
"""A folder for pictures of the pages, to look at."""


@pytest.fixture(scope="module")
def found(filled: Path) -> dict[str, str]:
    """Machines in the hub that each test gets a copy of."""
    hub = Hub.open(load(filled))
    made = add_machines(hub, utc_now())
    hub.close()
    return made


@pytest.fixture
def hub(found: dict[str, str], hub: Hub) -> Hub:
    """Copied after the machines have come in."""
    return hub


def shoot(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def on_window(page, ready: str = "0/all") -> None:
    page.wait_for_selector(f".signal[data-ready='{ready}']")
    page.wait_for_selector("[data-history][data-ready=yes]")


def newest_annotation(hub: Hub, sample: str) -> Annotation:
    with hub.database.session() as session:
        query = select(Annotation).where(Annotation.sample_id == sample)
        return session.scalars(query.order_by(Annotation.id.desc())).first()


@pytest.fixture
def page(open_page, found: dict[str, str]) -> object:
    page = open_page("reviewer", f"/review?sample={found['window']}")
    on_window(page)
    return page


def test_a_window_shows_its_channels_spectra_orders_and_the_past(page) -> None:
    shoot(page, "review")
    titles = page.locator(".plot .title").all_text_contents()
    assert titles == [
        "drive end (g)", "fan end (g)", "bearing temperature (°C)", "Spectrum of drive end (g)",
        "Envelope spectrum of drive end (g)", "Score of pump-1",
    ]  # fmt: skip
    assert page.locator(".plot .missing").count() == 1
    named = page.locator(".plot text.is-order").all_text_contents()
    assert {"BPFO", "BPFI", "BSF", "FTF"} <= set(named)
    assert page.locator(".plot line.is-order").count() == 12
    assert "1×" in page.locator(".plot text.is-shaft").all_text_contents()
    assert page.locator(".plot line.limit.is-bad").count() == 1
    words = page.locator(".annotate aside").inner_text()
    assert "remaining life" in words and "at 90 %" in words and "BPFO" in words
    label = page.locator(".plot[aria-label^='Envelope spectrum']").get_attribute("aria-label")
    assert "highest line 89" in label or "highest line 9" in label


def test_zooming_by_mouse_and_keys_asks_for_a_finer_picture(page) -> None:
    box = page.locator(".signal .plot").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60, steps=4)
    page.mouse.up()
    page.wait_for_function("() => document.querySelector('.signal').dataset.ready !== '0/all'")
    shoot(page, "zoomed")
    before = page.locator(".signal").get_attribute("data-ready")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("b => document.querySelector('.signal').dataset.ready !== b", arg=before)
    page.keyboard.press("0")
    on_window(page)
    page.keyboard.press("c")
    on_window(page, "1/all")
    assert "Spectrum of fan end (g)" in page.locator(".plot .title").all_text_contents()


def test_a_window_is_judged_by_keys_with_a_note(page, hub: Hub, found: dict[str, str]) -> None:
    assert page.locator(".decide [data-act=good]").inner_text().endswith("Normal")
    page.keyboard.press("1")
    chosen = page.locator("[data-label][aria-pressed=true]").get_attribute("data-label")
    page.fill("[data-note]", "ticking heard")
    page.locator("[data-note]").blur()
    page.keyboard.press("d")
    page.wait_for_selector("[data-review][data-waiting='0']")
    page.wait_for_function(
        "() => document.querySelector('[data-progress]').textContent.startsWith('2 of')"
    )
    stated = newest_annotation(hub, found["window"])
    assert (stated.label, stated.body["note"], stated.source) == (chosen, "ticking heard", "review")


def test_normal_and_sensor_fault_have_keys_of_their_own(page, hub: Hub, found) -> None:
    page.keyboard.press("f")
    page.wait_for_function(
        "() => document.querySelector('[data-progress]').textContent.startsWith('2 of')"
    )
    page.wait_for_selector("[data-review][data-waiting='0']")
    assert newest_annotation(hub, found["window"]).label == "sensor-fault"
    page.keyboard.press("Control+z")
    on_window(page)
    page.keyboard.press("g")
    page.wait_for_function(
        "() => document.querySelector('[data-progress]').textContent.startsWith('2 of')"
    )
    page.wait_for_selector("[data-review][data-waiting='0']")
    assert newest_annotation(hub, found["window"]).label == "normal"


def test_hostile_names_are_only_words(open_page, hub: Hub, found: dict[str, str]) -> None:
    probe = "<img src=x onerror=alert(1)>"
    details = {"orders": {probe: 50.0, "NaN": "x"}, "sensor_fault": [probe]}
    prediction = {"score": 1.0, "label": probe, "reasons": [{"text": probe}], "details": details}
    with hub.database.transaction() as session:
        values = {"prediction": prediction, "label": probe, "group": probe}
        session.execute(update(Sample).where(Sample.id == found["window"]).values(values))
    for path in (f"/review?sample={found['window']}", f"/samples/{found['window']}"):
        page = open_page("reviewer", path)
        on_window(page)
        assert page.locator("img[src=x]").count() == 0
        assert probe[:24] in page.locator(".plot text.is-order").all_text_contents()


def test_a_window_that_was_not_kept_or_has_a_bare_prediction_is_shown_all_the_same(
    open_page, hub: Hub, found: dict[str, str]
) -> None:
    with hub.database.transaction() as session:
        bare = update(Sample).where(Sample.id == found["window"])
        session.execute(bare.values(prediction={}, blob="", blob_state="none"))
    page = open_page("reviewer", f"/review?sample={found['window']}")
    page.wait_for_selector("[data-history][data-ready=yes]")
    assert "The window was not kept" in page.inner_text("[data-card]")


def test_a_case_is_closed_with_what_was_found(open_page, hub: Hub, found: dict[str, str]) -> None:
    page = open_page("reviewer", "/cases")
    shoot(page, "cases")
    page.click("tbody a >> text=pump-1")
    page.wait_for_selector("[data-history][data-ready=yes]")
    shoot(page, "case")
    assert page.locator("text=Request the raw window").count() == 0, "for engineers only"
    assert {"onset", "opened"} <= set(page.locator(".plot text.tick").all_text_contents())
    page.fill("[name=cause]", "outer_race")
    page.fill("[name=note]", "spalled, replaced")
    page.click("text=Close the case")
    page.wait_for_selector("text=Correct what was found")
    with hub.database.session() as session:
        case = session.get_one(Case, found["case"])
        labelled = select(Annotation.sample_id).where(Annotation.source == "outcome")
        assert (case.state, case.cause, case.closed_by) == ("closed", "outer_race", "reviewer")
        assert set(session.scalars(labelled)) == {found["calm"], found["onset"], found["window"]}
    page.goto(page.url.split("/cases")[0] + "/cases?state=closed")
    assert "outer race" in page.locator("tbody").first.inner_text()
    shoot(page, "closed")


def test_who_stands_at_the_machine_with_a_phone_finds_the_form_before_the_windows(
    open_page, found: dict[str, str]
) -> None:
    page = open_page("reviewer", f"/cases/{found['case']}")
    page.set_viewport_size({"width": 390, "height": 844})
    shoot(page, "case-phone")
    form, kept = (page.locator(f"text={words}") for words in ("Close the case", "Windows kept"))
    assert form.bounding_box()["y"] < kept.bounding_box()["y"]
    page.set_viewport_size({"width": 1280, "height": 900})
    shoot(page, "case-desk")
    beside = page.locator("text=How it stands").bounding_box()
    assert beside["x"] > kept.bounding_box()["x"] + 300, "on a desk it stands beside"
    assert beside["y"] < kept.bounding_box()["y"]


def test_raw_signals_are_asked_for_on_the_page_of_a_case(
    open_page, hub: Hub, found: dict[str, str]
) -> None:
    page = open_page("engineer", f"/cases/{found['case']}")
    page.fill("[name=minutes]", "0.5")
    page.click("text=Request the raw window")
    page.wait_for_selector("#asked >> text=0.5 min asked for")
    with hub.database.session() as session:
        [wish] = windows.asked(session)[DEVICE]
    assert (wish.asset, wish.minutes) == ("pump-1", 0.5)
    shoot(page, "asked")
    with hub.database.transaction() as session:
        sample = session.get_one(Sample, found["window"])
        sample.kept_for, sample.reason = "request", "0.5 minutes asked for by a person"
        sample.meta = {**sample.meta, "request": wish.id}
    page.wait_for_selector(f"#asked a[href='/samples/{found['window']}']")
    assert page.locator("#asked >> text=asked for").count() == 1
    shoot(page, "answered")


def test_the_page_of_a_window_leads_to_others(open_page, found: dict[str, str]) -> None:
    page = open_page("viewer", f"/samples/{found['window']}")
    on_window(page)
    shoot(page, "sample")
    page.locator("[data-history] .plot").hover(position={"x": 300, "y": 100})
    assert page.locator("[data-history] .reading text").count() == 1
    page.locator("[data-history] .plot").click(position={"x": 120, "y": 100})
    page.wait_for_url(lambda url: "/samples/" in url and found["window"] not in url)
    assert DEVICE in page.inner_text("main")
