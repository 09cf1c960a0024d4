"""Charges that need no outcome: identities, constants, sparse, protected columns and their proxies."""

from __future__ import annotations

import numpy as np
import pytest

from kits.lead_scoring._court.columns import read_column
from kits.lead_scoring._court.plain import cramers_v
from kits.lead_scoring.config import ColumnsConfig, Config
from tests.lead_scoring.court.court_tables import Made, finding, said_of


def test_ids_names_and_row_counters_are_identities() -> None:
    made = Made(1_000)
    made.columns["key"] = [f"{number:x}-{number * 7919 % 1009:x}" for number in range(1_000)]
    made.columns["Lead Number"] = made.rng.permutation(100_000)[:1_000].astype(float).tolist()
    made.columns["nr"] = (np.arange(1_000.0) * 3 + 50_000).tolist()
    made.columns["E-Mail"] = [f"a{number}@example.org" for number in range(1_000)]
    court = made.court()
    assert set(court.excluded) == {"key", "Lead Number", "nr", "E-Mail"}
    assert "counts on with time" in said_of(court, "nr", "identity")


def test_texts_are_left_out_with_what_brings_them_back() -> None:
    made = Made(1_000)
    words = ["we", "need", "an", "offer", "for", "our", "hall"]
    made.columns["message"] = [
        " ".join([*made.rng.choice(words, 7).tolist(), str(number)]) for number in range(1_000)
    ]
    court = made.court()
    assert court.excluded == ("message",)
    assert "model.columns.keep has their words learned" in said_of(court, "message", "identity")
    assert made.court(Config(columns=ColumnsConfig(keep=("message",)))).excluded == ()


def test_amounts_that_differ_for_all_are_no_identities() -> None:
    made = Made(1_000)
    made.columns["revenue"] = made.rng.lognormal(10, 1, 1_000).round(2).tolist()
    made.columns["staff"] = made.rng.permutation(50_000)[:1_000].astype(float).tolist()
    assert made.court().excluded == ()


def test_amounts_in_several_currencies_are_not_said_to_name_leads() -> None:
    made = Made(400)
    euros = [f"{amount:.2f}".replace(".", ",") for amount in made.rng.lognormal(8, 1, 400)]
    made.columns["sum"] = [
        f"CHF {one}" if row % 7 == 0 else f"{one} €" for row, one in enumerate(euros)
    ]
    made.columns["place"] = [
        f"{row} {made.rng.choice(list('abcdefgh'))}street" for row in range(400)
    ]
    court = made.court()
    told = said_of(court, "sum", "identity")
    assert "in several units (CHF, EUR)" in told and "names leads" not in told
    assert "names leads" in said_of(court, "place", "identity")


def test_columns_that_never_change_teach_nothing() -> None:
    made = Made(1_000)
    made.columns["fax"] = ["no"] * 1_000
    made.columns["void"] = [None] * 1_000
    made.columns["almost"] = ["yes"] * 3 + ["no"] * 997
    made.columns["few"] = ["yes"] * 30 + ["no"] * 970
    court = made.court()
    assert set(court.guilty("constant")) == {"fax", "void", "almost"}
    assert "few" not in court.excluded


def test_a_sparse_column_is_told_and_stays() -> None:
    made = Made(4_000)
    made.columns["voucher"] = ["X1"] * 15 + ["X2"] * 15 + [None] * 3_970
    court = made.court()
    assert finding(court, "voucher", "sparse") == "suspicious"
    assert "voucher" not in court.excluded


@pytest.mark.parametrize(
    "name",
    [
        "Gender",
        "Alter",
        "date_of_birth",
        "Nationalité",
        "estado civil",
        "Familienstand",
        "female",
        "Płeć",
        "Narodowość",
        "Género",
        "Età",
        "leeftijdscategorie",
        "Pohlaví",
        "Věk",
        "Státní příslušnost",
        "Életkor",
        "Fødselsår",
        "Kön",
        "Vârsta",
        "Alter (Jahre)",
        "Staatsangehoerigkeit",
        "DOB",
        "isMarried",
        "senior_citizen",
        "verheiratet",
    ],
)
def test_protected_columns_are_known_by_name(name: str) -> None:
    made = Made(150)
    made.columns[name] = made.rng.choice(["a", "b"], 500).tolist()
    court = made.court()
    assert court.guilty("protected") == (name,)
    assert name in court.excluded


@pytest.mark.parametrize(
    "name",
    [
        "account age",
        "Leadherkunft",
        "message",
        "country",
        "stage name",
        "package",
        "single sign on",
        "black friday",
        "white paper",
        "Ansprechpartner Frau",
        "Vehicle_Age_Group",
        "Alter der Anlage in Jahren",
    ],
)
def test_names_that_only_look_protected_are_not(name: str) -> None:
    made = Made(500)
    made.columns[name] = made.rng.choice(["a", "b"], 500).tolist()
    assert made.court().guilty("protected") == ()


def test_columns_of_persons_are_known_by_their_values() -> None:
    made = Made(500)
    made.columns["maritl"] = made.rng.choice(["1. Single", "2. Married"], 500).tolist()
    made.columns["Ansprache"] = made.rng.choice(["Herr", "Frau", "Frau Dr."], 500).tolist()
    made.columns["size"] = made.rng.choice(["S", "M", "F"], 500).tolist()
    court = made.court()
    assert set(court.guilty("protected")) == {"Ansprache", "maritl"}
    assert "marital statuses" in said_of(court, "maritl", "protected")
    assert "genders" in said_of(court, "Ansprache", "protected")
    assert "size" not in court.excluded


def test_a_name_can_be_overruled_but_not_the_settings() -> None:
    made = Made(500)
    made.columns["age"] = made.rng.integers(18, 80, 500).astype(float).tolist()
    keep = ColumnsConfig(keep=("age",))
    assert "age" not in made.court(Config(columns=keep)).excluded
    both = ColumnsConfig(keep=("age",), protected=("age",))
    assert "age" in made.court(Config(columns=both)).excluded


def test_a_column_that_tells_a_protected_one_is_a_proxy() -> None:
    made = Made(2_000)
    gender = made.rng.choice(["f", "m"], 2_000)
    made.columns["gender"] = gender.tolist()
    made.columns["locker"] = np.where(gender == "f", "east", "west").tolist()
    hobby = np.where(made.rng.random(2_000) < 0.7, gender, made.rng.choice(["f", "m"], 2_000))
    made.columns["hobby"] = np.where(hobby == "f", "choir", "chess").tolist()
    court = made.court()
    assert finding(court, "locker", "proxy") == "guilty"
    assert finding(court, "hobby", "proxy") == "suspicious"
    assert "Cramér's V" in said_of(court, "hobby", "proxy")
    assert all(one.charge != "proxy" or one.column in ("locker", "hobby") for one in court.verdicts)


def test_independent_columns_have_no_association_whatever_the_size_of_their_table() -> None:
    rng = np.random.default_rng(0)
    found = [
        cramers_v(
            read_column("a", rng.choice(list("abcdefghij"), 300).tolist()),
            read_column("b", rng.choice(list("uvwxyz"), 300).tolist()),
        )
        for _ in range(50)
    ]
    assert np.median(found) < 0.05
    same = read_column("a", rng.choice(list("abc"), 300).tolist())
    assert cramers_v(same, same) == pytest.approx(1.0, abs=0.01)
