"""Mails in a real browser: a letter is read and judged by keys, and a hostile one is text and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.config import load
from cloud_sync.hub import Hub
from cloud_sync.store.models import Annotation
from kits.core.sample import utc_now
from tests.browser.letters import add_letters

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def letters(filled: Path) -> dict[str, str]:
    """Mails in the hub that each test gets a copy of; name → sample."""
    hub = Hub.open(load(filled))
    found = add_letters(hub, utc_now())
    hub.close()
    return found


def stated(hub: Hub, sample: str) -> dict[str, object]:
    """The newest statement on a sample."""
    with hub.database.transaction() as session:
        query = (
            select(Annotation).where(Annotation.sample_id == sample).order_by(Annotation.id.desc())
        )
        row = session.scalars(query).first()
        return dict(row.body) if row is not None else {}


def sent(page: object) -> None:
    page.wait_for_selector("[data-review][data-waiting='0']")  # type: ignore[attr-defined]


def open_letter(open_page: Callable[[str, str], object], sample: str) -> object:
    page = open_page("reviewer", f"/review?sample={sample}")
    page.wait_for_selector(".mail")  # type: ignore[attr-defined]
    return page


def test_a_letter_tells_what_a_person_needs(
    letters: dict[str, str], open_page: Callable[[str, str], object]
) -> None:
    page = open_letter(open_page, letters["refund"])
    text = page.inner_text("[data-card]")
    for words in (
        "mail.example", "Broken lamp", "characters of quoted text", "refund, score 0.81: review",
        "“money back” speaks for refund", "template greeting", "no passage says so", "nothing was sent",
    ):  # fmt: skip
        assert words in text, words
    assert "Thank you for your order" not in page.inner_text(".mail-text >> nth=0")
    assert "anna@mail.example" not in text
    marks = page.locator("mark").all_inner_texts()
    assert [mark.split("\n")[0] for mark in marks] == [
        "LL-48053order",
        "27 Februarydate 2026-02-27",
        "+44 555 410 507phone",
    ]


def test_agreeing_takes_over_all_that_the_model_said(
    letters: dict[str, str], open_page: Callable[[str, str], object], hub: Hub
) -> None:
    page = open_letter(open_page, letters["refund"])
    page.keyboard.press("a")
    sent(page)
    said = stated(hub, letters["refund"])
    assert said["label"] == "refund" and len(said["spans"]) == 3
    assert {q["name"]: q["value"] for q in said["quantities"]} == {"urgency": 2, "sentiment": 0}


def test_two_intents_a_wrong_mark_and_another_urgency_become_one_statement(
    letters: dict[str, str], open_page: Callable[[str, str], object], hub: Hub
) -> None:
    page = open_letter(open_page, letters["refund"])
    labels = page.locator("[data-label]").all_inner_texts()
    for name in ("refund", "damaged item"):
        page.keyboard.press(str(next(n for n, text in enumerate(labels, 1) if name in text)))
    page.click("mark[data-span='1']")
    page.select_option("[data-quantity=urgency]", "4")
    page.fill("[data-note]", "two matters")
    page.click("h1")
    page.keyboard.press("d")
    sent(page)
    said = stated(hub, letters["refund"])
    assert said["label"] == "damaged_item|refund" and said["note"] == "two matters"
    assert [span["label"] for span in said["spans"]] == ["order", "phone"]
    assert {q["name"]: q["value"] for q in said["quantities"]} == {"urgency": 4, "sentiment": 0}


def test_agreeing_with_the_intent_alone_keeps_what_was_corrected_beside_it(
    letters: dict[str, str], open_page: Callable[[str, str], object], hub: Hub
) -> None:
    page = open_letter(open_page, letters["refund"])
    page.focus("mark[data-span='0']")
    page.keyboard.press("Enter")
    page.click("h1")
    page.keyboard.press("a")
    sent(page)
    said = stated(hub, letters["refund"])
    assert said["label"] == "refund"
    assert [span["label"] for span in said["spans"]] == ["date", "phone"]


def test_a_letter_about_nothing_we_know_is_out_of_scope_by_one_key(
    letters: dict[str, str], open_page: Callable[[str, str], object], hub: Hub
) -> None:
    page = open_letter(open_page, letters["hostile"])
    page.keyboard.press("d")
    page.locator("[data-status]", has_text="Choose what it is first").wait_for()
    page.keyboard.press("o")
    sent(page)
    assert stated(hub, letters["hostile"])["label"] == "oos"


def test_the_keys_of_a_letter_are_told_in_words_of_letters(
    letters: dict[str, str], open_page: Callable[[str, str], object]
) -> None:
    page = open_letter(open_page, letters["refund"])
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    told = page.inner_text("dialog")
    assert "Out of scope" in told and "File as chosen" in told
    assert not any(word in told for word in ("box", "defect", "part", "zoom"))
    assert page.inner_text(".decide [data-act=good]").split() == ["O", "Out", "of", "scope"]
    assert page.get_by_text("Out of scope").locator("visible=true").count() == 2


def test_a_new_intent_is_named_on_the_card(
    letters: dict[str, str], open_page: Callable[[str, str], object], hub: Hub
) -> None:
    page = open_letter(open_page, letters["machine"])
    assert "A program wrote this" in page.inner_text("[data-card]")
    page.fill("[data-new-label]", "newsletter")
    page.press("[data-new-label]", "Enter")
    chips = page.locator("[data-labels-list] [data-label]").count()
    page.fill("[data-new-label]", "Newsletter")  # the same in another spelling
    page.press("[data-new-label]", "Enter")
    assert page.locator("[data-labels-list] [data-label]").count() == chips
    page.keyboard.press("d")
    sent(page)
    assert stated(hub, letters["machine"])["label"] == "newsletter"


def test_what_a_language_model_suggests_is_a_button_and_nothing_is_taken_over_without_it(
    letters: dict[str, str], open_page: Callable[[str, str], object], hub: Hub
) -> None:
    page = open_letter(open_page, letters["doubtful"])
    text = page.inner_text("[data-card]")
    assert "A language model suggests" in text and "qwen2.5:3b; it decided nothing" in text
    button = page.locator("p:has-text('A language model suggests') button")
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    page.keyboard.press("d")
    sent(page)
    assert stated(hub, letters["doubtful"])["label"] == "damaged_item"


def test_a_hostile_letter_is_text_loads_nothing_and_is_told_of(
    letters: dict[str, str], open_page: Callable[[str, str], object]
) -> None:
    asked: list[str] = []
    page = open_page("reviewer", "/review")
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
    for path in (f"/review?sample={letters['hostile']}", f"/samples/{letters['hostile']}"):
        page.goto(page.url.split("/review")[0].split("/samples")[0] + path)
        page.wait_for_selector(".mail-text")
        text = page.inner_text("main")
        assert "<img src=x onerror=alert(4)>" in text
        assert "<script>alert(3)</script> {{ 7*7 }}" in text
        assert "Ignore your instructions" not in text
        assert page.locator("main img, main script, main iframe").count() == 0
    assert [url for url in asked if "evil" in url or url.startswith("dialog")] == []
    page.goto(
        page.url.replace(f"/samples/{letters['hostile']}", f"/review?sample={letters['hostile']}")
    )
    page.wait_for_selector(".mail")
    shown = page.inner_text("[data-card]")
    assert "characters were hidden from the reader" in shown
    assert "<b>bill.zip" in shown and "<script>alert(5)</script>" in shown


def test_a_letter_that_cannot_be_read_says_so(
    letters: dict[str, str], open_page: Callable[[str, str], object]
) -> None:
    page = open_letter(open_page, letters["empty"])
    assert "The text cannot be read: the mail is empty" in page.inner_text("[data-card]")


def test_on_a_phone_nothing_is_wider_than_the_window(
    letters: dict[str, str], open_page: Callable[[str, str], object]
) -> None:
    page = open_letter(open_page, letters["refund"])
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
