"""Forms that were tried out and the firm's own people among the leads: told, left out on request, and no false alarms."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.lead_scoring import data
from kits.lead_scoring._no_lead import is_trial, is_trial_address
from kits.lead_scoring.config import Config
from tests.lead_scoring.checked_leads import dataset, only
from tests.lead_scoring.reading.lead_files import Read, put, read, source, table

HEADER = ["Lead ID", "First name", "Last name", "Email", "Contact owner", "Status", "Created", "Source"]  # fmt: skip
REPS = ("Eva Berg", "Tom Lind", "Ida Falk")


def person(n: int) -> list[str]:
    return [f"First{n}", f"Last{n}", f"p{n}@firm{n % 40}.com"]


def rows(*odd: list[str], owners: tuple[str, ...] = REPS) -> list[list[object]]:
    """Two hundred leads, the odd ones the first of them."""
    whose = [*odd, *(person(n) for n in range(200 - len(odd)))]
    return [
        [f"L{n}", *who, owners[n % len(owners)], ("won", "lost", "open")[n % 3], f"2025-{n % 9 + 1:02}-03", "Web"]
        for n, who in enumerate(whose)
    ]  # fmt: skip


def found(folder: Path, made: list[list[object]], **stated: object) -> Read:
    return read(put(folder / "leads.csv", table(HEADER, made)), source(**stated))


TRIED = (
    ["Test", "Test", "eva@gmail.com"],
    ["asdf", "", "q@w.com"],
    ["Anna", "Kern", "anna+test@kern.de"],
    ["Ben", "Ott", "ben@example.com"],
)
STAFF = (["Eva", "Berg", "eva.berg@ours.com"], ["Tom", "Lind", "tom@ours.com"], ["", "", "info@ours.com"])  # fmt: skip


def test_trials_and_staff_are_told_with_their_rows_and_learned_from(tmp_path: Path) -> None:
    read_of = found(tmp_path, rows(*TRIED, *STAFF))
    assert len(read_of.leads) == 200 and read_of.levels("test-leads") == {"warn"}
    told = only([f for f in read_of.findings if f.check == "test-leads"])
    assert (
        "7 of 200 leads have a test address (2), a test name (2), the firm's own domain (3)"
        in told.text
    )
    assert told.evidence[0] == "leads.csv, row 1" and "leave-out" in told.fix
    assert not any("@" in one for one in (told.text, *told.evidence))


def test_check_knows_them_though_no_address_is_kept(tmp_path: Path) -> None:
    made = dataset(tmp_path, HEADER, rows(*TRIED, *STAFF))
    told = only([f for f in data.check(made, read_config()) if f.check == "test-leads"])
    assert "7 of 200 leads" in told.text and told.level == "warn"
    assert told.evidence[:2] == ("leads.csv#L0", "leads.csv#L1")
    kept = data.check(made, read_config(test_leads="keep"))
    assert not [f for f in kept if f.check == "test-leads"]


def read_config(**stated: object) -> Config:
    return Config.model_validate(source(**stated))


def test_they_are_left_out_on_request_and_kept_without_a_word(tmp_path: Path) -> None:
    read_of = found(tmp_path, rows(*TRIED, *STAFF), test_leads="leave-out")
    assert len(read_of.leads) == 193 and "L7" in read_of.by_id and "L6" not in read_of.by_id
    assert read_of.levels("test-leads") == {"pass"} and "left out" in read_of.told("test-leads")
    read_of = found(tmp_path, rows(*TRIED, *STAFF), test_leads="keep")
    assert len(read_of.leads) == 200 and not read_of.told("test-leads")


def test_the_firms_domain_is_that_of_its_owners_or_stated(tmp_path: Path) -> None:
    strangers = [["Kim", "Ray", "kim@ours.com"], ["Lou", "Fox", "lou@ours.com"]]
    mails = ("eva@ours.com", "tom@ours.com", "ida@gmail.com")
    read_of = found(tmp_path, rows(*strangers, owners=mails))
    assert "the firm's own domain (2)" in read_of.told("test-leads")
    assert not found(tmp_path, rows(*strangers)).told("test-leads")
    read_of = found(tmp_path, rows(*strangers), own_domains="ours.com")
    assert "the firm's own domain (2)" in read_of.told("test-leads")


@pytest.mark.parametrize(
    "odd",
    [
        [["Anna", "Testa", "anna@testa.com"], ["Ugo", "Prova", "ugo@prova.it"]],
        [["Hans", "Kern", "hans@test.de"], ["", "", "info@contest.com"]],
        # one customer is called like somebody of the firm
        [["Eva", "Berg", "eva.berg@big.com"], ["Kim", "Ray", "kim@big.com"]],
        [["Eva", "Berg", "eva@gmail.com"], ["Tom", "Lind", "tom@gmail.com"]],
        [[f"A{n}", f"B{n}", f"a{n}@big.com"] for n in range(90)],
        # made up as a whole, as the leads of a pretended CRM are
        [[f"A{n}", f"B{n}", f"a{n}@firm{n}.example"] for n in range(120)],
    ],
)
def test_customers_are_no_trials(tmp_path: Path, odd: list[list[str]]) -> None:
    assert not found(tmp_path, rows(*odd)).told("test-leads")


@pytest.mark.parametrize("text", ["Testa GmbH", "Anna Test", "Contest", "Test AG", "Tester, Jana", "Max Kunde"])  # fmt: skip
def test_names_that_hold_more_than_a_trials_words_are_names(text: str) -> None:
    assert not is_trial(text)


@pytest.mark.parametrize("address", ["a@a.com", "xx@xx.de", "test12@gmail.com", "test.user@firm.com", "me@mail.test"])  # fmt: skip
def test_addresses_that_forms_are_tried_with(address: str) -> None:
    assert is_trial_address(address)


def test_leads_that_a_form_marks_as_tests_are_told_and_left_out_on_request(tmp_path: Path) -> None:
    """As LinkedIn's export does: they have the name and address of whoever tried it."""
    header = [*HEADER, "Test Lead"]
    made = [[*row, "TRUE" if n < 3 else "FALSE"] for n, row in enumerate(rows())]
    told = read(put(tmp_path / "leads.csv", table(header, made))).told("test-leads")
    assert "3 of 200 leads have the mark of a test (3)" in told
    left = read(
        put(tmp_path / "b" / "leads.csv", table(header, made)), source(test_leads="leave-out")
    )
    assert len(left.leads) == 197
    # words are none: another column of that name
    odd = [[*row, ("engine", "pump")[n % 2]] for n, row in enumerate(rows())]
    assert not read(put(tmp_path / "c" / "leads.csv", table(header, odd))).told("test-leads")
