"""What every CRM must do alike, each against its pretended one: fields, reading, writing, and their servers' bad moments."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cloud_sync.crm.client.shown import shown_fields
from cloud_sync.crm.connection.settings import KINDS as NAMES
from cloud_sync.crm.connection.settings import CrmSettings, Fields, Outcome
from cloud_sync.crm.kinds.base import Access, Crm, Record
from cloud_sync.crm.kinds.table import KINDS, filled, kind_of, open_crm, with_defaults
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.servers import LOOPBACK, score

RPC = {"api": "jsonrpc", "database": "works", "login": "hub"}
SIMULATED: dict[str, tuple[str, dict[str, str]]] = {
    "hubspot": ("hubspot", {}), "salesforce": ("salesforce", {}), "pipedrive": ("pipedrive", {}),
    "odoo": ("odoo", {}), "odoo-rpc": ("odoo", RPC), "webhook": ("webhook", {}),
    "dynamics": ("dynamics", {}),
}  # fmt: skip
COLUMNS = {
    "hubspot": "company", "salesforce": "Company", "pipedrive": "title", "odoo": "partner_name",
    "webhook": "company", "dynamics": "companyname",
}  # fmt: skip
WRITES = {
    "hubspot": "crm.objects.contacts.write", "pipedrive": "deals:full", "odoo": "write",
    "salesforce": "edit", "webhook": "write", "dynamics": "prvWritemsdyn_predictivescore",
}  # fmt: skip


@dataclass
class Scene:
    """A pretended CRM, and the hub's side of it."""

    kind: str
    simulator: Simulator
    crm: Crm
    ids: list[str]

    def shown(self, object_id: str) -> dict[str, Any]:
        """What the CRM shows of our score, by the parts of it."""
        held = self.simulator.records.get(object_id)
        assert held is not None
        if self.kind == "dynamics":
            return self._official(object_id)
        if self.kind == "webhook":
            return {n.removeprefix("kitwright_"): v for n, v in held.fields.items()}
        names = {name: info.part for name, info in shown_fields(kind_of(self.kind).fields)}
        if self.kind == "pipedrive":
            made = self.simulator.state.custom
            names = {key: names[str(row["field_name"])] for key, row in made.items()}
        return {part: held.fields.get(name) for name, part in names.items()}

    def _official(self, object_id: str) -> dict[str, Any]:
        """Dynamics' place for scores."""
        token = self.simulator.tokens.grant()
        request = urllib.request.Request(
            f"{vars(self.crm)['_settings'].url}/api/data/v9.2/msdyn_predictivescores",
            headers={"authorization": f"Bearer {token}"},
        )
        with urllib.request.urlopen(request) as answer:
            rows = json.load(answer)["value"]
        row = next((row for row in rows if row["msdyn_entityid"] == object_id), {})
        band = {0: "hot", 1: "warm", 3: "cold"}.get(row.get("msdyn_grade", -1))
        return {"points": row.get("msdyn_score"), "band": band}


@pytest.fixture(params=SIMULATED)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    kind, options = SIMULATED[request.param]
    simulator = Simulator(kind, seed=1, limit=0)
    with serve(simulator) as url:
        options = options | ({"authority": url} if kind == "dynamics" else {})
        ids = [held.object_id for held in simulator.make(40, quiet=True)]
        settings = CrmSettings(
            kind=kind, url=url, allow=LOOPBACK, rate_per_10s=5000, options=options
        )
        crm = open_crm(Access("sales", settings, simulator.secrets.api))
        crm.make_fields()
        yield Scene(kind, simulator, crm, ids)


def test_fields_are_made_once_and_then_nothing_is_missing(scene: Scene) -> None:
    assert [check for check in scene.crm.check() if not check.ok] == []
    before = scene.simulator.troubles.count
    assert [check for check in scene.crm.make_fields() if not check.ok] == []
    made = [line for line in list(scene.simulator.troubles.requests)[before - scene.simulator.troubles.count :]
            if line.startswith("POST") and ("operties/" in line or "Fields" in line)]  # fmt: skip
    assert made == []


def test_records_are_read_as_they_are_and_those_that_are_gone_are_left_out(scene: Scene) -> None:
    gone = scene.ids[3]
    scene.simulator.records.remove(gone)
    records = scene.crm.read(scene.ids[:10])
    assert {record.object_id for record in records} == set(scene.ids[:10]) - {gone}
    assert all(COLUMNS[scene.kind] in record.fields for record in records)
    assert {record.outcome for record in records} == {""}


def test_a_record_tells_how_it_ended_and_when(scene: Scene) -> None:
    scene.simulator.settle(scene.simulator.records.get(scene.ids[0]), "won")  # type: ignore[arg-type]
    won, still = scene.crm.read(scene.ids[:2])
    by_id: dict[str, Record] = {won.object_id: won, still.object_id: still}
    assert by_id[scene.ids[0]].outcome == "won"
    assert by_id[scene.ids[0]].outcome_at is not None
    assert by_id[scene.ids[1]].outcome == ""


def test_a_score_is_shown_and_is_no_column_of_the_lead(scene: Scene) -> None:
    some = scene.ids[: scene.crm.batch][:20]
    assert all(outcome.ok for outcome in scene.crm.write([score(one) for one in some]))
    shown = scene.shown(some[0])
    assert float(str(shown["points"])) == 87 and shown["band"] == "hot"
    [record] = scene.crm.read(some[:1])
    ours = {name for name, _ in shown_fields(kind_of(scene.kind).fields)}
    assert not ours & set(record.fields)
    assert not any("87" in str(value) for value in record.fields.values() if value == 87)


def test_a_score_that_is_taken_away_leaves_nothing(scene: Scene) -> None:
    scene.crm.write([score(one) for one in scene.ids[:3]])
    taken = scene.crm.write([score(one, None, version=2) for one in scene.ids[:3]])
    assert all(outcome.ok for outcome in taken)
    shown = scene.shown(scene.ids[1])
    left = {part: value for part, value in shown.items() if part in Fields.model_fields and value}
    assert left == {}


def test_a_lead_that_is_gone_is_said_and_the_others_are_written(scene: Scene) -> None:
    scene.simulator.records.remove(scene.ids[1])
    outcomes = scene.crm.write([score(one) for one in scene.ids[:3]])
    if scene.kind == "dynamics":  # it takes scores of whatever there is not; reading tells
        assert len(scene.crm.read(scene.ids[:3])) == 2
        return
    assert [outcome.ok for outcome in outcomes] == [True, False, True]
    assert outcomes[1].gone


def test_an_answer_that_got_lost_is_followed_by_the_same_values_again(scene: Scene) -> None:
    scene.crm.write([score(scene.ids[0], 10)])
    scene.simulator.troubles.extend(["lost"])
    with pytest.raises(DeliveryError):
        scene.crm.write([score(scene.ids[0], 55)])
    before = scene.shown(scene.ids[0])
    assert float(str(before["points"])) == 55
    assert scene.crm.write([score(scene.ids[0], 55)])[0].ok
    assert scene.shown(scene.ids[0]) == before


def test_bad_moments_are_told_and_pass(scene: Scene) -> None:
    scene.crm.read(scene.ids[:1])
    for trouble in ("500", "502", "503", "redirect", "garbage", "huge"):
        scene.simulator.troubles.extend([trouble] * 3)
        with pytest.raises(DeliveryError) as caught:
            scene.crm.read(scene.ids[:1])
        assert caught.value.retry, trouble
        scene.simulator.troubles.waiting.clear()
    assert len(scene.crm.read(scene.ids[:1])) == 1


@pytest.mark.parametrize("scene", ["hubspot", "webhook"], indirect=True)
@pytest.mark.parametrize("trouble", ["silence", "slow"])
def test_who_takes_too_long_is_not_waited_for(scene: Scene, trouble: str) -> None:
    settings = vars(scene.crm)["_settings"].model_copy(update={"timeout_s": 1})
    hasty = open_crm(Access("sales", settings, scene.simulator.secrets.api))
    scene.simulator.troubles.extend([trouble])
    with pytest.raises(DeliveryError, match="TimeoutError"):
        hasty.write([score(scene.ids[0])])


def test_a_right_that_is_missing_is_named_and_no_lead_is_to_blame(scene: Scene) -> None:
    right = WRITES[scene.kind]
    scene.simulator.rights.held.discard(right)
    if scene.kind == "webhook":  # a program says it of each lead
        assert {outcome.ok for outcome in scene.crm.write([score(scene.ids[0])])} == {False}
        return
    with pytest.raises(DeliveryError) as caught:
        scene.crm.write([score(one) for one in scene.ids[:3]])
    assert caught.value.retry
    if scene.kind not in ("pipedrive", "dynamics"):  # they do not tell before one writes
        assert [check for check in scene.crm.check() if not check.ok and check.fix]


def test_a_wrong_key_is_said_with_what_to_do_and_is_never_shown(scene: Scene) -> None:
    wrong = dict.fromkeys(scene.simulator.secrets.api, "wr0ng" * 8)
    if scene.kind == "webhook":
        wrong = {"secret": "whsec_" + "d3Iwbmc" * 8}
    settings = vars(scene.crm)["_settings"]
    crm = open_crm(Access("sales", settings, wrong))
    checks = crm.check()
    assert checks[0].fix and not checks[0].ok
    assert not any("wr0ng" in f"{check}" for check in checks)
    assert "wr0ng" not in repr(crm)


@pytest.mark.parametrize("kind", NAMES)
def test_each_kind_of_the_settings_is_known_with_a_label_and_its_secrets(kind: str) -> None:
    assert set(KINDS) == set(NAMES)
    assert KINDS[kind].label and KINDS[kind].secrets
    assert all(secret.what for secret in KINDS[kind].secrets)
    missing: dict[str, str] = {}
    settings = CrmSettings(kind=kind, url="https://crm.example")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="secret") as caught:
        open_crm(Access("sales", settings, missing))
    assert "crm secret sales" in caught.value.fix


def test_a_crm_without_a_public_address_needs_one() -> None:
    with pytest.raises(ConfigError, match="yours is missing"):
        with_defaults(CrmSettings(kind="odoo"))


def test_what_a_person_says_stands_above_the_defaults() -> None:
    given = CrmSettings(
        kind="hubspot", object="deals", fields=Fields(points="my_score"), rate_per_10s=7
    )
    settings = with_defaults(given)
    assert settings.fields.points == "my_score"
    assert settings.fields.band == "kitwright_band"
    assert settings.outcome.won == ("closedwon",)
    assert settings.rate_per_10s == 7


def test_a_program_of_ones_own_says_how_a_lead_ended_whatever_it_calls_one() -> None:
    usual = filled(CrmSettings(kind="webhook")).outcome
    assert (usual.field, usual.won, usual.lost, usual.at) == ("outcome", ("won",), ("lost",), "outcome_at")  # fmt: skip
    assert filled(CrmSettings(kind="webhook", object="person")).outcome == usual
    assert filled(CrmSettings(kind="hubspot", object="tickets")).outcome.field == ""


def test_of_an_outcome_only_what_is_not_usual_has_to_be_said() -> None:
    usual = KINDS["hubspot"].outcomes["contacts"]
    said = with_defaults(CrmSettings(kind="hubspot", outcome=Outcome(lost=("other",)))).outcome
    assert said == usual.model_copy(update={"lost": ("other",)})
    other = Outcome(field="hs_lead_status", lost=("UNQUALIFIED",))
    assert with_defaults(CrmSettings(kind="hubspot", outcome=other)).outcome == other
