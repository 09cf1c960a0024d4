"""A connection is tried, and nothing is changed: address, signature, rights, and what would be written."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import func, select

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.trying import Trial, try_connection
from cloud_sync.crm.kinds.base import Record
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.effects.checks import Check
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmEvent, CrmLead
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.builders import HUB, WAYS, connect, signed
from tests.cloud_sync.crm.lead_builders import SALES, lead_hub
from tests.cloud_sync.fleet_builders import make_hub

AT = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


class Answering:
    """A CRM in memory: what it says of itself, and its leads."""

    kind = "hubspot"
    batch = 100
    polls = False

    def __init__(self, fault: str = "") -> None:
        self._fault = fault

    def check(self) -> list[Check]:
        if self._fault:
            raise DeliveryError(self._fault)
        return [Check("scope", False, "missing", "add crm.objects.contacts.write")]

    def read(self, object_ids: list[str]) -> list[Record]:
        return [Record(name, {"city": "Bern"}, AT) for name in object_ids]


def tried(hub: Hub, crm: Answering | ConfigError | None = None) -> dict[str, Check]:
    def opener(_connection: object) -> object:
        if isinstance(crm, ConfigError):
            raise crm
        return crm or Answering()

    connection = connections.open_connection(hub, "crm")
    trial: Trial = try_connection(hub, connection, opener, LeadModels(hub), AT)  # type: ignore[arg-type]  # half a CRM is enough
    return {check.name: check for check in trial.checks}


@pytest.mark.parametrize("scheme", list(WAYS))
def test_a_connection_of_each_scheme_knows_its_own_messages(tmp_path: Path, scheme: str) -> None:
    with make_hub(tmp_path, public_url=HUB) as hub:
        connect(hub, scheme)
        found = tried(hub)
        assert found["secret of messages"].ok, found["secret of messages"]
        assert found["address"].ok
        with hub.database.session() as session:
            assert session.scalar(select(func.count()).select_from(CrmEvent)) == 0


def test_what_is_wrong_is_said_all_at_once_with_its_remedy(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        connect(hub, "hubspot-v3", secrets=())
        found = tried(hub, ConfigError("a secret of 'crm' is missing", fix="cloud-sync crm secret crm"))  # fmt: skip
    assert not found["address"].ok
    assert "public_url" in found["address"].fix
    assert (found["secret of messages"].ok, found["API"].ok) == (False, False)
    assert found["API"].fix == "cloud-sync crm secret crm"
    assert found["project"].ok


def test_a_secret_of_another_form_is_found(tmp_path: Path) -> None:
    with make_hub(tmp_path, public_url=HUB) as hub:
        connect(hub, "standard", secrets=("not-whsec",))
        assert not tried(hub)["secret of messages"].ok


def test_what_the_crm_says_and_what_the_running_hub_found_is_told(tmp_path: Path) -> None:
    from cloud_sync.crm.inbound.inbox import Inbox
    from cloud_sync.crm.inbound.schemes.verifying import UnverifiedError

    with make_hub(tmp_path, public_url=HUB) as hub:
        connect(hub, "hubspot-v3", secrets=())
        with pytest.raises(UnverifiedError):
            Inbox(hub).take("crm", signed("hubspot-v3"))
        found = tried(hub)
        assert not found["alert crm-no-secret"].ok
        assert found["scope"].fix == "add crm.objects.contacts.write"
        assert "no route" in tried(hub, Answering("no route"))["API"].found


def test_what_would_be_written_is_shown_and_nothing_is_written(tmp_path: Path) -> None:
    with lead_hub(tmp_path, public_url=HUB) as made:
        for number in range(7):
            made.crm.put(str(number), size=10 * number)
        made.crm.put("6", outcome="won")
        made.clock.tick(1)
        made.due(*(str(number) for number in range(7)))
        connection = connections.open_connection(made.hub, SALES)
        trial = try_connection(made.hub, connection, lambda _: made.crm, made.models, AT)
        before = {name: made.lead(name).version for name in ("0", "1", "2")}
    shown = {str(one["lead"]): one for one in trial.would}
    [dry] = [check for check in trial.checks if check.name == "dry run"]
    assert (dry.ok, len(made.crm.asked[-1])) == (True, 5)
    assert set(shown) == set(made.crm.asked[-1]) - {"6"}
    assert all(1 <= int(str(one["points"])) <= 99 and one["band"] for one in shown.values())
    assert before == {"0": 0, "1": 0, "2": 0}


def test_of_each_lead_that_was_tried_it_is_said_what_became_of_it(tmp_path: Path) -> None:
    with lead_hub(tmp_path, public_url=HUB) as made:
        made.crm.put("0", size=10)
        made.crm.put("1", size=20, outcome="won")
        made.due("0", "1", "2")
        connection = connections.open_connection(made.hub, SALES)
        trial = try_connection(made.hub, connection, lambda _: made.crm, made.models, AT)
    [dry] = [check for check in trial.checks if check.name == "dry run"]
    assert dry.found == "3 leads: 1 scored, 0 cannot be, 1 decided, 1 not there"


def test_one_lead_that_was_tried_is_told_as_one(tmp_path: Path) -> None:
    with lead_hub(tmp_path, public_url=HUB) as made:
        made.crm.put("0", size=10)
        made.due("0")
        connection = connections.open_connection(made.hub, SALES)
        trial = try_connection(made.hub, connection, lambda _: made.crm, made.models, AT)
    [dry] = [check for check in trial.checks if check.name == "dry run"]
    assert dry.found == "1 lead: 1 scored, 0 cannot be"


def test_leads_are_tried_before_any_is_known_here(tmp_path: Path) -> None:
    with lead_hub(tmp_path, public_url=HUB) as made:
        for number in range(9):
            made.crm.put(str(number), size=10 * number, outcome="won" if number > 6 else "")
        connection = connections.open_connection(made.hub, SALES)
        trial = try_connection(made.hub, connection, lambda _: made.crm, made.models, AT)
        with made.hub.database.session() as session:
            assert session.scalar(select(func.count()).select_from(CrmLead)) == 0
    assert {str(one["lead"]) for one in trial.would} == {"2", "3", "4", "5", "6"}


def test_values_that_cannot_be_read_are_named_with_one_of_them(tmp_path: Path) -> None:
    with lead_hub(tmp_path, public_url=HUB) as made:
        for number in range(4):
            made.crm.put(str(number), size=10 * number, visited="soon")
        connection = connections.open_connection(made.hub, SALES)
        trial = try_connection(made.hub, connection, lambda _: made.crm, made.models, AT)
    [check] = [check for check in trial.checks if check.name == "texts"]
    assert check.ok and "visited (soon, 4)" in check.found and check.fix


def test_a_field_that_says_who_is_not_scored_and_is_missing_is_told(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        here.heeds()
        models, crm = here.models, here.crm
        crm.put("1", size=50)

        def checks(**settings: JsonValue) -> dict[str, Check]:
            with here.hub.database.transaction() as session:
                row = session.get_one(CrmConnection, SALES)
                row.settings = {"kind": "hubspot", **settings}
            opened = connections.open_connection(here.hub, SALES)
            trial = try_connection(here.hub, opened, lambda _: crm, models, AT)
            return {check.name: check for check in trial.checks}

        here.due("1")
        name = "who is not to be scored"
        assert not checks()[name].ok and "no_scoring" in checks()[name].found
        assert "opt_out=FIELD" in checks()[name].fix
        assert name not in checks(opt_out=["no_call"])
