"""What columns are for is kept in the bundle: a later table of few leads is not guessed anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.lead_scoring import data
from kits.lead_scoring._features.spec import ChoiceColumn, DateColumn, EncoderSpec
from kits.lead_scoring._lead import decode_lead
from kits.lead_scoring._roles import ROLES, LearnedRoles, roles_of
from kits.lead_scoring.config import Config
from kits.lead_scoring.runtime import LeadRuntime
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.project import Project
from tests.lead_scoring.reading.lead_files import put, source, table
from tests.lead_scoring.test_written import german_bundle

DAY = date(2025, 3, 1)
HEADER = ["No", "Enquiry", "Source", "Decision date", "Status"]


def day(number: int) -> str:
    return (DAY + timedelta(days=number)).isoformat()


def state(number: int, *, still_open: bool) -> tuple[str, str]:
    """When a lead was decided, and how."""
    if still_open:
        return "", "Open"
    return day(number + 9), "Won" if number % 3 == 0 else "Lost"


def export(leads: int, still_open: int, first: int = 0) -> str:
    """Leads of which the last few are open."""
    last = first + leads
    rows = [
        [n, day(n), "web", *state(n, still_open=n >= last - still_open)] for n in range(first, last)
    ]
    return table(HEADER, rows)


def learned_from(path: Path, *columns: str) -> Mapping[str, JsonValue]:
    """A bundle's `config`, as far as reading asks for it."""
    found = [one for one in data.read_as(path, "csv", Config()) if isinstance(one, RawSample)]
    encoder = EncoderSpec(columns=tuple(ChoiceColumn(name=name, values=()) for name in columns))
    return {ROLES: found[0].meta[ROLES], "encoder": encoder.model_dump(mode="json")}


def read(
    path: Path,
    learned: Mapping[str, JsonValue],
    config: Config | None = None,
    *,
    judged: bool = False,
) -> tuple[list[RawSample], list[Finding]]:
    found = list(data.read_like(path, "csv", config or Config(), learned, judged=judged))
    leads = [one for one in found if isinstance(one, RawSample)]
    return leads, [one for one in found if isinstance(one, Finding)]


def moments(leads: Sequence[RawSample]) -> list[str]:
    return [str(decode_lead(one.content).at)[:10] for one in leads]


@pytest.mark.parametrize(("leads", "still_open"), [(40, 4), (40, 0), (8, 2), (3, 3)])
def test_few_leads_are_dated_by_the_column_that_dated_many(
    tmp_path: Path, leads: int, still_open: int
) -> None:
    """Of forty leads none is left to tell that a decision date is an end."""
    learned = learned_from(put(tmp_path / "all.csv", export(400, 60)), "Source")
    assert learned[ROLES] == {
        "id": "No", "decided_at": "Enquiry", "outcome": ["Status"], "outcome_at": ["Decision date"],
        "says": [["lost", "lost"], ["open", "open"], ["won", "won"]],
    }  # fmt: skip
    later = put(tmp_path / "later.csv", export(leads, still_open))
    found, _ = read(later, learned)
    assert moments(found) == [day(n) for n in range(leads)]
    assert [one.annotation is None for one in found] == [
        n >= leads - still_open for n in range(leads)
    ]


def test_without_it_they_would_be_dated_by_their_end(tmp_path: Path) -> None:
    later = put(tmp_path / "later.csv", export(40, 4))
    assert moments(read(later, {})[0])[:2] == [day(9), day(10)]


def test_another_column_that_looks_like_an_outcome_is_not_asked(tmp_path: Path) -> None:
    learned = learned_from(put(tmp_path / "all.csv", export(400, 60)), "Source")
    rows = [[n, day(n), "web", "", "Open", "yes" if n % 2 else "no"] for n in range(30)]
    later = put(tmp_path / "later.csv", table([*HEADER, "Converted"], rows))
    assert all(one.annotation is not None for one in read(later, {})[0])
    assert all(one.annotation is None for one in read(later, learned)[0])


def test_where_its_column_is_empty_the_outcome_is_looked_for_elsewhere(tmp_path: Path) -> None:
    learned = learned_from(put(tmp_path / "all.csv", export(400, 60)), "Source")
    rows = [[n, day(n), "web", "", "", "Won" if n % 2 else "Lost"] for n in range(30)]
    later = put(tmp_path / "later.csv", table([*HEADER, "Stage"], rows))
    assert all(one.annotation is not None for one in read(later, learned)[0])


def sales(leads: int, first: int, *, lost: str) -> str:
    """Leads of which every third has the day of its order, the others `lost`."""
    rows = [
        [n, day(n), "web", day(n + 9) if n % 3 == 0 else lost] for n in range(first, first + leads)
    ]
    return table(["No", "Enquiry", "Source", "Order date"], rows)


@pytest.mark.parametrize(("lost", "other"), [("", ""), ("no", "lost")])
def test_a_date_of_the_sale_that_told_many_leads_tells_a_few(
    tmp_path: Path, lost: str, other: str
) -> None:
    learned = learned_from(put(tmp_path / "all.csv", sales(300, 0, lost=lost)), "Source")
    later = put(tmp_path / "later.csv", sales(6, 300, lost=lost))
    found, _ = read(later, learned)
    labels = [one.annotation.label if one.annotation else "" for one in found]
    # where no word says lost, these are too young for it
    assert labels == ["won", other, other] * 2
    old = put(tmp_path / "old.csv", sales(2, 0, lost=lost) + f"900,{day(300)},web,\n")
    found, _ = read(old, learned, judged=True)
    assert [one.annotation.label if one.annotation else "" for one in found] == ["won", "lost", ""]
    scored, _ = read(old, learned)
    labels = [one.annotation.label if one.annotation else "" for one in scored]
    assert labels == ["won", other, ""], "nobody has closed the last"


def pipeline(stages: Sequence[str], first: int = 0) -> str:
    """Leads by the stage of a pipeline: no word of it says lost."""
    rows = [[n, day(n), "web", "", stage] for n, stage in enumerate(stages, first)]
    return table(HEADER, rows)


OPEN_STAGES = ["New", "Qualified", "Proposition"] * 10


@pytest.mark.parametrize("also", [[], ["Won"]])
def test_stages_that_were_open_are_not_won_where_hardly_any_other_is_there(
    tmp_path: Path, also: list[str]
) -> None:
    """A week's export of leads that are at work: the furthest of them look as if they were won."""
    many = [*OPEN_STAGES, *["Won"] * 40, *["Lost"] * 60]
    learned = learned_from(put(tmp_path / "all.csv", pipeline(many)), "Source")
    later = put(tmp_path / "later.csv", pipeline([*OPEN_STAGES, *also], 200))
    labels = [one.annotation.label if one.annotation else "" for one in read(later, learned)[0]]
    assert labels == [""] * 30 + ["won"] * len(also)
    assert "won" in {one.annotation.label for one in read(later, {})[0] if one.annotation}


def test_a_stage_that_nobody_had_met_is_read_by_its_words(tmp_path: Path) -> None:
    many = [*OPEN_STAGES, *["Won"] * 40, *["Lost"] * 60]
    learned = learned_from(put(tmp_path / "all.csv", pipeline(many)), "Source")
    later = put(tmp_path / "later.csv", pipeline([*OPEN_STAGES, "Closed won", "Won", "LOST "], 200))
    labels = [one.annotation.label if one.annotation else "" for one in read(later, learned)[0]]
    assert labels[-3:] == ["won", "won", "lost"]


def test_days_and_names_of_who_sold_it_are_no_words_for_a_state(tmp_path: Path) -> None:
    days = put(tmp_path / "days.csv", sales(300, 0, lost=""))
    rows = [[n, day(n), "web", ("Anna", "Ben", "")[n % 3]] for n in range(300)]
    sellers = put(tmp_path / "sellers.csv", table(["No", "Enquiry", "Source", "Sold by"], rows))
    stated = Config.model_validate({"source": {"outcome": "Sold by", "won": ["*"]}})
    for path, config in ((days, Config()), (sellers, stated)):
        found = [one for one in data.read_as(path, "csv", config) if isinstance(one, RawSample)]
        roles = LearnedRoles.model_validate(found[0].meta[ROLES])
        assert roles.outcome and roles.says == ()


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (["Year", "Month", "Day"], "%Y %m %d"),
        (["Period"], "%Y%m"),
        (["Month"], "%b-%y"),
        (["Date", "Time"], "%Y-%m-%d 09:15"),
    ],
)
def test_one_lead_is_dated_as_many_were(tmp_path: Path, header: list[str], form: str) -> None:
    def export(first: int, leads: int) -> str:
        days = [DAY + timedelta(days=9 * n) for n in range(first, first + leads)]
        rows = [
            [first + n, *one.strftime(form).split(), "web", "Won" if n % 3 == 0 else "Lost"]
            for n, one in enumerate(days)
        ]
        return table(["No", *header, "Source", "Status"], rows)

    many = put(tmp_path / "all.csv", export(0, 60))
    found = [one for one in data.read_as(many, "csv", Config()) if isinstance(one, RawSample)]
    encoder = EncoderSpec(columns=(ChoiceColumn(name="Source", values=()),)).model_dump(mode="json")
    learned = {ROLES: found[0].meta[ROLES], "encoder": encoder}
    (lead,), _ = read(put(tmp_path / "one.csv", export(60, 1)), learned)
    came = DAY + timedelta(days=540)
    at = decode_lead(lead.content).at
    assert at is not None
    assert (at.year, at.month) == (came.year, came.month)
    assert decode_lead(lead.content).fields == {"Source": "web"}


STATED = {"outcome": "Status", "won": ["Won"], "lost": ["Lost"]}


@pytest.mark.parametrize("decided", [[], ["Won"], ["Lost"]])
@pytest.mark.parametrize("stated", [STATED, {"outcome": "Status"}])
def test_open_leads_need_none_of_the_cells_that_were_stated(
    tmp_path: Path, decided: list[str], stated: dict[str, JsonValue]
) -> None:
    """What a sales desk exports to have it scored are leads that nobody has won or lost so far."""
    learned = learned_from(put(tmp_path / "all.csv", export(400, 60)), "Source")
    states = [*decided, *["Open"] * 30]
    rows = [[n, day(n), "web", "", state] for n, state in enumerate(states)]
    later = put(tmp_path / "later.csv", table(HEADER, rows))
    leads, _ = read(later, learned, Config.model_validate(source(**stated)))
    assert [one.annotation is None for one in leads] == [state == "Open" for state in states]


def test_without_a_bundle_a_stated_cell_that_no_lead_has_is_an_error(tmp_path: Path) -> None:
    rows = [[n, day(n), "web", "", "Open"] for n in range(30)]
    later = put(tmp_path / "later.csv", table(HEADER, rows))
    with pytest.raises(DataError, match="no cell of 'Status' is one of Won"):
        read(later, {}, Config.model_validate(source(**STATED)))


def test_a_column_that_a_bundle_learned_from_has_no_role(tmp_path: Path) -> None:
    """A date that it learned from is none by which leads could be dated, even where it is the only one."""
    path = put(tmp_path / "later.csv", table(["No", "Opened"], [[1, "2019-05-01"]]))
    encoder = EncoderSpec(columns=(DateColumn(name="Opened", age=False, hour=False),))
    learned: Mapping[str, JsonValue] = {"encoder": encoder.model_dump(mode="json")}
    (lead,) = read(path, learned)[0]
    assert decode_lead(lead.content).fields["Opened"] == "2019-05-01"
    stated = Config.model_validate(source(decided_at="Opened"))
    assert moments(read(path, learned, stated)[0]) == ["2019-05-01"]


def test_a_person_says_it_anew_and_what_is_missing_is_told(tmp_path: Path) -> None:
    learned = learned_from(put(tmp_path / "all.csv", export(400, 60)), "Source")
    rows = [[n, day(n), day(n - 5), "web"] for n in range(30)]
    later = put(tmp_path / "later.csv", table(["No", "Enquiry", "First call", "Source"], rows))
    found, _ = read(later, learned, Config.model_validate(source(decided_at="First call")))
    assert moments(found)[:2] == [day(-5), day(-4)]
    renamed = put(tmp_path / "renamed.csv", table(["No", "Asked on", "Source"], [[1, day(1), "web"]]))  # fmt: skip
    _, told = read(renamed, learned)
    assert any("Enquiry, which it was" in one.text for one in told)


def hubspot(folder: Path, first: int, *, still_open: bool) -> Path:
    """Deals and the contacts that they belong to, of whom some are customers by now."""
    deals, contacts = [], []
    for n in range(first, first + 120):
        won = n % 3 == 0
        stage = "Appointment Scheduled" if still_open else "Closed Won" if won else "Closed Lost"
        closed = "" if still_open else day(n + 9)
        deals.append([n, f"Deal {n}", stage, day(n), closed, 100 + n % 7, "Anna Berg", 10_000 + n])
        stage = "Customer" if n % 4 == 0 else "Lead"
        contacts.append(
            [10_000 + n, "Ada", f"B{n}", f"b{n}@firm{n}.test", day(n - 30), stage, "DE"]
        )
    names = ["Record ID", "Deal Name", "Deal Stage", "Create Date", "Close Date", "Amount", "Deal owner", "Associated Contact IDs"]  # fmt: skip
    put(folder / "deals.csv", table(names, deals))
    names = ["Record ID", "First Name", "Last Name", "Email", "Create Date", "Lifecycle Stage", "Country/Region"]  # fmt: skip
    put(folder / "contacts.csv", table(names, contacts))
    return folder


def test_open_deals_are_scored_and_not_the_contacts_beside_them(tmp_path: Path) -> None:
    """No open deal tells an outcome, and contacts do: which table is of leads was told where deals had ended."""
    learned = learned_from(hubspot(tmp_path / "past", 0, still_open=False), "Amount")
    later = hubspot(tmp_path / "new", 1_000, still_open=True)
    found, _ = read(later, learned)
    assert {decode_lead(one.content).id for one in found} == {str(n) for n in range(1_000, 1_120)}
    assert all("Amount" in decode_lead(one.content).fields for one in found)
    alone, _ = read(later, {})
    assert {decode_lead(one.content).id for one in alone} == {str(n) for n in range(11_000, 11_120)}


def test_leads_are_added_to_a_version_as_those_that_are_there(tmp_path: Path) -> None:
    """Few to many: read as these; many to few, or in place of all: by what they tell themselves."""
    put(tmp_path / "p" / "kit.yaml", "kit: lead-scoring\nname: leads\n")
    project = Project.open(tmp_path / "p")

    def dated(leads: int, first: int, *, replace: bool = False) -> list[str]:
        path = put(tmp_path / "leads.csv", export(leads, leads // 10, first))
        found = import_data(project, path, ImportOptions(replace=replace)).dataset
        read = [decode_lead(found.content(item)) for item in found.items]
        return sorted(str(lead.at)[:10] for lead in read if int(lead.id) >= first)

    by_end = [day(1_000 + n + 9) for n in range(36)]
    assert dated(40, 1_000)[: len(by_end)] == by_end
    assert dated(400, 2_000) == [day(2_000 + n) for n in range(400)]
    assert dated(40, 3_000) == [day(3_000 + n) for n in range(40)]
    assert dated(40, 1_000, replace=True)[: len(by_end)] == by_end


def test_a_bundle_keeps_what_most_of_its_tables_told() -> None:
    runtime = german_bundle().runtime
    assert isinstance(runtime, LeadRuntime)
    assert runtime.spec.roles.outcome and runtime.spec.roles.decided_at
    assert roles_of(()) == LearnedRoles()


def contacts(leads: int, called: str) -> str:
    """Leads with a column of few names, of which no two in a row are alike."""
    rows = [[n, day(n), f"Ann {n % 20}", "Lost" if n % 3 else "Won"] for n in range(leads)]
    return table(["No", "Enquiry", called, "Status"], rows)


def test_a_column_that_was_learned_from_is_read_though_each_of_a_few_leads_has_its_own_name(
    tmp_path: Path,
) -> None:
    learned = learned_from(put(tmp_path / "all.csv", contacts(400, "Name")), "Name")
    later = put(tmp_path / "later.csv", contacts(12, "Name"))
    assert [decode_lead(one.content).fields["Name"] for one in read(later, learned)[0]][:2] == [
        "Ann 0",
        "Ann 1",
    ]
    other = learned_from(put(tmp_path / "all.csv", contacts(400, "Name")), "Source")
    assert all("Name" not in decode_lead(one.content).fields for one in read(later, other)[0])


def deals(leads: int) -> str:
    """Pipedrive's export of deals, with a column of few names, of which no two in a row are alike."""
    rows = [
        [n, f"Deal {n}", f"Ann {n % 20}", "EUR", "Sales", f"{day(n)} 10:00:00", "Lost" if n % 3 else "Won"]
        for n in range(leads)
    ]  # fmt: skip
    names = ("ID", "Title", "Contact name", "Currency", "Pipeline", "Deal created", "Status")
    return table([f"Deal - {name}" for name in names], rows)


def test_a_column_that_was_learned_from_is_read_under_the_name_that_an_export_has_for_it(
    tmp_path: Path,
) -> None:
    learned = learned_from(put(tmp_path / "all.csv", deals(400)), "Contact name")
    found, _ = read(put(tmp_path / "later.csv", deals(12)), learned)
    assert [decode_lead(one.content).fields["Contact name"] for one in found][:2] == [
        "Ann 0",
        "Ann 1",
    ]
