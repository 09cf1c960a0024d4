"""Life in a pretended CRM: leads come, come back and are won or lost, faster than outside; the command shows it."""

from __future__ import annotations

import csv
import io
import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_sync.cli import make_app
from cloud_sync.crm.connection.secrets import parse_secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.outcomes.outcomes import key_of_lead
from cloud_sync.crm.simulator import VENDORS, Simulator, serve
from cloud_sync.crm.simulator.coming import read_coming
from cloud_sync.crm.simulator.files import write_settings
from cloud_sync.crm.simulator.history import FIRST, history_csv
from cloud_sync.crm.simulator.life import Life
from cloud_sync.errors import ConflictError
from kits.core.errors import DataError, MachineError
from kits.core.kit import RawSample
from kits.lead_scoring.data import read
from tests.cloud_sync.crm.ear import ear


def test_after_months_most_leads_are_decided_and_likelier_ones_are_won_more_often() -> None:
    simulator = Simulator("hubspot", seed=3)
    simulator.make(400, quiet=True)
    life = Life(simulator, leads_per_day=20)
    life.advance(90)
    held = list(simulator.records)
    assert len(held) > 1800
    decided = sorted((one for one in held if one.outcome), key=lambda one: one.truth)
    assert len(decided) > 1200
    third = len(decided) // 3
    low, high = decided[:third], decided[-third:]
    assert sum(one.outcome == "won" for one in high) > 3 * sum(one.outcome == "won" for one in low)
    won = next(one for one in decided if one.outcome == "won")
    assert won.fields["lifecyclestage"] == "customer"


def test_the_same_seed_gives_the_same_life_however_it_is_cut_in_pieces() -> None:
    def outcomes(pieces: int) -> list[tuple[str, str, int]]:
        simulator = Simulator("standard", seed=4)
        simulator.make(60, quiet=True)
        life = Life(simulator, leads_per_day=5)
        for _ in range(pieces):
            life.advance(30 / pieces)
        return [(one.object_id, one.outcome, one.version) for one in simulator.records]

    assert outcomes(1) == outcomes(60)


def test_leads_from_a_file_keep_their_columns_their_ids_and_their_fate(tmp_path: Path) -> None:
    file = tmp_path / "coming.jsonl"
    rows = [
        {"id": "17", "fields": {"country": "DE", "size": 5}, "outcome": "won", "after_outcome": {"tag": "yes"}},
        {"id": "x-1", "fields": {"country": "FR"}, "outcome": "lost"},
    ]  # fmt: skip
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    simulator = Simulator("hubspot", seed=1, coming=read_coming(file))
    first, second = simulator.make(5)
    assert (first.object_id, first.fields["size"]) == ("17", "5")
    assert second.object_id.isdigit()  # HubSpot has no other ids
    assert "tag" not in first.fields
    simulator.settle(first)
    simulator.settle(second)
    assert (first.outcome, first.fields["tag"], second.outcome) == ("won", "yes", "lost")
    file.write_text('{"fields": {}, "outcome": "maybe"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="line 1"):
        list(read_coming(file))


def test_history_has_both_outcomes_in_the_order_of_time_and_a_rising_base_rate() -> None:
    rows = list(csv.DictReader(io.StringIO(history_csv(Simulator("hubspot", seed=2), 4000, 2))))
    assert [row["createdate"] for row in rows] == sorted(row["createdate"] for row in rows)
    assert all(row["closedate"][:19] >= row["createdate"][:19] for row in rows)
    assert "hs_analytics_num_visits" in rows[0]
    won = [row["lifecyclestage"] == "customer" for row in rows]
    assert sum(won[-1000:]) > 1.3 * sum(won[:1000]) > 0


@pytest.mark.parametrize("kind", sorted(VENDORS))
def test_a_crm_that_is_started_again_has_the_same_people_and_other_events(kind: str) -> None:
    """A hub that knows the events of its first life took those of the second for repetitions, and did nothing."""
    first, second = Simulator(kind, seed=1), Simulator(kind, seed=1)
    assert first.make(1, quiet=True)[0].fields == second.make(1, quiet=True)[0].fields
    assert first.vendor.event_id() != second.vendor.event_id()


def run(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(make_app(), ["crm", *words])
    return found.exit_code, found.output


def test_the_command_makes_secrets_once_sends_signed_events_and_sums_up(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    with ear() as hub:
        words = ("--hub", hub.url, "--secrets-file", str(file), "--port", "0", "--leads", "30",
                 "--time-scale", "1e6", "--minutes", "0.01", "--json")  # fmt: skip
        code, out = run("simulate", "hubspot", *words)
        assert code == 0
        secrets = parse_secrets(file.read_text(), "file")
        assert file.stat().st_mode & 0o077 == 0
        assert run("simulate", "hubspot", *words)[0] == 0
        assert parse_secrets(file.read_text(), "file") == secrets
        assert "x-hubspot-signature-v3" in hub.taken[0].headers
    figures = json.loads(out)
    assert figures["sent"]["accepted"] == figures["sent"]["events"] > 0


def test_a_pretended_crm_whose_port_is_taken_leaves_no_files(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        words = ("--secrets-file", str(tmp_path / "a-secrets.json"), "--port", port, "--leads", "1")
        found = CliRunner().invoke(make_app(), ["crm", "simulate", "hubspot", *words])
    assert isinstance(found.exception, MachineError)
    assert list(tmp_path.iterdir()) == []


def test_a_second_pretended_crm_leaves_the_settings_of_one_that_runs(tmp_path: Path) -> None:
    file = tmp_path / "standard-secrets.json"
    settings = tmp_path / "standard-settings.yaml"
    words = ("--secrets-file", str(file), "--port", "0", "--leads", "1", "--minutes", "0.001")
    first = Simulator("standard")
    with serve(first) as url:
        assert write_settings(settings, first.connection(url)) == ""
        before = settings.read_text()
        found = CliRunner().invoke(make_app(), ["crm", "simulate", "standard", *words])
        assert isinstance(found.exception, ConflictError) and url in found.exception.what
        assert settings.read_text() == before
        other = ("--secrets-file", str(tmp_path / "other-secrets.json"), *words[2:])
        assert run("simulate", "standard", *other)[0] == 0
        assert settings.read_text() == before
        assert "scheme: standard" in (tmp_path / "other-settings.yaml").read_text()
    code, out = run("simulate", "standard", "--scheme", "stripe", *words)
    assert code == 0 and "scheme: stripe" in settings.read_text()
    assert f"it said before: scheme: standard, url: {url}" in out
    settings.write_text("url: https://crm.example\n")
    found = CliRunner().invoke(make_app(), ["crm", "simulate", "standard", *words])
    assert "no settings of a pretended CRM" in str(found.exception)
    assert settings.read_text() == "url: https://crm.example\n"


def test_the_command_says_what_is_wrong_with_its_options(tmp_path: Path) -> None:
    found = CliRunner().invoke(make_app(), ["crm", "simulate", "hubspot", "--scheme", "stripes"])
    assert "stripe" in str(found.exception) and "no scheme" in str(found.exception)
    found = CliRunner().invoke(make_app(), ["crm", "simulate", "hubspot", "--hub", "hub:8000"])
    assert "not an address" in str(found.exception)


@pytest.mark.parametrize(
    "kind", ["hubspot", "salesforce", "pipedrive", "odoo", "dynamics", "standard"]
)
def test_a_lead_of_an_export_is_known_when_its_outcome_comes(tmp_path: Path, kind: str) -> None:
    simulator = Simulator(kind, seed=4)
    path = tmp_path / "past.csv"
    path.write_text(history_csv(simulator, 40, 1), encoding="utf-8")
    imported = next(one for one in read(path, "csv") if isinstance(one, RawSample))
    settings = CrmSettings.model_validate(simulator.connection("http://127.0.0.1:8070"))
    assert imported.key == key_of_lead(settings, simulator.vendor.make_id(FIRST))


def test_example_leads_are_written_to_train_on(tmp_path: Path) -> None:
    code, out = run("example", "standard", str(tmp_path / "past.csv"), "--leads", "200")
    assert code == 0 and "200 made-up leads" in out.splitlines()[0]
    assert len((tmp_path / "past.csv").read_text().splitlines()) == 201
