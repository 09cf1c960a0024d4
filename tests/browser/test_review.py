"""The review page in a real browser: keyboard, mouse, a network that goes away."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from sqlalchemy import delete, select

from cloud_sync.hub import Hub
from cloud_sync.store.models import Annotation, Blob, Person, Review, Sample, WebSession
from tests.browser.waiting import found_by

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page) -> object:
    """A signed-in reviewer's tab on the review page."""
    page = open_page("reviewer", "/review")
    page.wait_for_selector(".boxes svg[viewBox]")
    return page


def reviews_of(hub: Hub, known: int = 0) -> list[tuple[Review, Annotation | None]]:
    """The reviews after the first `known`, oldest first, with what they stated."""
    with hub.database.session() as session:
        rows = session.scalars(select(Review).where(Review.id > known).order_by(Review.id)).all()
        return [
            (row, session.get(Annotation, row.annotation_id) if row.annotation_id else None)
            for row in rows
        ]


def newest_review(hub: Hub) -> int:
    return max((row.id for row, _ in reviews_of(hub)), default=0)


def wait_sent(page) -> None:
    page.wait_for_selector("[data-review][data-waiting='0']")


def on_card(page, number: int) -> None:
    page.wait_for_function(
        "n => document.querySelector('[data-progress]').textContent.startsWith(n + ' of')"
        " && document.querySelector('.boxes svg[viewBox]')",
        arg=str(number),
    )


def on_status(page, text: str) -> None:
    page.locator("[data-status]", has_text=text).wait_for()


def fetched_ahead(page) -> None:
    """The next three cards are here, with their pictures: they can be shown without the hub."""
    page.wait_for_function(
        """ids => {
            const there = performance.getEntriesByType("resource").map(one => new URL(one.name).pathname);
            return ids.every(id => [`/review/cards/${id}`, `/v1/samples/${id}/content`].every(path => there.includes(path)));
        }""",
        arg=queue(page)[1:4],
    )


def let_through(page, held: list, sample: str) -> None:
    """The request for a sample's card goes on, once it is made."""
    [route] = found_by(page, lambda: [one for one in held if one.request.url.endswith(sample)])
    held.remove(route)
    route.continue_()


def queue(page) -> list[str]:
    return page.evaluate("JSON.parse(document.querySelector('[data-review]').dataset.queue)")


def test_three_samples_are_reviewed_by_keyboard(page, hub: Hub) -> None:
    known, ids = newest_review(hub), queue(page)
    page.keyboard.press("a")
    on_card(page, 2)
    page.keyboard.press("g")
    on_card(page, 3)
    page.keyboard.press("u")
    on_card(page, 4)
    wait_sent(page)
    found = reviews_of(hub, known)
    assert [row.sample_id for row, _ in found] == ids[:3]
    assert [row.decision for row, _ in found] == ["accept", "correct", "unsure"]
    accepted, good, unsure = (stated for _, stated in found)
    with hub.database.session() as session:
        first = session.get(Sample, ids[0])
        reviewer = session.get(Person, found[0][0].person_id)
    assert first is not None and accepted is not None and accepted.label == first.label
    assert accepted.body["boxes"][0]["x0"] == first.prediction["boxes"][0]["x0"]  # type: ignore[index]
    assert good is not None and good.label == "good" and "boxes" not in good.body
    assert unsure is None
    assert reviewer is not None and accepted.author == reviewer.login == "reviewer"


def centre(page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_box_is_corrected_by_mouse(page, hub: Hub) -> None:
    known = newest_review(hub)
    ids = queue(page)
    with hub.database.session() as session:
        before = session.get(Sample, ids[0]).prediction["boxes"][0]
    x, y = centre(page, ".box rect[data-index]")
    page.mouse.click(x, y)
    hx, hy = centre(page, ".handle.at-se")
    page.mouse.move(hx, hy)
    page.mouse.down()
    page.mouse.move(hx + 30, hy + 20, steps=4)
    page.mouse.up()
    page.mouse.move(*(centre(page, ".boxes svg")))
    scale = page.evaluate(
        "(() => { const s = document.querySelector('.boxes svg');"
        " return s.viewBox.baseVal.width / Math.min(s.clientWidth, s.clientHeight * 4 / 3) })()"
    )
    page.keyboard.press("Enter")
    on_card(page, 2)
    wait_sent(page)
    ((review, stated),) = reviews_of(hub, known)
    after = stated.body["boxes"][0]
    assert review.decision == "correct"
    assert (after["x0"], after["y0"]) == (before["x0"], before["y0"])
    assert after["x1"] - before["x1"] == pytest.approx(30 * scale, abs=2.5)
    assert after["y1"] - before["y1"] == pytest.approx(20 * scale, abs=2.5)


def test_drawn_classed_nudged_and_undone(page, hub: Hub) -> None:
    known = newest_review(hub)
    page.keyboard.press("Tab")
    page.keyboard.press("Delete")
    x, y = centre(page, ".boxes svg")
    page.mouse.move(x - 60, y - 40)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=4)
    page.mouse.up()
    page.keyboard.press("2")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+z")
    label = page.locator(".labels button").nth(1).get_attribute("data-label")
    page.keyboard.press("d")
    on_card(page, 2)
    wait_sent(page)
    ((review, stated),) = reviews_of(hub, known)
    (box,) = stated.body["boxes"]
    assert review.decision == "correct" and stated.label == box["label"] == label
    assert (box["x0"] + box["x1"]) / 2 == pytest.approx(320 + 1, abs=2)


def test_decision_outlives_a_lost_network(page, hub: Hub) -> None:
    known = newest_review(hub)
    fetched_ahead(page)
    page.context.set_offline(True)
    page.keyboard.press("g")
    page.wait_for_selector("[data-outbox]:visible")
    assert "not sent yet" in page.locator("[data-outbox]").inner_text()
    on_card(page, 2)
    assert reviews_of(hub, known) == []
    page.context.set_offline(False)
    wait_sent(page)
    assert [row.decision for row, _ in reviews_of(hub, known)] == ["correct"]


def test_two_tabs_of_one_person_lose_no_decision(page, hub: Hub) -> None:
    known, ids = newest_review(hub), queue(page)
    held: list = []

    def hold(route) -> None:
        held.append(route)

    def next_held(sample: str):
        route = found_by(page, lambda: held and held.pop(0))
        assert route.request.post_data_json["sample_id"] == sample
        return route

    page.context.route("**/v1/reviews", hold)
    page.reload()  # what a page that is open already asks for may go past a new route
    page.wait_for_selector(".boxes svg[viewBox]")
    page.keyboard.press("g")
    first = next_held(ids[0])
    other = page.context.new_page()
    other.goto(f"{page.url}?sample={ids[1]}")
    again = next_held(ids[0])  # it finds what has not been sent yet
    other.wait_for_selector(".boxes svg[viewBox]")
    other.keyboard.press("g")
    first.continue_()
    second = next_held(ids[1])
    again.continue_()
    third = next_held(ids[1])
    second.abort()
    third.continue_()
    wait_sent(other)
    assert {row.sample_id for row, _ in reviews_of(hub, known)} == set(ids[:2])


def test_keys_pressed_while_the_next_sample_loads_state_nothing(open_page, hub: Hub) -> None:
    page = open_page("reviewer", "/")
    held, known = [], newest_review(hub)

    def hold(route) -> None:
        held.append(route)

    page.route("**/review/cards/*", hold)
    page.goto(page.url + "review")
    ids = queue(page)
    on_status(page, "Loading …")
    page.keyboard.press("a")
    let_through(page, held, ids[0])
    on_card(page, 1)
    page.keyboard.press("a")
    page.keyboard.press("g")
    page.keyboard.press("g")
    assert page.locator(".boxes").count() == 0
    let_through(page, held, ids[1])
    on_card(page, 2)
    page.keyboard.press("g")
    wait_sent(page)
    found = [(row.sample_id, row.decision) for row, _ in reviews_of(hub, known)]
    assert found == [(ids[0], "accept"), (ids[1], "correct")]
    for route in held:
        route.continue_()


def test_a_sample_that_cannot_be_shown_does_not_hold_up_the_queue(open_page, hub: Hub) -> None:
    with hub.database.transaction() as session:
        waiting = select(Sample).where(Sample.blob_state == "stored", Sample.decided.is_(False))
        session.scalars(waiting.order_by(Sample.id)).first().id = "a/b"
    page = open_page("reviewer", "/review?sample=a/b")
    known, ids = newest_review(hub), queue(page)
    assert ids[0] == "a/b"
    page.wait_for_selector(".boxes svg[viewBox]")
    assert page.locator("[data-progress]").inner_text() == f"1 of {len(ids) - 1}"
    page.keyboard.press("a")
    wait_sent(page)
    assert [row.sample_id for row, _ in reviews_of(hub, known)] == ids[1:2]


def test_a_sample_the_hub_fails_to_show_can_be_left_out(page, hub: Hub) -> None:
    known, ids = newest_review(hub), queue(page)
    page.route(f"**/review/cards/{ids[0]}", lambda route: route.fulfill(status=502))
    page.reload()
    assert queue(page)[0] == ids[0]
    on_status(page, "The hub answered 502. Trying again … S goes on without this sample.")
    page.keyboard.press("a")
    page.keyboard.press("s")
    page.wait_for_selector(".boxes svg[viewBox]")
    page.keyboard.press("g")
    wait_sent(page)
    assert [row.sample_id for row, _ in reviews_of(hub, known)] == ids[1:2]


def test_a_sample_is_left_out_also_while_it_is_tried_again(page, hub: Hub) -> None:
    known, ids = newest_review(hub), queue(page)
    asked: list[object] = []

    def fails_once(route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.fulfill(status=502)

    page.route(f"**/review/cards/{ids[0]}", fails_once)
    page.reload()
    found_by(page, lambda: len(asked) > 1)
    on_status(page, "Loading …")
    page.keyboard.press("s")
    page.wait_for_selector(".boxes svg[viewBox]")
    page.keyboard.press("g")
    wait_sent(page)
    assert [row.sample_id for row, _ in reviews_of(hub, known)] == ids[1:2]


def test_who_is_signed_out_states_nothing_of_samples_not_seen(page, hub: Hub) -> None:
    ids = queue(page)
    fetched_ahead(page)
    with hub.database.transaction() as session:
        session.execute(delete(WebSession))
    for number in range(2, 5):
        page.keyboard.press("g")
        on_card(page, number)
    page.keyboard.press("g")
    on_status(page, "signed out")
    page.keyboard.press("g")
    waiting = page.evaluate("JSON.parse(localStorage.getItem('kw-reviews-reviewer'))")
    assert [row["sample_id"] for row in waiting] == ids[:4]


def test_a_class_that_is_chosen_is_stated_of_a_picture_on_which_nothing_is_drawn(
    page, hub: Hub
) -> None:
    known, ids = newest_review(hub), queue(page)
    with hub.database.transaction() as session:
        for number, sample in enumerate(ids[:3]):
            row = session.get_one(Sample, sample)
            boxes = [{"x0": 1, "y0": 1, "x1": 9, "y1": 9, "label": "anomaly", "confidence": 0.7}]
            row.prediction = {**row.prediction, "boxes": boxes if number == 0 else []}
    page.reload()
    on_card(page, 1)
    page.fill("[data-new-label]", "rust")
    page.keyboard.press("Enter")
    page.keyboard.press("d")  # what the model marked is what was chosen
    on_card(page, 2)
    page.keyboard.press("2")
    chosen = page.locator("[data-label][aria-pressed=true]").get_attribute("data-label")
    page.keyboard.press("a")
    on_status(page, f"You chose {chosen}: Defect states it")
    page.keyboard.press("d")
    on_card(page, 3)
    page.keyboard.press("d")
    on_card(page, 4)
    page.keyboard.press("2")
    page.keyboard.press("d")  # a box that has a class keeps it
    wait_sent(page)
    (_, first), (_, second), (_, third), (_, fourth) = reviews_of(hub, known)
    assert first is not None and first.label == "rust"
    assert {box["label"] for box in first.body["boxes"]} == {"rust"}  # type: ignore[index,union-attr]
    assert second is not None and (second.label, "boxes" in second.body) == (chosen, False)
    assert third is not None and third.label == "defect"
    assert fourth is not None and fourth.label != chosen
    assert {box["label"] for box in fourth.body["boxes"]} == {fourth.label}  # type: ignore[index,union-attr]


def test_a_double_click_states_nothing_of_the_next_sample(page, hub: Hub) -> None:
    known, ids = newest_review(hub), queue(page)
    fetched_ahead(page)
    page.dblclick("[data-act=good]")
    on_card(page, 2)
    page.click("[data-act=defect]")
    on_card(page, 3)
    wait_sent(page)
    assert [row.sample_id for row, _ in reviews_of(hub, known)] == ids[:2]


def test_a_picture_that_is_not_on_the_screen_is_judged_by_nobody(page, hub: Hub) -> None:
    known, ids = newest_review(hub), queue(page)
    held: list = []

    def hold(route) -> None:
        held.append(route)

    page.route("**/content*", hold)
    page.reload()
    found_by(page, lambda: [route for route in held if ids[0] in route.request.url])
    for key in "agd":
        page.keyboard.press(key)
    on_status(page, "still loading")
    broken = next(route for route in held if ids[0] in route.request.url)
    broken.fulfill(status=404)
    page.wait_for_selector(".boxes.is-broken")
    for key in "agd":
        page.keyboard.press(key)
    on_status(page, "cannot be shown")
    page.keyboard.press("u")
    wait_sent(page)
    found = [(row.sample_id, row.decision) for row, _ in reviews_of(hub, known)]
    assert found == [(ids[0], "unsure")]


def test_keyboard_is_not_trapped_in_the_picture(page) -> None:
    for _ in range(6):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('svg') === null")
    page.keyboard.press("?")
    assert page.locator("dialog[aria-labelledby=keys-title]").is_visible()


_SEEN = """selector => Promise.all([...document.querySelectorAll(selector)].map(async one => {
    const picture = new Image();
    picture.src = one.getAttribute("href") || one.getAttribute("src");
    await picture.decode();
    return [picture.naturalWidth, picture.naturalHeight];
}))"""


def test_a_tiff_of_a_camera_is_seen_by_whoever_judges_it(open_page, hub: Hub) -> None:
    pixels = np.full((120, 160, 3), 90, np.uint8)
    content = cv2.imencode(".tiff", pixels)[1].tobytes()
    digest = hub.storage.put(content)
    page = open_page("reviewer", "/review")
    first = queue(page)[0]
    with hub.database.transaction() as session:
        session.add(Blob(digest=digest, size=len(content), media_type="image/tiff"))
        sample = session.get_one(Sample, first)
        sample.blob, sample.media_type = digest, "image/tiff"
        sample.meta = {**sample.meta, "width": 160, "height": 120}
    page.reload()
    page.wait_for_selector(".boxes svg[viewBox]")
    assert page.evaluate(_SEEN, ".boxes svg image") == [[160, 120]]
    page.goto(page.url.split("/review")[0] + f"/samples/{first}")
    assert page.evaluate(_SEEN, ".picture svg image") == [[160, 120]]
    page.goto(page.url.split("/samples")[0] + "/samples")
    assert [160, 120] in page.evaluate(_SEEN, f"a[href='/samples/{first}'] img")
