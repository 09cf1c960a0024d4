"""Customers who come as several leads: by lot, columns that name them are not learned from and their leads stay together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from kits.core.errors import ConfigError
from kits.core.kit import Finding, RawSample
from kits.lead_scoring import data
from kits.lead_scoring._checking.repeats import same_customer
from kits.lead_scoring._features.spec import ChoiceColumn, EncoderSpec
from kits.lead_scoring._roles import ROLES
from kits.lead_scoring.config import Config
from kits.toolchain.importing import import_data
from kits.toolchain.intake import ImportOptions
from kits.toolchain.project import Project
from tests.lead_scoring.checked_leads import leads, only
from tests.lead_scoring.reading.lead_files import Read, put, read, source, table

N, CUSTOMERS = 240, 60
Cell = Callable[[int], object]


def _rows(who: Cell, *, dated: bool) -> list[Sequence[object]]:
    """Leads of which every sixtieth is the same customer's."""
    days = (date(2024, 1, 1) + timedelta(days=k) for k in range(N))
    return [
        [*([day] if dated else []), f"x{k * 7919 % 1009:04}", who(k), "ab"[k % 2], int(k % 7 == 0)]
        for k, day in enumerate(days)
    ]


def _header(name: str, *, dated: bool) -> list[str]:
    return [*(["Created"] if dated else []), "Enquiry", name, "Kind", "converted"]


def _asked(
    folder: Path,
    name: str,
    who: Cell,
    model: dict[str, object] | None = None,
    *,
    dated: bool = False,
) -> Read:
    rows = _rows(who, dated=dated)
    return read(put(folder / "e.csv", table(_header(name, dated=dated), rows)), model)


def _number(k: int) -> int:
    return 40_000 + 17 * (k % CUSTOMERS)


def _firm(k: int) -> str:
    return f"Firm {'ABCDEFGHIJ'[k % 10]}{k % CUSTOMERS} Ltd"


def _address(k: int) -> str:
    return f"ann{k % CUSTOMERS}@gmail.com"


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("customer_id", _number), ("CustomerID", _number), ("user_id", _number), ("Account", _firm), ("Company name", _firm), ("company", _firm),
        ("Kunden-Nr.", _number), ("Kundennummer", _number), ("Firma", _firm), ("Firmenname", _firm), ("N° client", _number), ("Código de cliente", _number),
        ("Ragione sociale", _firm), ("Klantnaam", _firm), ("Numer klienta", _number), ("Website", lambda k: f"firm{k % CUSTOMERS}.example"),
        ("E-mail", _address), ("Where to write", _address),
    ],
)  # fmt: skip
def test_who_asks_again_is_not_learned_from_and_stays_on_one_side_of_a_lot(
    tmp_path: Path, name: str, who: Cell
) -> None:
    found = _asked(tmp_path, name, who)
    assert name not in {field for lead in found.leads for field in lead.fields}
    groups = [one.group for one in found.samples]
    assert len(set(groups)) == CUSTOMERS
    assert groups == groups[:CUSTOMERS] * (N // CUSTOMERS)
    assert not any("@" in group for group in groups)
    told = found.told("customers")
    assert told.startswith(f"{name} names who asked, {CUSTOMERS} of {CUSTOMERS} more than once")
    assert told.endswith("leads of one customer stay in one split")


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("Postcode", _number), ("Product code", _number), ("Campaign ID", _number), ("Rep ID", _number), ("Account manager", _firm), ("Owner", _firm),
        ("Customer segment", lambda k: f"s{k % CUSTOMERS}"), ("Company size", _number), ("company", lambda k: k % CUSTOMERS), ("Customers", _number),
        ("Number of users", _number), ("User agent", _firm), ("Customer ID", lambda k: 40_000 + k % 10), ("Company", lambda k: f"Sister {k % 5}"),
        ("Owner e-mail", _address),
    ],
)  # fmt: skip
def test_what_many_leads_have_or_is_called_otherwise_is_no_customer(
    tmp_path: Path, name: str, who: Cell
) -> None:
    found = _asked(tmp_path, name, who)
    assert not found.told("customers")
    assert {one.group for one in found.samples} == {""}
    assert (name in found.leads[0].fields) is (name != "Owner e-mail")


def test_leads_that_are_split_by_time_stay_there_and_who_asked_is_learned_from(
    tmp_path: Path,
) -> None:
    found = _asked(tmp_path, "customer_id", _number, dated=True)
    assert {one.group for one in found.samples} == {""}
    assert found.column("customer_id") == [_number(k) for k in range(N)]
    assert not found.told("customers")


def test_a_word_that_many_leads_have_instead_of_a_firm_names_no_customer(tmp_path: Path) -> None:
    found = _asked(tmp_path, "Company", lambda k: "private" if k % 4 == 0 else _firm(k))
    groups = [one.group for one in found.samples]
    assert groups[::4] == [""] * (N // 4)
    assert all(groups[1::4])


def test_a_firm_keeps_its_persons_together_and_an_address_those_without_a_firm(
    tmp_path: Path,
) -> None:
    rows = [[f"ann{k % 120}@firm{k % 40}.example", f"Firm {k % 40}" if k % 2 else "", k % 3] for k in range(N)]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(["email", "Company", "converted"], rows)))
    groups = [one.group for one in found.samples]
    assert len(set(groups[1::2])) == 20
    assert len(set(groups[::2])) == 60


def test_a_person_may_learn_from_it_and_share_leads_out_whoever_asked(tmp_path: Path) -> None:
    keep = {"columns": {"keep": ["customer_id"]}}
    found = _asked(tmp_path, "customer_id", _number, keep)
    assert found.column("customer_id") == [_number(k) for k in range(N)]
    assert len({one.group for one in found.samples}) == CUSTOMERS
    assert "customer_id learned from, as stated" in found.told("customers")
    apart = _asked(tmp_path, "customer_id", _number, source(group="none"))
    assert {one.group for one in apart.samples} == {""}
    assert apart.told("customers").endswith("may be in several splits, as stated")
    by_kind = _asked(tmp_path, "customer_id", _number, source(group="Kind"))
    assert {one.group for one in by_kind.samples} == {"Kind:a", "Kind:b"}


def test_what_was_found_is_told_with_how_to_overrule_it(tmp_path: Path) -> None:
    found = _asked(tmp_path, "customer_id", _number)
    fix = next(one.fix for one in found.findings if one.check == "customers")
    assert "model.columns.keep: [customer_id], and model.source.group: none" in fix
    with pytest.raises(ConfigError) as error:
        _asked(tmp_path, "customer_id", _number, source(group="custmer_id"))
    assert error.value.fix == "did you mean 'customer_id'?"


def test_an_address_with_won_and_lost_leads_is_no_worry_where_these_stay_together(
    tmp_path: Path,
) -> None:
    assert _asked(tmp_path, "E-mail", _address).levels("same-person") == {"pass"}
    apart = _asked(tmp_path, "E-mail", _address, source(group="none"))
    assert apart.levels("same-person") == {"warn"}


def test_few_leads_to_be_scored_are_read_by_what_their_bundle_learned(tmp_path: Path) -> None:
    path = put(tmp_path / "new.csv", table(["Enquiry", "Company"], [[f"n{k}", f"F{k % 25}"] for k in range(40)]))  # fmt: skip
    encoder = EncoderSpec(columns=(ChoiceColumn(name="Company", values=()),)).model_dump(
        mode="json"
    )
    for roles, kept in (({"outcome": ["converted"]}, True), ({"customers": ["Company"]}, False), ({}, True)):  # fmt: skip
        learned = {ROLES: roles, "encoder": encoder if kept else None}
        found = list(data.read_like(path, "csv", Config(), learned))
        fields = [b"Company" in one.content for one in found if isinstance(one, RawSample)]
        assert fields == [kept] * 40


def test_leads_that_are_only_scored_need_no_stated_group(tmp_path: Path) -> None:
    path = put(tmp_path / "new.csv", table(["Enquiry", "Kind"], [["n1", "a"], ["n2", "b"]]))
    encoder = EncoderSpec(columns=(ChoiceColumn(name="Kind", values=()),)).model_dump(mode="json")
    config = Config.model_validate(source(group="Account"))
    found = list(data.read_like(path, "csv", config, {"encoder": encoder}))
    assert sum(isinstance(one, RawSample) for one in found) == 2


def test_no_customer_is_on_two_sides_of_an_imported_version(tmp_path: Path) -> None:
    put(tmp_path / "p" / "kit.yaml", "kit: lead-scoring\nname: p\n")
    path = put(tmp_path / "e.csv", table(_header("customer_id", dated=False), _rows(_number, dated=False)))  # fmt: skip
    made = import_data(Project.open(tmp_path / "p"), path, ImportOptions()).dataset
    splits = defaultdict(set)
    for item in made.items:
        splits[item.sample.group].add(item.split)
    assert len(splits) == CUSTOMERS
    assert all(len(one) == 1 for one in splits.values())
    assert set().union(*splits.values()) == {"train", "val", "test"}


def test_leads_without_ids_that_are_added_are_not_chained_by_the_numbers_of_their_rows(
    tmp_path: Path,
) -> None:
    put(tmp_path / "p" / "kit.yaml", "kit: lead-scoring\nname: p\n")
    project = Project.open(tmp_path / "p")
    header = ["customer_id", "Visits", "converted"]
    for name, first, each in (("e", 40_000, 1), ("f", 50_000, 4)):
        rows = [[first + k // each % CUSTOMERS, first % 97 + k, int(k % 7 == 0)] for k in range(N)]
        path = put(tmp_path / f"{name}.csv", table(header, rows))
        made = import_data(project, path, ImportOptions()).dataset
    sizes = Counter(item.split for item in made.items)
    assert sum(sizes.values()) == 2 * N
    assert sizes["train"] > sizes["test"] + sizes["val"]


@pytest.mark.parametrize("dated", [True, False])
def test_the_check_tells_whom_leads_are_known_by(tmp_path: Path, dated: bool) -> None:
    def told(name: str) -> list[Finding]:
        made = leads(tmp_path, _header(name, dated=dated), _rows(_number, dated=dated))
        return list(same_customer(made, Config()))

    found = told("customer_id")
    if dated:
        assert not found
    else:
        assert only(found).text.startswith(
            "customer_id names who asked, some of them more than once"
        )
        assert "model.columns.keep: [customer_id]" in only(found).fix
    assert not told("Kind of thing")
