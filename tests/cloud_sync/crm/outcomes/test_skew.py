"""Leads that come otherwise than those that were learned from are told once, as they were when they were scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cloud_sync.crm.keeper import LeadKeeper
from cloud_sync.crm.outcomes import proposing, skew, watching
from cloud_sync.crm.scoring.loaded import make_for_leads
from cloud_sync.effects.alerts import RESTS
from cloud_sync.store.models import Alert, CrmConnection, CrmLead, LeadModel
from kits.core.bundle import Bundle
from kits.core.errors import DataError
from kits.core.ready import ReadyBundle
from kits.core.runtime import Payload, Skew
from kits.core.sample import utc_now
from kits.lead_scoring._simulated.firm import make_leads
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    LeadHub,
    Rule,
    lead_bundle,
    lead_hub,
    make_rule,
    release_bundle,
    with_leads,
)
from tests.cloud_sync.crm.outcomes.test_watching import fill
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.plans import asked, plan
from tests.lead_scoring.trained_leads import as_lead, outcome_of

COLUMNS = ("city", "street", "phone", "job")


class Comparing(Rule):
    """A rule that learned from leads in which all columns were filled in: one that most leads lack is unlike."""

    def skews(self, payloads: Sequence[Payload]) -> tuple[Skew, ...]:
        fields = [payload["fields"] for payload in payloads if isinstance(payload, Mapping)]
        lacking = {
            name: sum(1 for one in fields if isinstance(one, dict) and not one.get(name))
            for name in COLUMNS
        }
        return tuple(
            Skew(name, f"{name} is empty for {n} of {len(fields)}")
            for name, n in lacking.items()
            if len(fields) >= 4 and 2 * n > len(fields)
        )


def make_comparing(bundle: Bundle) -> ReadyBundle:
    made = make_rule(bundle)
    assert isinstance(made.runtime, Rule)
    return ReadyBundle(bundle, Comparing(made.runtime.factor))


@contextmanager
def comparing_hub(folder: Path) -> Iterator[LeadHub]:
    """With a bundle in force that compares."""
    with make_hub(folder) as hub:
        yield with_leads(hub, make=make_comparing)


def look(here: LeadHub) -> list[str]:
    """Texts of the alerts that stand after a look."""
    LeadKeeper(here.hub, here.models).look()
    with here.hub.database.session() as session:
        standing = select(Alert.text).where(Alert.name == skew.SKEW, Alert.seen_at.is_(None))
        return list(session.scalars(standing))


def come(here: LeadHub, names: range, **fields: str) -> None:
    for n in names:
        here.crm.put(str(n), size=40, **fields)
    here.score(*map(str, names))
    here.clock.tick(1)


FULL = dict.fromkeys(COLUMNS, "x")


def test_it_is_told_with_the_columns_and_ends_when_leads_are_like_before(tmp_path: Path) -> None:
    with comparing_hub(tmp_path) as here:
        come(here, range(3))
        assert look(here) == []
        come(here, range(3, 6))
        [text] = look(here)
        assert text == (
            f"{LEADS}: city is empty for 6 of 6; street is empty for 6 of 6; phone is empty for 6 of 6; and 1 more"
        )
        with here.hub.database.session() as session:
            _, reasons = proposing.weigh(session, LEADS, 0, 100, utc_now())
        assert text in reasons
        come(here, range(6, 12), **{**FULL, "job": ""})
        assert look(here) == [f"{LEADS}: job is empty for 12 of 12"], "it says what is so now"
        come(here, range(12, 30), **FULL)
        assert look(here) == []


def test_leads_count_as_they_were_first_scored_whatever_became_of_them(tmp_path: Path) -> None:
    with comparing_hub(tmp_path) as here:
        come(here, range(6), **{**FULL, "city": ""})
        come(here, range(6), **FULL)  # a salesperson asked where they are
        for n in range(3):
            here.crm.put(str(n), outcome="won")
        here.score("0", "1", "2")
        assert [here.lead(str(n)).state for n in (0, 5)] == ["won", "open"]
        assert look(here) == [f"{LEADS}: city is empty for 6 of 6"]


def test_test_leads_and_those_of_another_bundle_are_not_compared(tmp_path: Path) -> None:
    with comparing_hub(tmp_path) as here:
        come(here, range(6))
        with here.hub.database.transaction() as session:
            session.execute(update(CrmLead).where(CrmLead.object_id > "2").values(trial="a test"))
        assert look(here) == []
        with here.hub.database.transaction() as session:
            session.execute(update(CrmLead).values(trial=""))
        assert look(here)
        release_bundle(here.hub, lead_bundle(2))
        assert here.models.look(LEADS)
        assert look(here) == [], "of the new one nothing is known yet"


def test_only_the_latest_leads_of_all_connections_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skew, "LATELY", 8)
    with comparing_hub(tmp_path) as here:
        with here.hub.database.transaction() as session:
            settings = {"kind": "webhook"}
            session.add(
                CrmConnection(name="forms", kind="webhook", settings=settings, project=LEADS)
            )
        come(here, range(20))
        assert len(look(here)) == 1
        here.due(*map(str, range(6)), connection="forms")
        for n in range(6):
            here.crm.put(str(n), size=40, **FULL)
        here.drain()
        with here.hub.database.session() as session:
            found = skew.latest(session, LEADS, here.models.current(LEADS).id)
        assert [one.connection for one in found] == ["forms"] * 6 + [SALES] * 2
        assert look(here) == []


def test_who_has_seen_it_is_left_alone_for_a_week(tmp_path: Path) -> None:
    with comparing_hub(tmp_path) as here:
        come(here, range(6))
        assert look(here)

        def seen(ago: timedelta) -> None:
            with here.hub.database.transaction() as session:
                now = utc_now()
                long_ago = now - timedelta(days=60)
                session.execute(update(LeadModel).values(at=long_ago))
                session.execute(update(Alert).values(seen_by="ada", seen_at=now - ago, at=long_ago))

        seen(timedelta(hours=1))
        assert look(here) == []
        seen(RESTS + timedelta(hours=1))
        assert len(look(here)) == 1
        seen(timedelta(hours=1))
        with here.hub.database.transaction() as session:
            session.execute(update(LeadModel).values(at=utc_now() - timedelta(days=1)))
        assert len(look(here)) == 1, "what was seen was of the bundle before"


def test_the_other_watches_leave_alone_who_has_seen_them_too(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        fill(here, 400, 2.0)
        names = (watching.DRIFT, watching.BASE_RATE)

        def told() -> int:
            LeadKeeper(here.hub, here.models).look()
            with here.hub.database.session() as session:
                return len(list(session.scalars(select(Alert.id).where(Alert.name.in_(names)))))

        assert told() == 2
        with here.hub.database.transaction() as session:
            session.execute(update(Alert).values(seen_by="ada", seen_at=utc_now()))
        assert told() == 2


def test_a_lead_that_cannot_be_read_any_more_keeps_nothing_from_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(self: Rule, content: bytes, media_type: str) -> Payload:
        if b'"id":"3"' in content:
            raise DataError("no lead")
        return usual(self, content, media_type)

    usual: Callable[[Rule, bytes, str], Payload] = Rule.decode
    with comparing_hub(tmp_path) as here:
        come(here, range(6))
        monkeypatch.setattr(Comparing, "decode", decode)
        assert "city is empty for 5 of 5" in look(here)[0]


def test_the_latest_leads_are_the_end_of_an_index(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        come(here, range(6))
        bundle = here.models.current(LEADS).id
        with here.hub.database.session() as session, asked(here.hub, "crm_lead") as said:
            assert len(skew.latest(session, LEADS, bundle)) == 6
            assert len(watching.open_since(session, LEADS, bundle)) == 6
        found = plan(here.hub, said)
        assert found.count("ix_crm_lead_asked (connection=? AND asked_of=?") == 2
        assert "TEMP B-TREE" not in found and "COVERING INDEX ix_crm_lead_asked" in found


@pytest.mark.slow
def test_a_real_bundle_finds_the_column_that_is_filled_in_later(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        here = with_leads(hub, bundle=outcome_of(2_400)[2], make=make_for_leads)
        for made in make_leads(31, 120):
            fields = {**as_lead(made).fields, "demo_requested": "no"}
            here.crm.put(made.id, **fields)
            here.due(made.id)
        here.drain()
        [text] = look(here)
        assert text.startswith(f"{LEADS}: demo_requested is filled in") and "0% of 120" in text
