"""Mails over the API, the page and the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import JsonValue
from sqlalchemy import select, update
from typer.testing import CliRunner

from cloud_sync.cli import make_app
from cloud_sync.config import dump
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.mails.gates import GateWatch
from cloud_sync.store.models import Device, MailLogEntry, Sample
from kits.core.sample import utc_now
from tests.cloud_sync.cases.case_builders import take
from tests.cloud_sync.fleet_builders import add_device, make_hub, put_blob
from tests.cloud_sync.hub_builders import add_person, open_hub
from tests.cloud_sync.mails.mail_builders import (
    ANN,
    bundle_id,
    draft,
    filed,
    know_bundle,
    letter,
    mail_row,
)
from tests.cloud_sync.mails.test_mail_erasure import add_version, item

PROBE = "<script>alert(1)</script>{{ 7 * 7 }}"


def fill(hub: Hub, group: str = "<t>") -> None:
    """A week's mails with a broken promise and one mail of Ann's."""
    know_bundle(hub)
    content = letter(ANN)
    put_blob(hub, content)
    rows = [mail_row(n, f"q{n}", audit=True) for n in range(1, 9)]
    take(hub, mail_row(100, "hers", content=content, group=group), mail_row(101, "m"), *rows)
    take(hub, draft(200, "hers"), *[filed(300 + n, f"q{n}", "returns") for n in range(1, 9)])
    with hub.database.transaction() as session:
        session.execute(update(Sample).values(captured_at=utc_now()))
        session.execute(update(Device).values(running_bundle=bundle_id()))
    GateWatch(hub).step()


def test_figures_and_gates_over_the_api(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (client, hub):
        fill(hub)
        viewer = add_person(hub, "vera", "viewer")
        engineer = add_person(hub, "ada", "engineer")
        [project] = client.get("/v1/mails/figures?weeks=2", headers=viewer).json()["projects"]
        assert (project["counts"]["mails"], project["counts"]["audits_wrong"]) == (10, 8)
        assert project["metrics"]["auto_error"]["value"] == 1.0
        [gate] = client.get("/v1/mails/gates", headers=viewer).json()["gates"]
        assert (gate["closed"], gate["said_by"], gate["wrong"]) == (True, "hub", 8)
        path = f"/v1/mails/gates/{bundle_id()}/open"
        assert client.post(path, json={"why": "x"}, headers=viewer).status_code == 403
        assert client.post(path, json={"why": ""}, headers=engineer).status_code == 422
        opened = client.post(path, json={"why": "a folder was renamed"}, headers=engineer).json()
        assert (opened["closed"], opened["because"]) == (False, "a folder was renamed")
        assert client.post(path, json={"why": "x"}, headers=engineer).status_code == 409
        assert client.get("/v1/mails/figures?weeks=0", headers=viewer).status_code == 422


def test_only_an_admin_erases_and_reads_the_record(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (client, hub):
        fill(hub)
        admin, engineer = add_person(hub, "root", "admin"), add_person(hub, "ada", "engineer")
        body = {"address": ANN, "dry_run": "true"}
        assert client.post("/v1/mails/erase", json=body, headers=engineer).status_code == 403
        would = client.post("/v1/mails/erase", json=body, headers=admin).json()
        assert (would["samples"], would["device_count"]) == (1, 1)
        done = client.post("/v1/mails/erase", json={"address": ANN}, headers=admin).json()
        assert (done["samples"], done["bytes_gone"]) == (1, True)
        [row] = client.get("/v1/mails/erasures", headers=admin).json()["erasures"]
        assert (row["by"], row["devices"], row["waiting"]) == ("root", {"press-1": False}, True)
        log = client.get("/v1/mails/log", headers=admin).json()
        assert [entry["what"] for entry in log["entries"]] == ["erase", "gate.close"]
        assert (log["good"], log["fault"]) == (2, "")
        page = client.get("/mails", headers=admin)
        assert page.status_code == 200 and "1 of 1 have not answered" in page.text
        assert ANN not in json.dumps([row, log]) + page.text
        wrong = client.post("/v1/mails/erase", json={"address": "nobody"}, headers=admin)
        assert wrong.status_code == 422
        shown = client.get("/v1/samples/hers", headers=engineer).json()
        assert (shown["has_blob"], shown["verdict"]) == (False, "act")
        assert client.get("/samples/hers", headers=engineer).status_code == 200
        assert client.get("/v1/samples/hers/content", headers=engineer).status_code == 404


def test_the_page_shows_each_role_what_it_may_do(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (client, hub):
        empty = client.get("/mails", headers=add_person(hub, "first", "viewer"))
        assert "No mails" in empty.text and "No gates" in empty.text
        fill(hub)
        assert shown(client, add_person(hub, "vera", "viewer")) == (False, False)
        assert shown(client, add_person(hub, "ada", "engineer")) == (True, False)
        assert shown(client, add_person(hub, "root", "admin")) == (True, True)


def shown(client: TestClient, headers: dict[str, str]) -> tuple[bool, bool]:
    """Whether the page lets somebody open the gate, and erase."""
    text = client.get("/mails", headers=headers).text
    assert "gate closed" in text and "8 wrong of 8" in text
    return f"/v1/mails/gates/{bundle_id()}/open" in text, "/v1/mails/erase" in text


def test_words_of_devices_and_people_are_only_words_on_the_page(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (client, hub):
        fill(hub, group=PROBE)
        admin = add_person(hub, "root", "admin")
        client.post(f"/v1/mails/gates/{bundle_id()}/open", json={"why": PROBE}, headers=admin)
        text = client.get("/mails", headers=admin).text
        assert "<script>alert" not in text and "&lt;script&gt;" in text
        assert "{{ 7 * 7 }}" in text.replace("&#34;", '"')


def test_a_version_says_how_many_of_its_samples_are_gone_and_which_one_goes_on(
    tmp_path: Path,
) -> None:
    with open_hub(tmp_path) as (client, hub):
        fill(hub)
        admin = add_person(hub, "root", "admin")
        version = add_version(hub, item("hers", letter(ANN)))
        client.post("/v1/mails/erase", json={"address": ANN}, headers=admin)
        newest, old = client.get("/v1/datasets", headers=admin).json()["datasets"]
        assert (old["id"], old["erased"], old["successor"]) == (version, 1, newest["id"])
        gone = client.get(f"/v1/datasets/{version}", headers=admin)
        assert gone.status_code == 404 and newest["id"] in gone.json()["fix"]
        assert client.get(f"/v1/datasets/{newest['id']}", headers=admin).status_code == 200
        page = client.get(f"/datasets/{version}", headers=admin).text
        assert "1 of its samples" in page and f"/datasets/{newest['id']}" in page
        assert "1 erased" in client.get("/datasets", headers=admin).text


def said(hub: Hub, *words: str, code: int = 0) -> object:
    done = CliRunner().invoke(make_app(), [*words, "--data", str(hub.config.data_dir), "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_the_verbs_count_open_erase_and_verify(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        add_device(hub)
        (tmp_path / "hub.yaml").write_text(dump(hub.config))
        fill(hub)
        report = said(hub, "mails", "figures", "--weeks", "2")
        assert report["projects"][0]["counts"]["acts"] == 2
        text = plain(hub, "mails", "figures")
        assert "a dry run counts as if it had filed" in text
        assert "8 of 8, drawn at random" in text and "week" in text
        assert [gate["closed"] for gate in said(hub, "mails", "gates")] == [True]
        assert "closed" in plain(hub, "mails", "gates")
        opened = said(hub, "mails", "open", bundle_id()[:12], "--why", "looked at")
        assert opened["because"] == "looked at"
        said(hub, "mails", "close", bundle_id(), "--why", "holidays")
        assert said(hub, "mails", "erase", ANN, "--dry-run")["samples"] == 1
        assert "would erase 1 mails" in plain(hub, "mails", "erase", ANN, "--dry-run")
        assert "erased 1 mails, and what 1 devices know" in plain(hub, "mails", "erase", ANN)
        assert [entry["what"] for entry in said(hub, "mails", "log", "show")] == [
            "erase", "gate.close", "gate.open", "gate.close",
        ]  # fmt: skip
        shown = plain(hub, "mails", "log", "show")
        assert "samples 1" in shown and not set("{}[]'").intersection(shown)
        assert said(hub, "mails", "log", "verify") == {"good": 4, "fault": ""}
        exported = plain(hub, "mails", "log", "export").splitlines()
        assert len(exported) == 4 and all(line[64] == " " for line in exported)
        with hub.database.transaction() as session:
            entry = session.scalars(select(MailLogEntry).where(MailLogEntry.number == 2)).one()
            entry.entry = entry.entry.replace("looked at", "never")
        checked = said(hub, "mails", "log", "verify", code=1)
        assert checked == {"good": 1, "fault": "entry 2 was changed"}


def plain(hub: Hub, *words: str) -> str:
    done = CliRunner().invoke(make_app(), [*words, "--data", str(hub.config.data_dir)])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_hub_without_mails_says_so(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        (tmp_path / "hub.yaml").write_text(dump(hub.config))
        assert plain(hub, "mails", "figures").startswith("no mails since")
        assert said(hub, "mails", "log", "verify") == {"good": 0, "fault": ""}


@pytest.mark.parametrize("verb", ["open", "close"])
def test_a_gate_nobody_knows_is_refused_in_words(tmp_path: Path, verb: str) -> None:
    with make_hub(tmp_path) as hub:
        (tmp_path / "hub.yaml").write_text(dump(hub.config))
        words = ["mails", verb, "a" * 64, "--why", "x", "--data", str(tmp_path)]
        done = CliRunner().invoke(make_app(), words)
        assert isinstance(done.exception, NotFoundError)
        assert "no gate of bundle" in done.exception.what


@pytest.mark.parametrize(
    ("suggested", "shown"),
    [
        ("returns", 'data-label="returns" aria-pressed="false">returns</button>'),
        ("oos", 'data-decide="oos">oos</button>'),
        (PROBE, "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }}</button>"),
        ("x" * 101, ""),
        ({"label": "returns"}, ""),
        (7, ""),
        (None, ""),
    ],
)
def test_the_review_card_shows_what_a_language_model_suggests_as_text(
    tmp_path: Path, suggested: JsonValue, shown: str
) -> None:
    with open_hub(tmp_path) as (client, hub):
        know_bundle(hub)
        content = letter(ANN)
        put_blob(hub, content)
        meta: dict[str, JsonValue] = {"suggested": suggested, "suggested_by": PROBE}
        take(hub, mail_row(1, "m", verdict="review", label="billing", content=content, meta=meta))
        card = client.get("/review/cards/m", headers=add_person(hub, "rita", "reviewer")).text
        assert 'data-suggested-label="billing"' in card
        assert PROBE not in card
        assert ("A language model suggests" in card) is bool(shown)
        assert shown in card
