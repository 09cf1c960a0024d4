"""Pages: each renders for each role, nothing from outside is executed, and no link leads nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from cloud_sync.app import create_app
from cloud_sync.config import load
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, Annotation, Dataset, Rollout, Sample
from kits.core.sample import utc_now
from tests.browser import seed

PAGES = (
    "/", "/samples", "/review", "/datasets", "/jobs", "/jobs/1", "/bundles",
    f"/bundles/{seed.CHALLENGER}", "/rollouts", "/rollouts/1", "/rollouts/2", "/rollouts/3",
    "/rollouts/4", "/devices", "/alerts", "/ledger", "/effects", "/people", "/cases", "/cases?state=closed&device=press-1",
)  # fmt: skip
NEEDS = {"/review": ("reviewer", "engineer", "admin"), "/people": ("admin",)}
PROBE = "<script>alert(1)</script>'\"><img src=x onerror=alert(1)>{{ 7 * 7 }}"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    made = seed.make_hub(tmp_path_factory.mktemp("hub"), samples=40)
    yield made
    made.close()


@pytest.fixture
def client(hub: Hub) -> TestClient:
    return TestClient(create_app(load(hub.config.data_dir)), follow_redirects=False)


def sign_in(client: TestClient, role: str) -> TestClient:
    answer = client.post("/login", data={"login": role, "password": seed.PASSWORD})
    assert answer.status_code == 303
    return client


def csrf(client: TestClient) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/").text)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize("role", ["viewer", "reviewer", "engineer", "admin"])
@pytest.mark.parametrize("path", PAGES)
def test_page_renders_for_those_who_may_see_it(client: TestClient, role: str, path: str) -> None:
    answer = sign_in(client, role).get(path)
    assert answer.status_code == (200 if role in NEEDS.get(path, (role,)) else 403)
    assert "text/html" in answer.headers["content-type"]
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe-inline" not in policy


@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_inline_code_and_no_foreign_host(client: TestClient, path: str) -> None:
    text = sign_in(client, "admin").get(path).text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.search(r'(src|href|action|hx-get)="(https?:)?//', text)


def test_where_scripts_are_off_a_page_says_that_nothing_is_taken(client: TestClient) -> None:
    """A form would only load the page again, with what was filled in as part of its address."""
    text = sign_in(client, "reviewer").get("/leads").text
    [said] = re.findall(r"<noscript>(.*?)</noscript>", text, re.DOTALL)
    assert "Scripts are off" in said and "taken" in said


def test_stranger_is_sent_to_the_login_page_and_back(client: TestClient) -> None:
    answer = client.get("/samples?verdict=act")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=/samples")
    data = {"login": "viewer", "password": seed.PASSWORD, "next": "/samples?verdict=act"}
    assert client.post("/login", data=data).headers["location"] == "/samples?verdict=act"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_login_never_leads_to_another_site(client: TestClient, target: str) -> None:
    data = {"login": "viewer", "password": seed.PASSWORD, "next": target}
    assert client.post("/login", data=data).headers["location"] == "/"


def test_wrong_password_is_said_without_a_session(client: TestClient) -> None:
    answer = client.post("/login", data={"login": PROBE, "password": "wrong"})
    assert answer.status_code == 401
    assert "login or password is wrong" in answer.text
    assert "<script>alert" not in answer.text
    assert "set-cookie" not in answer.headers


def test_login_from_another_site_is_refused(client: TestClient) -> None:
    data = {"login": "viewer", "password": seed.PASSWORD}
    answer = client.post("/login", data=data, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_signing_out_needs_the_token_of_the_page(client: TestClient) -> None:
    sign_in(client, "viewer")
    assert client.post("/logout", data={}).status_code == 403
    head = {"x-csrf-token": csrf(client)}
    assert client.post("/logout", headers=head).status_code == 303
    assert client.get("/").status_code == 303


def test_an_alert_of_the_hub_says_what_to_do_and_where(client: TestClient, hub: Hub) -> None:
    with hub.database.transaction() as session:
        added = [
            Alert(name=name, severity="warning", text="x", device=device)
            for name, device in (
                ("crm-lead-dead", None),
                ("lead-drift", None),
                ("cmms-unreachable", "press-1"),
            )
        ]
        session.add_all(added)
    page = sign_in(client, "viewer").get("/alerts").text
    assert "What to do: the page Leads says why" in page and 'href="/leads?state=dead"' in page
    assert "retrain: <code>cloud-sync retrain plan PROJECT</code>" in page
    assert "cloud-sync cmms test" not in page, "a device names its alerts itself"
    with hub.database.transaction() as session:
        for alert in added:
            session.delete(session.merge(alert))


def test_alert_is_acknowledged_once_and_only_with_token(client: TestClient, hub: Hub) -> None:
    with hub.database.session() as session:
        alert = session.scalars(select(Alert.id).where(Alert.seen_at.is_(None))).first()
    path = f"/v1/alerts/{alert}/seen"
    sign_in(client, "reviewer")
    assert client.post(path, json={}).status_code == 403
    head = {"x-csrf-token": csrf(client)}
    assert client.post(path, json={}, headers=head).json()["seen_by"] == "reviewer"
    assert client.post("/v1/alerts/99999/seen", json={}, headers=head).json()["what"]
    sign_in(client, "engineer")
    again = client.post(path, json={}, headers={"x-csrf-token": csrf(client)})
    assert again.json()["seen_by"] == "reviewer"


@pytest.fixture
def probed(hub: Hub) -> Iterator[str]:
    """A sample whose every text is a probe; put back afterwards."""
    with hub.database.transaction() as session:
        row = session.scalars(select(Sample).where(Sample.blob_state == "stored")).first()
        assert row is not None
        before = {
            name: getattr(row, name)
            for name in (
                "label",
                "source",
                "group",
                "reason",
                "verdict",
                "kept_for",
                "prediction",
                "actions",
            )
        }
        for name in ("label", "source", "group", "reason", "kept_for"):
            setattr(row, name, PROBE)
        row.verdict = "act"
        row.actions = {PROBE: PROBE}
        box = {"x0": 1, "y0": 1, "x1": 9, "y1": 9, "label": PROBE, "confidence": 0.5}
        row.prediction = {"score": 0.9, "label": PROBE, "boxes": [box], "details": {PROBE: PROBE}}
        session.add(
            Annotation(
                sample_id=row.id, label=PROBE, body={}, author=PROBE, source="device", at=utc_now()
            )
        )
        session.add(Alert(name=PROBE, severity=PROBE, text=PROBE, where=PROBE))
        id = row.id
    yield id
    with hub.database.transaction() as session:
        session.execute(update(Sample).where(Sample.id == id).values(before))
        for kind, column in ((Annotation, Annotation.label), (Alert, Alert.name)):
            for bad in session.scalars(select(kind).where(column == PROBE)):
                session.delete(bad)


def test_texts_from_outside_are_shown_never_executed(client: TestClient, probed: str) -> None:
    sign_in(client, "admin")
    for path in ("/", "/samples", f"/samples/{probed}", f"/review/cards/{probed}", "/alerts"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        tags = Tags(answer.text)
        assert not tags.handlers, path
        assert all(source.startswith("/static/") for source in tags.scripts), path
        assert ">49<" not in answer.text


class Tags(HTMLParser):
    """What a browser would execute or follow."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self.links: set[str] = set()
        self.api: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script":
            self.scripts.append(given.get("src", ""))
        self.handlers += [name for name in given if name.startswith("on")]
        for name in ("href", "src", "hx-get"):
            if given.get(name, "").startswith("/"):
                self.links.add(unescape(given[name]))
        if "data-api" in given:
            self.api.add(given["data-api"])


def test_every_link_resolves_and_every_form_has_its_route(client: TestClient, hub: Hub) -> None:
    sign_in(client, "admin")
    todo, seen, api = {"/"}, set(), set()
    while todo:
        path = todo.pop()
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code == 200, path
        if "text/html" not in answer.headers["content-type"]:
            continue
        found = Tags(answer.text)
        api |= found.api
        plain = {link for link in found.links if "/samples?" not in link or link.count("&") == 0}
        todo |= {link.partition("#")[0] for link in plain} - seen - {""}
    assert {"/devices", "/people", f"/bundles/{seed.CHALLENGER}", "/jobs/1", "/rollouts/1"} <= seen
    assert len(api) > 8
    for call in api:
        method, path = call.split(" ")
        # a route that is there refuses the missing CSRF token; one that is not says 404 or 405
        assert client.request(method, path, json={}).status_code == 403, call


def test_filters_and_pagination_show_each_sample_once(client: TestClient, hub: Hub) -> None:
    sign_in(client, "viewer")
    first = client.get("/samples").text
    shown = set(re.findall(r'href="/samples/([0-9a-z]+)"', first))
    more = unescape(re.search(r'hx-get="([^"]+)"', first).group(1))  # type: ignore[union-attr]
    rest = client.get(more, headers={"hx-request": "true"}).text
    assert "<html" not in rest
    second = set(re.findall(r'href="/samples/([0-9a-z]+)"', rest))
    assert not shown & second and len(shown | second) == 40
    with hub.database.session() as session:
        acts = set(session.scalars(select(Sample.id).where(Sample.verdict == "act")))
    page = client.get("/samples?verdict=act").text
    assert set(re.findall(r'href="/samples/([0-9a-z]+)"', page)) == acts
    assert "No sample fits" in client.get("/samples?label=no-such-label").text


def test_passed_sample_suggests_no_boxes_and_accepting_means_good(
    client: TestClient, hub: Hub
) -> None:
    with hub.database.session() as session:
        passed = session.scalars(
            select(Sample.id).where(Sample.verdict == "pass", Sample.blob_state == "stored")
        ).first()
    text = sign_in(client, "reviewer").get(f"/review/cards/{passed}").text
    assert 'data-suggested-label="good"' in text and 'data-suggestions="[]"' in text


@pytest.mark.parametrize(
    "path",
    [
        "/no-such-page",
        "/samples/unknown",
        "/jobs/77",
        "/jobs/x",
        "/bundles/ab",
        "/static/../app.py",
    ],
)
def test_missing_things_are_a_page_with_a_request_id(client: TestClient, path: str) -> None:
    answer = sign_in(client, "viewer").get(path, headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert re.search(r"Request <code>[0-9a-f]{12}</code>", answer.text)


def test_unknown_api_address_answers_json(client: TestClient) -> None:
    answer = client.get("/v1/nothing")
    assert answer.status_code == 404 and answer.json()["error"] == "NotFoundError"


def test_bug_is_a_page_that_tells_nothing_of_the_inside(hub: Hub) -> None:
    app = create_app(load(hub.config.data_dir))

    def broken() -> None:
        raise RuntimeError("a secret of the inside")

    app.add_api_route("/broken", broken)
    answer = TestClient(app, raise_server_exceptions=False).get(
        "/broken", headers={"accept": "text/html"}
    )
    assert answer.status_code == 500
    assert "Something broke" in answer.text and "of the inside" not in answer.text


def test_empty_hub_says_on_every_page_what_to_do(tmp_path: Path) -> None:
    made = seed.make_empty_hub(tmp_path)
    client = sign_in(TestClient(create_app(load(tmp_path)), follow_redirects=False), "admin")
    for path in (
        "/",
        "/samples",
        "/review",
        "/datasets",
        "/jobs",
        "/bundles",
        "/rollouts",
        "/devices",
        "/alerts",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert 'class="empty"' in answer.text or "card empty" in answer.text, path
    made.close()


def test_dataset_page_shows_the_change_since_its_parent(client: TestClient, hub: Hub) -> None:
    with hub.database.session() as session:
        newest = session.scalars(select(Dataset).where(Dataset.parent != "")).one()
    text = sign_in(client, "viewer").get(f"/datasets/{newest.id}").text
    assert "+26" in text  # good parts: 150 before, 176 now


def test_paused_rollout_offers_to_resume(client: TestClient, hub: Hub) -> None:
    with hub.database.transaction() as session:
        session.execute(update(Rollout).values(state="paused"))
    text = sign_in(client, "engineer").get("/rollouts/1").text
    assert "/v1/rollouts/1/resume" in text and "/v1/rollouts/1/abort" in text
    with hub.database.transaction() as session:
        session.execute(update(Rollout).values(state="done"))


def test_a_rollout_page_says_how_each_device_stands_and_since_when(
    client: TestClient, hub: Hub
) -> None:
    with hub.database.transaction() as session:
        rollout = session.get_one(Rollout, 1)
        rollout.state = "running"
        rollout.deployments[0].state = "shadow"
        rollout.deployments[0].begun_at = rollout.deployments[0].updated_at
        rollout.deployments[0].waits_for = "parts"
    text = sign_in(client, "viewer").get("/rollouts/1").text
    with hub.database.transaction() as session:
        session.get_one(Rollout, 1).state = "done"
        session.get_one(Rollout, 1).deployments[0].state = "committed"
    for words in ("waits for parts", "proved itself on probation", ">Since</th>"):
        assert words in text
