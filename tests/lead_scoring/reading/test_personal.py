"""Who a lead is: kept out of what is learned from, by what columns are called and what stands in them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from kits.core.kit import RawSample
from kits.lead_scoring._lead import decode_lead
from kits.lead_scoring._reading.columns.learned import Learned
from kits.lead_scoring._reading.reading import read_leads
from kits.lead_scoring.config import Config
from tests.lead_scoring.reading.lead_files import Read, put, read, table


def test_who_a_lead_is_is_not_learned_from_but_what_mailbox_it_has(tmp_path: Path) -> None:
    header = ["id", "First Name", "E-Mail", "Phone", "contact", "converted"]
    rows = [
        [n, f"Ann{n}", f"a{n}@{'gmail.com' if n % 2 else 'acme.example'}", f"+49 170 00000{n:02}", "cellular", n % 2]
        for n in range(30)
    ]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    made = {"E-Mail (kind of mailbox)", "E-Mail (ending of address)"}
    assert set(found.leads[0].fields) == {*made, "contact"}
    assert found.column("E-Mail (kind of mailbox)")[:2] == ["company", "free"]
    content = b"".join(s.content + s.source.encode() for s in found.samples)
    assert b"Ann" not in content and b"@" not in content and b"+49" not in content


@pytest.mark.parametrize(("others", "told"), [(15, True), (5, False)])
def test_what_addresses_end_in_is_learned_from_where_enough_end_otherwise(
    tmp_path: Path, others: int, told: bool
) -> None:
    rows = [[n, f"a{n}@acme{n}.{'in' if n < others else 'de'}", "ab"[n % 2], n % 2] for n in range(100)]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(["id", "E-Mail", "origin", "converted"], rows)))
    assert ("E-Mail (ending of address)" in found.leads[0].fields) == told
    if told:
        assert found.column("E-Mail (ending of address)")[14:16] == ["in", "de"]


def numbers_left(tmp_path: Path, *, named: bool = True, every: bool = False) -> list[object]:
    """Whether each of six leads left one: the first three did, and the last two have no name; None: that is not said."""
    rows = [
        [n, f"Ann{n}" if named and n < 4 else "", f"+49 170 00000{n}" if every or n < 3 else "", "ab"[n % 2], n % 2]
        for n in range(6)
    ]  # fmt: skip
    header = ["id", "Last name", "Phone", "origin", "converted"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    return [lead.fields.get("Phone (number given)") for lead in found.leads]


def test_that_a_number_was_left_stays_but_of_leads_whose_persons_were_erased(
    tmp_path: Path,
) -> None:
    assert numbers_left(tmp_path) == [True, True, True, False, None, None]


def test_where_no_lead_has_a_name_none_was_erased(tmp_path: Path) -> None:
    assert numbers_left(tmp_path, named=False) == [True] * 3 + [False] * 3


@pytest.mark.parametrize("number", ["", "+49 170 00000"])
def test_what_a_bundle_knows_is_told_of_a_lead_that_stands_alone(
    tmp_path: Path, number: str
) -> None:
    path = put(tmp_path / "e.csv", table(["id", "Phone", "origin"], [[1, number, "a"]]))
    knows = Learned(names=frozenset({"Phone (number given)", "origin"}))
    (content,) = [
        one.content
        for one in read_leads(path, Config(), knows, all_wanted=True)
        if isinstance(one, RawSample)
    ]
    assert decode_lead(content).fields == {"Phone (number given)": bool(number), "origin": "a"}


def test_a_number_that_all_have_tells_nothing(tmp_path: Path) -> None:
    assert set(numbers_left(tmp_path, every=True)) == {None}


def of_codes(tmp_path: Path, name: str, cells: list[str], **settings: object) -> Read:
    """A table of leads with such postcodes."""
    rows = [[n, cell, "ab"[n % 2], n % 2] for n, cell in enumerate(cells)]
    return read(put(tmp_path / "e.csv", table(["id", name, "origin", "converted"], rows)), settings)


BRITISH = [f"{('SW', 'M')[n % 2]}{1 + n % 19} {n % 9}{'ABDE'[n % 4]}{'FGHJL'[n % 5]}" for n in range(100)]  # fmt: skip
DUTCH = [f"10{n:02} {'ABDE'[n % 4]}{'FGHJL'[n % 5]}" for n in range(100)]


@pytest.mark.parametrize(
    ("name", "cells", "first"),
    [
        ("Postcode", BRITISH, ["SW", "M"]),
        ("accounts.Billing Zip/Postal Code", BRITISH, ["SW", "M"]),
        ("Postcode", DUTCH, ["10**", "10**"]),
        ("PLZ", [f"{'DA'[n % 2]}-{8 - n % 2}03{n:02}" for n in range(100)], ["D80***", "A70***"]),
    ],
)
def test_of_postcodes_with_letters_the_area_is_learned_from(
    tmp_path: Path, name: str, cells: list[str], first: list[str]
) -> None:
    found = of_codes(tmp_path, name, cells)
    assert set(found.leads[0].fields) == {f"{name} (postcode area)", "origin"}
    assert found.column(f"{name} (postcode area)")[:2] == first
    assert f"of {name} areas are learned from, as {first[0]}" in found.told("postcodes")


def test_where_many_leads_are_of_one_district_it_is_learned_from_too(tmp_path: Path) -> None:
    local = [f"M{1 + n % 5} {n % 9}{'ABDE'[n % 4]}{'FGHJL'[n % 5]}" for n in range(100)]
    found = of_codes(tmp_path, "Postcode", local)
    assert found.column("Postcode (postcode area)")[:2] == ["M", "M"]
    assert found.column("Postcode (postcode district)")[:2] == ["M1", "M2"]
    assert "of Postcode areas and districts are learned from, as M and M1" in found.told(
        "postcodes"
    )


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("PLZ", [f"{80331 + 7 * n}" for n in range(100)]),
        ("Zip code", [f"{n:03} 45" for n in range(100, 200)]),
        ("Article", BRITISH),
        ("Zip file", [f"{'abc'[n % 3]}.zip" for n in range(100)]),
    ],
)
def test_codes_of_digits_and_what_is_no_postcode_stay_as_they_are(
    tmp_path: Path, name: str, cells: list[str]
) -> None:
    assert set(of_codes(tmp_path, name, cells).leads[0].fields) == {name, "origin"}


def test_a_postcode_that_a_person_keeps_is_its_area_all_the_same(tmp_path: Path) -> None:
    found = of_codes(tmp_path, "Postcode", BRITISH, columns={"keep": ["Postcode"]})
    assert set(found.leads[0].fields) == {"Postcode (postcode area)", "origin"}


@pytest.mark.parametrize(("cell", "area"), [("SW12 4AB", "SW"), ("80331", "80***"), ("?", None)])
def test_what_a_bundle_knows_of_postcodes_is_told_of_a_lead_that_stands_alone(
    tmp_path: Path, cell: str, area: str | None
) -> None:
    path = put(tmp_path / "e.csv", table(["id", "Postcode", "origin"], [[1, cell, "a"]]))
    knows = Learned(names=frozenset({"Postcode (postcode area)", "origin"}))
    (content,) = [
        one.content
        for one in read_leads(path, Config(), knows, all_wanted=True)
        if isinstance(one, RawSample)
    ]
    fields = decode_lead(content).fields
    assert fields.get("Postcode (postcode area)") == area and "Postcode" not in fields


@pytest.mark.parametrize("name", ["firstname", "Last Name", "contact.Vorname", "IP address", "dob", "Person - Name", "Person - First name", "Nombre", "Ansprechpartner", "Ansprechpartner/in", "Kontaktperson", "Contact person", "Nom du contact", "Persona de contacto", "Nome e cognome", "Contactpersoon", "Osoba kontaktowa", "Persoon - Naam", "Jméno", "Deal - Titel", "Opportunity Name", "Nombre de la oportunidad", "Příjmení", "Datum narození"])  # fmt: skip
def test_names_that_come_again_and_again_are_names_all_the_same(tmp_path: Path, name: str) -> None:
    rows = [[n, ("Ann", "Bea", "Cem")[n % 3], ("a", "b")[n % 2], n % 2] for n in range(300)]
    found = read(put(tmp_path / "e.csv", table(["id", name, "origin", "converted"], rows)))
    assert set(found.leads[0].fields) == {"origin"}


@pytest.mark.parametrize("name", ["DOB", "date_of_birth", "Birthdate", "Geburtsdatum", "Geburtsdatum Kunde", "Contact birthday", "Person - Birthday", "Date of Birth (contact)", "data urodzenia", "Fødselsdato", "Syntymäaika", "Дата рождения", "Doğum tarihi", "Datum narození"])  # fmt: skip
def test_the_day_of_a_birth_is_told_as_that_kept_out_and_no_day_on_which_a_lead_came(
    tmp_path: Path, name: str
) -> None:
    rows = [[n, f"19{50 + n % 50}-0{1 + n % 9}-11", ("a", "b")[n % 2], n % 2] for n in range(300)]
    found = read(put(tmp_path / "e.csv", table(["id", name, "origin", "converted"], rows)))
    assert set(found.leads[0].fields) == {"origin"}
    [told] = [one for one in found.findings if one.check == "personal"]
    assert told.evidence == (f"{name}: birth date",)
    assert {lead.at for lead in found.leads} == {None}


@pytest.mark.parametrize(
    ("name", "cell"), [("Age", 20), ("Birth year", 1950), ("Days to birthday", 3)]
)
def test_an_age_and_a_year_of_birth_stay_for_the_court(
    tmp_path: Path, name: str, cell: int
) -> None:
    rows = [[n, cell + n % 50, ("a", "b")[n % 2], n % 2] for n in range(300)]
    found = read(put(tmp_path / "e.csv", table(["id", name, "origin", "converted"], rows)))
    assert set(found.leads[0].fields) == {"origin", name}


@pytest.mark.parametrize("name", ["Person - Phone - Work", "people.Persoon - Telefoon", "Organization - Address", "Telefonní číslo", "Numer telefonu", "Telefonnr.", "Tel."])  # fmt: skip
def test_numbers_and_addresses_are_known_by_name_whatever_record_they_are_of(
    tmp_path: Path, name: str
) -> None:
    rows = [[n, f"06-{20_000_000 + 7 * n}", ("a", "b")[n % 2], n % 2] for n in range(300)]
    found = read(put(tmp_path / "e.csv", table(["id", name, "origin", "converted"], rows)))
    assert set(found.leads[0].fields) == {"origin"}


@pytest.mark.parametrize("name", ["contact", "Organisation - Name", "Campaign name", "Product name", "products.nombre", "Firmenname", "Kontaktweg"])  # fmt: skip
def test_what_is_called_a_name_of_something_else_is_no_persons(tmp_path: Path, name: str) -> None:
    rows = [[n, ("Ann", "Bea", "Cem")[n % 3], ("a", "b")[n % 2], n % 2] for n in range(300)]
    found = read(put(tmp_path / "e.csv", table(["id", name, "origin", "converted"], rows)))
    assert set(found.leads[0].fields) == {name, "origin"}


def test_a_person_may_keep_a_column(tmp_path: Path) -> None:
    rows = [[n, f"https://example.org/{n}", n % 2] for n in range(20)]
    path = put(tmp_path / "e.csv", table(["id", "address", "converted"], rows))
    assert "address" not in read(path).leads[0].fields
    assert "address" in read(path, {"columns": {"keep": ["address"]}}).leads[0].fields


def test_a_person_with_several_leads_and_both_outcomes_is_told(tmp_path: Path) -> None:
    rows = [[n, f"p{n // 2}@firm{n // 2}.example", n % 2] for n in range(20)]
    found = read(put(tmp_path / "e.csv", table(["id", "email", "converted"], rows)))
    assert "10 addresses of email belong to several leads, 10 of them" in found.told("same-person")
    assert found.levels("same-person") == {"warn"}


@pytest.mark.parametrize("first", ["0", "1", "last"])
def test_the_number_of_a_row_is_not_learned_from_where_dates_tell_the_order(
    tmp_path: Path, first: str
) -> None:
    numbers = [60 - n if first == "last" else n + int(first) for n in range(60)]
    rows = [
        [number, date(2024, 1, 1) + timedelta(n), n % 7, ("won", "lost")[n % 2]]
        for n, number in enumerate(numbers)
    ]
    found = read(put(tmp_path / "leads.csv", table(["rownames", "Created", "Visits", "Outcome"], rows)))  # fmt: skip
    assert {name for lead in found.leads for name in lead.fields} == {"Visits"}
    assert found.leads[0].at is not None
