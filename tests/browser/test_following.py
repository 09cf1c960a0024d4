"""What pages load by themselves: more samples, and a rollout or a job that goes on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import delete

import cloud_sync.web
from cloud_sync.hub import Hub
from cloud_sync.store.models import Job, Rollout, WebSession
from kits.core.sample import utc_now
from tests.browser.signing_in import sign_in_beside

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

HTMX = Path(cloud_sync.web.__file__).parent / "static" / "vendor" / "htmx.min.js"
PUBLISHED = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
"""SHA-256 of dist/htmx.min.js in the package htmx.org 2.0.11."""


def test_the_vendored_htmx_is_the_published_file() -> None:
    assert hashlib.sha256(HTMX.read_bytes()).hexdigest() == PUBLISHED


def test_more_samples_are_shown_on_the_same_page(open_page) -> None:
    page = open_page("viewer", "/samples")
    first = page.locator("#gallery .sample").evaluate_all("all => all.map(one => one.href)")
    page.get_by_role("link", name="Show more").click()
    page.locator("#gallery .sample").nth(len(first)).wait_for()
    found = page.locator("#gallery .sample").evaluate_all("all => all.map(one => one.href)")
    assert found[: len(first)] == first
    assert len(found) == len(set(found)) == 40
    assert page.url.endswith("/samples")
    sync_api.expect(page.locator("#gallery .sample time").last).not_to_contain_text("UTC")


def test_a_rollout_that_is_stopped_shows_why_and_loses_its_buttons(open_page, hub: Hub) -> None:
    page = open_page("engineer", "/rollouts/4")
    assert page.get_by_role("button", name="Pause").is_visible()
    with hub.database.transaction() as session:
        rollout = session.get_one(Rollout, 4)
        rollout.state, rollout.finished_at = "failed", utc_now()
        rollout.reason = "the first wave failed: press-1 rolled_back: NaN in 3 of 50 scores"
    page.wait_for_selector(".note:has-text('rolled back: NaN in 3 of 50 scores')")
    page.locator("main form").first.wait_for(state="detached")


def running_job(hub: Hub) -> int:
    """The number of a retraining that goes on."""
    with hub.database.transaction() as session:
        job = Job(kind="retraining", state="running", args={}, started_at=utc_now())
        session.add(job)
        session.flush()
        return job.id


def test_the_page_of_a_job_follows_it_to_its_end(open_page, hub: Hub) -> None:
    number = running_job(hub)
    page = open_page("engineer", f"/jobs/{number}")
    assert page.get_by_role("button", name="End this job").is_visible()
    with hub.database.transaction() as session:
        job = session.get_one(Job, number)
        job.state, job.error, job.finished_at = "failed", "no disk left", utc_now()
    page.wait_for_selector(".note:has-text('no disk left')")
    page.locator("main form").first.wait_for(state="detached")


def test_what_follows_something_stands_still_when_the_session_has_ended(
    open_page, hub: Hub
) -> None:
    number = running_job(hub)
    page = open_page("engineer", f"/jobs/{number}")
    with hub.database.transaction() as session:
        session.execute(delete(WebSession))
    page.wait_for_selector(
        "#ended:has-text('Your session has ended. Sign in (opens in a new tab).')"
    )
    assert page.locator("[name=password]").count() == 0
    assert page.get_by_role("button", name="End this job").is_visible()
    sign_in_beside(page, page.locator("#ended a"), "engineer")
    page.locator("#ended").wait_for(state="detached")
