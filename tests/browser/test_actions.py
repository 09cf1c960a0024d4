"""What people do on the hub's pages besides reviewing: every dialog is clicked through."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sqlalchemy import delete, func, select

from cloud_sync.hub import Hub
from cloud_sync.learning import datasets
from cloud_sync.store.models import (
    ApiToken,
    Dataset,
    Device,
    EnrollToken,
    Job,
    Rollout,
    WebSession,
)
from cloud_sync.web.accounts import find_person, issue_token
from kits.core.annotation import Annotation
from kits.core.dataset import DatasetHeader, DatasetItem, build, to_bytes
from kits.core.sample import Sample as CoreSample
from kits.core.sample import utc_now
from tests.browser import seed
from tests.browser.signing_in import sign_in_beside
from tests.browser.waiting import found_by

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser


def press(page, text: str) -> None:
    page.locator("main").get_by_role("button", name=text, exact=True).first.click()


def confirm(page, text: str) -> None:
    page.locator("#confirm").get_by_role("button", name=text, exact=True).click()


def role_of(page, login: str):
    return page.locator(f"form[data-api='PATCH /v1/people/{login}'] [name=role]")


def test_a_person_signs_out(open_page) -> None:
    page = open_page("viewer", "/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    page.goto(page.url.removesuffix("login") + "samples")
    assert "/login?next=/samples" in page.url


def shown_without_script(open_page, path: str) -> tuple:
    """A page whose script is still on its way, as on a slow line, and what lets it arrive."""
    page, held = open_page("admin", "/"), []

    def hold(route) -> None:
        held.append(route)

    def arrive() -> None:
        found_by(page, lambda: held)
        held[0].continue_()

    page.route("**/static/app.js", hold)
    page.goto(f"{page.url.rstrip('/')}{path}", wait_until="commit")
    return page, arrive


def test_a_form_sent_before_the_script_is_there_waits_for_it(hub: Hub, open_page) -> None:
    page, arrive = shown_without_script(open_page, "/people")
    form = page.locator("form[data-api='POST /v1/tokens']")
    form.locator("[name=name]").fill("build server")
    form.get_by_role("button").click(no_wait_after=True)
    form.get_by_role("button").click(no_wait_after=True)
    arrive()
    page.wait_for_selector("#secret[open]")
    assert page.url.endswith("/people"), "nothing of the form in the address"
    with hub.database.session() as session:
        assert session.scalar(select(func.count()).select_from(ApiToken)) == 1


def test_a_form_that_waits_for_the_script_says_so_and_goes_on(hub: Hub, open_page) -> None:
    page, arrive = shown_without_script(open_page, "/people")
    role_of(page, "viewer").select_option("engineer", no_wait_after=True)
    page.get_by_role("button", name="Save the role of viewer").click(no_wait_after=True)
    page.wait_for_selector("text=Not done yet")
    with page.expect_response("**/v1/people/viewer") as answer:
        arrive()
    assert answer.value.ok and page.url.endswith("/people")


def publish_first_version(hub: Hub) -> str:
    """A version with its manifest and bytes, as `kit publish` brings it; the seed has rows only."""
    content, _ = seed.part_image(np.random.default_rng(1))
    digest = hub.storage.put(content)
    sample = CoreSample("part-1", "image/jpeg", digest, len(content), utc_now(), group="part-1")
    item = DatasetItem(sample, Annotation("good"), "train")
    header = DatasetHeader(kit="visual-inspection", split_rule="by hand", seed=0)
    first = build(header, [item], hub.storage)
    hub.storage.put(to_bytes(first))
    with hub.database.transaction() as session:
        session.execute(delete(Dataset))
        version = datasets.describe(first, hub.storage)
        datasets.register(session, version, seed.PROJECT, by="engineer")
    return first.id


def test_freezing_opens_the_new_version(open_page, hub: Hub) -> None:
    first = publish_first_version(hub)
    page = open_page("engineer", "/datasets")
    page.fill("[name=note]", "after the night shift")
    press(page, "Freeze")
    page.wait_for_url(re.compile("/datasets/[0-9a-f]{64}$"))
    with hub.database.session() as session:
        frozen = session.scalars(select(Dataset).where(Dataset.id != first)).one()
    assert frozen.parent == first and frozen.n > 1
    assert frozen.note == "after the night shift" and frozen.created_by == "engineer"
    assert frozen.id[:12] in page.locator(".crumb").inner_text()


def test_a_bundle_says_who_must_sign_it_and_offers_the_rollout_once_signed(open_page) -> None:
    page = open_page("engineer", f"/bundles/{seed.CHALLENGER}")
    assert f"kit approve {seed.CHALLENGER[:12]} --hub" in page.locator("main").inner_text()
    assert page.get_by_role("link", name="Roll out").count() == 0
    page.goto(page.url.replace(seed.CHALLENGER, seed.CHAMPION))
    page.get_by_role("link", name="Roll out").click()
    page.wait_for_url(re.compile("/rollouts"))
    assert page.locator("[name=bundle]").input_value() == seed.CHAMPION


def test_a_rollout_starts_for_one_device_and_is_paused(open_page, hub: Hub) -> None:
    page = open_page("engineer", "/rollouts")
    page.select_option("[name=bundle]", seed.CHAMPION)
    page.select_option("[name=device]", "pack-1")
    press(page, "Start")
    confirm(page, "Start the rollout")
    page.wait_for_url(re.compile(r"/rollouts/\d+$"))
    assert "pack-1" in page.locator("main").inner_text()
    press(page, "Pause")
    if page.locator("#confirm[open]").count():
        page.locator("#confirm [value=yes]").click()
    page.wait_for_selector("main .badge:has-text('paused')")
    with hub.database.session() as session:
        newest = session.scalars(select(Rollout).order_by(Rollout.id.desc())).first()
        assert newest.state == "paused" and newest.bundle == seed.CHAMPION


def test_a_device_token_is_shown_once_with_the_command_to_type(open_page, hub: Hub) -> None:
    page = open_page("engineer", "/devices")
    page.fill("[name=name]", "press-9")
    page.fill("[name=site]", "plant-a")
    press(page, "Make a token")
    page.wait_for_selector("#secret[open]")
    secret = page.locator("#secret-value").inner_text()
    command = page.locator("#secret-command").inner_text()
    assert len(secret) >= 16 and command.startswith("edge-agent enroll --hub http")
    assert command.endswith(secret)
    with page.expect_navigation():
        left = page.evaluate(
            "() => { document.querySelector('[data-done]').click(); return document.body.outerHTML; }"
        )
    assert secret not in left  # at once, whatever loading the page again takes
    assert secret not in page.content() and "press-9" in page.locator("main").inner_text()
    with hub.database.session() as session:
        waiting = session.scalars(select(EnrollToken)).all()
    assert secret not in [row.hash for row in waiting] and "press-9" in str(
        [row.device for row in waiting]
    )


def test_revoking_a_device_needs_a_second_click(open_page, hub: Hub) -> None:
    page = open_page("engineer", "/devices")
    row = page.locator("tr", has_text="press-2")
    row.get_by_role("button", name="Revoke").click()
    assert "cut off at once" in page.locator("#confirm").inner_text()
    confirm(page, "Revoke")
    page.wait_for_selector("tr:has-text('press-2') .badge:has-text('revoked')")
    with hub.database.session() as session:
        revoked = session.scalars(select(Device.name).where(Device.revoked_at.is_not(None))).all()
    assert revoked == ["press-2"]


def test_a_secret_that_is_shown_once_is_not_closed_by_a_key(open_page) -> None:
    page = open_page("admin", "/people")
    page.fill("form[data-secret] [name=name]", "build server")
    press(page, "Make a token")
    page.wait_for_selector("#secret[open]")
    for _ in range(3):  # a browser lets a page refuse the first one only
        page.keyboard.press("Escape")
    assert page.locator("#secret[open]").count() == 1
    with page.expect_navigation():
        page.evaluate("document.querySelector('#secret').close()")  # however it closes
    assert page.locator("tr:has-text('build server')").count() == 1


def test_a_form_sent_after_the_session_ended_goes_on_after_signing_in_again(
    open_page, hub: Hub
) -> None:
    page = open_page("engineer", "/devices")
    page.fill("[name=name]", "press-9")
    page.fill("[name=site]", "plant-a")
    with hub.database.transaction() as session:
        session.execute(delete(WebSession))
    press(page, "Make a token")
    note = page.locator(".form-note")
    note.wait_for()
    assert note.inner_text() == (
        "Your session has ended. Sign in (opens in a new tab), then press again."
    )
    sign_in_beside(page, note.get_by_role("link"), "engineer")
    assert page.input_value("[name=name]") == "press-9"
    press(page, "Make a token")
    page.wait_for_selector("#secret[open]")


def test_an_admin_makes_and_revokes_an_api_token(open_page, hub: Hub) -> None:
    page = open_page("admin", "/people")
    form = page.locator("form[data-api='POST /v1/tokens']")
    form.locator("[name=name]").fill("build server")
    form.locator("[name=role]").select_option("engineer")
    form.get_by_role("button").click()
    page.wait_for_selector("#secret[open]")
    token = page.locator("#secret-value").inner_text()
    assert token.startswith("kwt_")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")  # no TLS
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("getSelection().toString()").strip() == token
    page.get_by_role("button", name="I have kept it").click()
    row = page.locator("tr", has_text="build server")
    row.get_by_role("button", name="Revoke").click()
    confirm(page, "Revoke")
    page.wait_for_selector("main p:has-text('No tokens yet')")
    with hub.database.session() as session:
        (token,) = session.scalars(select(ApiToken)).all()
    assert token.role == "engineer" and token.revoked_at is not None


def test_an_admin_is_told_what_else_ends_with_a_token(open_page, hub: Hub) -> None:
    with hub.database.transaction() as session:
        lost = issue_token(session, "admin", "lost", by="admin")[0].id
        for name in ("ci", "robot"):
            issue_token(session, "viewer", name, by="admin", made_with=lost)
    page = open_page("admin", "/people")
    row = page.locator("tr", has=page.get_by_role("cell", name="lost", exact=True))
    row.get_by_role("button", name="Revoke", exact=True).click()
    assert "ends too: ci (token " in page.locator("#confirm").inner_text()
    page.locator("#confirm").get_by_role("button", name="Cancel").click()
    row.get_by_role("button", name="Revoke, keep what it made").click()
    assert "stay good" in page.locator("#confirm").inner_text()
    confirm(page, "Revoke, keep what it made")
    row.wait_for(state="detached")
    made = page.get_by_text(f"admin, with token {lost}")
    made.nth(1).wait_for()  # the page is loaded anew
    assert made.count() == 2
    with hub.database.session() as session:
        good = session.scalars(select(ApiToken.name).where(ApiToken.revoked_at.is_(None)))
        assert set(good) == {"ci", "robot"}


def test_an_admin_is_told_what_else_ends_with_a_person(open_page, hub: Hub) -> None:
    with hub.database.transaction() as session:
        issue_token(session, "viewer", "robot", by="reviewer")
    page = open_page("admin", "/people")
    row = page.locator("tr", has=role_of(page, "reviewer"))
    row.get_by_role("button", name="Disable", exact=True).click()
    assert "robot (token 1 of viewer)" in page.locator("#confirm").inner_text()
    confirm(page, "Disable")
    page.wait_for_selector("main p:has-text('No tokens yet')")


def test_an_admin_changes_a_role_where_it_is_shown(open_page) -> None:
    page = open_page("admin", "/people")
    role = role_of(page, "viewer")
    role.select_option("engineer")
    with page.expect_navigation():
        page.get_by_role("button", name="Save the role of viewer").click(no_wait_after=True)
    assert role.input_value() == "engineer"
    role_of(page, "admin").select_option("viewer")
    page.get_by_role("button", name="Save the role of admin").click()
    assert "admin" in page.locator("form:has([name=role]) .form-note.is-bad").inner_text()
    page.reload()
    assert role_of(page, "admin").input_value() == "admin"


def test_a_role_is_changed_by_saving_it_not_by_moving_through_the_roles(
    open_page, hub: Hub
) -> None:
    page = open_page("admin", "/people")
    role = role_of(page, "viewer")
    role.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)  # what must not happen has had its time
    assert role.evaluate("node => node === document.activeElement")
    with hub.database.session() as session:
        assert find_person(session, "viewer").role == "viewer"
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert role.input_value() == "engineer"
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "Save the role of viewer", "the way there is long by keyboard"


@pytest.mark.parametrize("path", ["/samples", "/cases"])
def test_a_filter_is_walked_through_by_keyboard_and_asked_for_once(open_page, path: str) -> None:
    page = open_page("viewer", path)
    first = page.locator(".filter select").first
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)  # what must not happen has had its time
    assert first.evaluate("node => node === document.activeElement && node.selectedIndex") == 2
    chosen = first.input_value()
    page.locator(".filter").get_by_role("button", name="Show").click()
    page.wait_for_url(f"**{path}?*={chosen}*")
    assert first.input_value() == chosen


def test_a_retraining_that_cannot_start_says_why_and_queues_nothing(open_page, hub: Hub) -> None:
    with hub.database.session() as session:
        before = session.scalar(select(func.count()).select_from(Job))
    page = open_page("engineer", "/jobs")
    press(page, "Start")
    text = page.locator(".form-note.is-bad").inner_text()
    assert "kit.yaml" in text and "kit publish" in text
    with hub.database.session() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == before


def test_an_error_of_the_hub_stands_beside_the_form(open_page, hub: Hub) -> None:
    page = open_page("engineer", "/rollouts")
    press(page, "Start")  # neither a device nor a group is chosen
    confirm(page, "Start the rollout")
    text = page.locator(".form-note.is-bad").inner_text()
    assert "device" in text or "group" in text


def test_a_viewer_sees_the_pages_without_their_buttons(open_page) -> None:
    page = open_page("viewer", "/devices")
    assert page.locator("main form").count() == 0
    page.goto(page.url.replace("/devices", f"/bundles/{seed.CHAMPION}"))
    assert page.get_by_role("link", name="Roll out").count() == 0
