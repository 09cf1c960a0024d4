"""Odoo: outcomes of versions that have no field for them, many leads with the same values, rights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cloud_sync.crm.client import looked
from cloud_sync.crm.kinds.base import Crm
from cloud_sync.crm.kinds.table import open_crm
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.servers import (
    Asked,
    Reply,
    Server,
    access_for,
    crm_for,
    crm_server,
    score,
)

SECRETS = {"key": "s3cr3t"}
TYPES = {
    "id": "integer", "name": "char", "probability": "float", "active": "boolean", "phone": "char",
    "stage_id": "many2one", "tag_ids": "many2many", "write_date": "datetime", "x_opt": "boolean",
    "create_date": "datetime", "date_closed": "datetime", "image": "binary",
}  # fmt: skip


class Database:
    """An Odoo 17 behind a proxy that speaks JSON-2: it has no `won_status`."""

    def __init__(self) -> None:
        self.types = dict(TYPES)
        self.labels: dict[str, str] = {}
        self.tags: dict[int, str] = {3: "Product", 4: "Services", 5: "Training"}
        self.leads: dict[int, dict[str, Any]] = {}
        self.writes: list[list[int]] = []
        self.contexts: list[dict[str, Any]] = []
        self.selections: dict[str, dict[str, list[list[str]]]] = {}
        """Language → field → pairs."""

    def lead(self, number: int, **fields: Any) -> str:
        self.leads[number] = {
            "id": number, "name": f"Lead {number}", "probability": 20.0, "active": True,
            "phone": False, "stage_id": [1, "New"], "tag_ids": [3, 4], "x_opt": False,
            "write_date": "2026-05-04 12:00:00", "create_date": "2026-01-01 00:00:00",
            "date_closed": False, "image": "AAAA", **fields,
        }  # fmt: skip
        return str(number)

    def act(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != "bearer s3cr3t":
            return Reply({"name": "odoo.exceptions.AccessDenied", "message": "Invalid apikey"}, 401)
        if asked.path == "/json/2/crm.tag/search_read":
            return self._tags(asked.body)
        method = asked.path.rpartition("/")[2]
        return getattr(self, f"_{method}")(asked.body)  # type: ignore[no-any-return]

    def _fields_get(self, body: Any) -> Reply:
        assert {"type", "string", "selection"} <= set(body["attributes"])
        spoken = self.selections.get(body.get("context", {}).get("lang", "en_US"), {})
        return Reply(
            {
                name: {
                    "type": kind,
                    "string": self.labels.get(name, name),
                    **({"selection": spoken.get(name, [])} if kind == "selection" else {}),
                    **({"relation": "crm.tag"} if kind == "many2many" else {}),
                }
                for name, kind in self.types.items()
            }
        )

    def _tags(self, body: Any) -> Reply:
        if not self.tags:
            return Reply({"name": "odoo.exceptions.AccessError", "message": "no tags"}, 403)
        assert body["fields"] == ["display_name"] and body["context"]["active_test"] is False
        return Reply([{"id": i, "display_name": name} for i, name in self.tags.items()])

    def _has_access(self, _body: Any) -> Reply:
        return Reply(True)

    def _search_read(self, body: Any) -> Reply:
        unknown = [name for name in body["fields"] if name not in self.types]
        if unknown:
            return Reply({"name": "builtins.ValueError", "message": f"Invalid field {unknown[0]!r}"}, 422)  # fmt: skip
        [[_, _, ids]] = body["domain"]
        archived = body["context"]["active_test"] is False
        rows = [self.leads[i] for i in ids if i in self.leads]
        rows = [row for row in rows if archived or row["active"]]
        return Reply([{n: row.get(n, False) for n in ["id", *body["fields"]]} for row in rows])

    def _write(self, body: Any) -> Reply:
        self.writes.append(body["ids"])
        self.contexts.append(body["context"])
        missing = [i for i in body["ids"] if i not in self.leads]
        if missing:
            return Reply({"name": "odoo.exceptions.MissingError", "message": "Record does not exist"}, 404)  # fmt: skip
        for number in body["ids"]:
            self.leads[number] |= body["vals"]
        return Reply(True)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def server(database: Database) -> Iterator[Server]:
    with crm_server(database.act) as server:
        yield server


@pytest.fixture
def crm(server: Server) -> Crm:
    return crm_for("odoo", server, SECRETS)


def test_outcomes_of_a_version_without_a_field_for_them(crm: Crm, database: Database) -> None:
    asked = [
        database.lead(1),
        database.lead(2, probability=100.0, date_closed="2026-04-01 08:00:00"),
        database.lead(3, probability=0.0, active=False),
        database.lead(4, probability=0.0),
        database.lead(5, active=False),
    ]
    found = {record.object_id: record for record in crm.read(asked)}
    assert [found[i].outcome for i in asked] == ["", "won", "lost", "", ""]
    assert found["2"].outcome_at is not None and found["2"].outcome_at.hour == 8


def test_nothing_is_none_and_a_no_stays_a_no(crm: Crm, database: Database) -> None:
    [record] = crm.read([database.lead(1)])
    assert record.fields["phone"] is None and record.fields["x_opt"] is False
    assert record.fields["stage_id"] == "New"
    assert "image" not in record.fields and "tag_ids" not in record.fields


def test_columns_of_an_export_are_read_by_their_labels(server: Server, database: Database) -> None:
    database.labels["phone"] = "Telefon"
    crm = crm_for("odoo", server, SECRETS, columns=["Telefon", "accounts.sector"])
    [record] = crm.read([database.lead(1, phone="+49 1")])
    assert record.fields == {"Telefon": "+49 1", "name": "Lead 1"}


def test_tags_are_read_by_their_names_as_exports_have_them_or_by_their_numbers(
    server: Server, database: Database
) -> None:
    database.labels["tag_ids"] = "Tags"
    lead = database.lead(1, tag_ids=[5, 3, 9])
    [record] = crm_for("odoo", server, SECRETS, columns=["Tags"]).read([lead])
    assert record.fields["Tags"] == "Training;Product;9"
    access = access_for("odoo", server, SECRETS, columns=["tag_ids"])
    [record] = open_crm(replace(access, met=lambda _, value: value == "3")).read([lead])
    assert str(record.fields["tag_ids"]).split(";")[1] == "3", (
        "as a bundle of the API's JSON met it"
    )
    database.tags = {}
    [record] = crm_for("odoo", server, SECRETS, columns=["Tags"]).read([lead])
    assert record.fields["Tags"] == "5;3;9", "the user may not see them"


@pytest.mark.parametrize(("status", "before", "found"), [(422, False, "5;3;9"), (500, True, "Training;Product;9")])  # fmt: skip
def test_tags_that_cannot_be_had_keep_no_lead_from_being_scored(
    server: Server, database: Database, monkeypatch: pytest.MonkeyPatch,
    status: int, before: bool, found: str,
) -> None:  # fmt: skip
    """Refused for good, they are numbers; for a while, they are called as before."""
    monkeypatch.setattr(looked, "KEPT_S", 0.0)
    monkeypatch.setattr(looked, "FRESH_S", 0.0)
    database.labels["tag_ids"] = "Tags"
    lead = database.lead(1, tag_ids=[5, 3, 9])
    crm = crm_for("odoo", server, SECRETS, columns=["Tags"])
    if before:
        crm.read([lead])
    refused = Reply({"name": "builtins.ValueError", "message": "no name"}, status)
    server.act = lambda asked: refused if "crm.tag" in asked.path else database.act(asked)
    assert [one.fields["Tags"] for one in crm.read([lead])] == [found]


def test_who_opted_out_is_told(server: Server, database: Database) -> None:
    crm = crm_for("odoo", server, SECRETS, opt_out="x_opt", columns=["name"])
    first, second = crm.read([database.lead(1), database.lead(2, x_opt=True)])
    assert (first.opted_out, second.opted_out) == (False, True)


def test_scores_that_are_taken_away_together_are_one_request(crm: Crm, database: Database) -> None:
    ids = [database.lead(n) for n in range(1, 31)]
    outcomes = crm.write([score(i, None, version=2) for i in ids])
    assert all(outcome.ok for outcome in outcomes)
    assert database.writes == [list(range(1, 31))]
    assert database.contexts[0]["tracking_disable"] is True  # no news for followers


def test_what_only_looks_like_a_number_is_no_record(crm: Crm, database: Database) -> None:
    known = database.lead(1)
    odd = ["²", "١", "9" * 400, "1 ", "-1", "0x1"]
    assert [record.object_id for record in crm.read([*odd, known])] == [known]
    assert all(outcome.gone for outcome in crm.write([score(name) for name in odd]))


def test_one_lead_that_is_gone_holds_up_none_of_those_with_the_same_values(
    crm: Crm, database: Database
) -> None:
    ids = [database.lead(n) for n in range(1, 6)]
    del database.leads[3]
    outcomes = crm.write([score(i, None, version=2) for i in ids])
    assert [outcome.ok for outcome in outcomes] == [True, True, False, True, True]
    assert outcomes[2].gone


def test_a_right_to_write_that_is_missing_is_the_connections_fault(
    crm: Crm, database: Database, server: Server
) -> None:
    refused = Reply({"name": "odoo.exceptions.AccessError", "message": "not allowed"}, 403)
    act = database.act
    server.act = lambda asked: refused if asked.path.endswith("/write") else act(asked)
    for number in (1, 2):
        with pytest.raises(DeliveryError, match="not allowed") as caught:
            crm.write([score(database.lead(n), None) for n in range(1, number + 1)])
        assert caught.value.retry


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "a\0b", {"deep": [1]}, "x" * 9000])
def test_whatever_a_crm_says_can_be_stored(crm: Crm, database: Database, value: Any) -> None:
    [record] = crm.read([database.lead(1, phone=value)])
    kept = record.fields["phone"]
    assert kept is None or (isinstance(kept, str) and len(kept) <= 4000 and "\0" not in kept)


def test_an_api_that_there_is_none_of_is_refused(server: Server) -> None:
    with pytest.raises(ConfigError, match="xmlrpc"):
        crm_for("odoo", server, SECRETS, options={"api": "xmlrpc"})


def test_selections_are_read_by_their_labels_in_the_language_of_the_export(
    database: Database, server: Server
) -> None:
    database.types["priority"] = "selection"
    database.labels["priority"] = "Priority"
    database.selections = {
        "en_US": {"priority": [["0", "Low"], ["1", "High"]]},
        "de_DE": {"priority": [["0", "Niedrig"], ["1", "Hoch"]]},
    }
    name = database.lead(1, priority="1")
    for options, label in (({}, "High"), ({"language": "de_DE"}, "Hoch")):
        crm = crm_for("odoo", server, SECRETS, columns=["Priority"], options=options)
        [record] = crm.read([name])
        assert record.fields == {"Priority": label, "name": "Lead 1"}
    assert crm_for("odoo", server, SECRETS, columns=["priority"]).read([name])[0].fields == {"priority": "1", "name": "Lead 1"}  # fmt: skip
