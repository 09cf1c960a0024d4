"""What became of a lead: found in many words and shapes; said; and asked for where it is unclear."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.lead_scoring._reading.samples import HELD_OPEN
from tests.lead_scoring.reading.lead_files import Read, put, read, source, table


def outcomes(tmp_path: Path, column: str, cells: Sequence[str], **stated: object) -> Read:
    rows = [[f"L{n}", "web", cell] for n, cell in enumerate(cells)]
    return read(put(tmp_path / "e.csv", table(["id", "origin", column], rows)), source(**stated))


@pytest.mark.parametrize(
    ("column", "cells", "labels"),
    [
        ("Converted", ["1", "0"], ["won", "lost"]),
        ("Converted", ["1.0", "0.0"], ["won", "lost"]),
        ("y", ["yes", "no"], ["won", "lost"]),
        ("Revenue", ["True", "False"], ["won", "lost"]),
        ("Kunde geworden", ["ja", "nein", "offen"], ["won", "lost", ""]),
        ("Converted", ["Yes", "No", "In progress"], ["won", "lost", ""]),
        ("IsConverted", ["true", "false"], ["won", "lost"]),
        ("deal_stage", ["Won", "Lost", "Engaging", ""], ["won", "lost", "", ""]),
        ("Stage", ["Closed Won", "Closed Lost", "Negotiation"], ["won", "lost", ""]),
        ("anything", ["closedwon", "closedlost", "appointmentscheduled"], ["won", "lost", ""]),
        ("Status", ["Qualified", "Unqualified", "New"], ["won", "lost", ""]),
        ("Lead Status", ["Closed - Converted", "Closed - Not Converted", "Working - Contacted"], ["won", "lost", ""]),
        ("status", ["won", "cancelled", "open"], ["won", "lost", ""]),
        ("Ergebnis", ["ja", "nein"], ["won", "lost"]),
        ("Phase", ["Gewonnen", "Verloren", "Angebot"], ["won", "lost", ""]),
        ("Statut", ["Gagné", "Perdu", "En cours"], ["won", "lost", ""]),
        ("Etapa", ["Ganado", "Perdido", "Propuesta"], ["won", "lost", ""]),
        ("Fase", ["Chiuso - vinto", "Chiuso - perso", "Proposta"], ["won", "lost", ""]),
        ("Etap", ["Wygrana", "Przegrana", "Nowy"], ["won", "lost", ""]),
        ("Stage", ["成約", "失注", "商談中"], ["won", "lost", ""]),
        ("stage", ["Qualified", "Customer", "Lost"], ["", "won", "lost"]),
        ("status", ["1", "0"], ["won", "lost"]),
        ("Opportunity Result", ["Won", "Loss"], ["won", "lost"]),
        ("Class", ["successful", "unsuccessful"], ["won", "lost"]),
        ("Deal Stage", ["Closed Won (Sales Pipeline)", "Closed Lost (Sales Pipeline)", "Demo (Sales Pipeline)"], ["won", "lost", ""]),
        ("Stage", ["06 - Closed Won", "07 - Closed Lost", "01 - New"], ["won", "lost", ""]),
        ("Lead converted?", ["Y", "N"], ["won", "lost"]),
        ("Lead Status", ["Converted", "Lost Lead", "Junk Lead", "Contacted"], ["won", "lost", "lost", ""]),
        ("Stage", ["Won - upsell", "Lost - too expensive", "Won't decide this year"], ["won", "lost", ""]),
        ("is_won_flag", ["TRUE", "FALSE"], ["won", "lost"]),
        ("Auftrag (ja/nein)", ["ja", "nein", "nein\u00a0"], ["won", "lost", "lost"]),
        ("Bought? (Y/N)", ["y", "n"], ["won", "lost"]),
        ("Etap", ["Umowa podpisana", "Rezygnacja", "Nowy"], ["won", "lost", ""]),
        ("Statut", ["Compromis signé", "Perdu", "Abandonné", "Nouveau"], ["won", "lost", "lost", ""]),
    ],
)  # fmt: skip
def test_outcomes_are_found_by_their_words(
    tmp_path: Path, column: str, cells: list[str], labels: list[str]
) -> None:
    found = outcomes(tmp_path, column, cells)
    assert found.labels == labels
    assert column in found.told("outcome")
    assert all(column not in lead.fields for lead in found.leads)


def test_a_stated_column_with_stated_words_wins(tmp_path: Path) -> None:
    cells = ["Vertrag", "Absage", "Gespräch", "vertrag"]
    found = outcomes(tmp_path, "X", cells, outcome="X", won=["Vertrag"], lost=["Absage"])
    assert found.labels == ["won", "lost", "", "won"]


def test_a_stated_column_of_unknown_words_is_an_error_that_shows_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no cell of 'X' is a known word") as error:
        outcomes(tmp_path, "X", ["alpha", "beta"], outcome="X")
    assert "alpha" in error.value.where and "model.source.won" in error.value.fix


def test_a_stated_word_that_no_cell_has_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no cell of 'X' is one of Wonn") as error:
        outcomes(tmp_path, "X", ["Won", "Lost"], outcome="X", won=["Wonn"])
    assert "Won, Lost" in error.value.fix


def test_a_stated_cell_counts_though_it_looks_like_nothing_and_one_that_is_nowhere_is_told(
    tmp_path: Path,
) -> None:
    cells = ["x", "-", "?", "nein", ""]
    found = outcomes(tmp_path, "X", cells, outcome="X", won=["x"], lost=["nein", "-", "abgesagt"])
    assert found.labels == ["won", "lost", "", "lost", ""]
    other = outcomes(tmp_path, "X", ["x", "-", "nein"], outcome="X", lost=["nein", "-"])
    assert other.labels == ["won", "lost", "lost"]
    assert "no cell of X is 'abgesagt'" in found.told("stated-cells")


def test_what_is_not_stated_is_told_by_known_words(tmp_path: Path) -> None:
    cells = ["Yes", "No", "Yes", "?", "Closed lost"]
    stated = outcomes(tmp_path, "X", cells, outcome="X", won=["Yes"])
    assert stated.labels == ["won", "", "won", "", "lost"]
    plain = outcomes(tmp_path, "X", cells[:3], outcome="X", won=["yes"])
    assert plain.labels == ["won", "lost", "won"]
    other = outcomes(tmp_path, "X", cells[:3], outcome="X", lost=["No"])
    assert other.labels == ["won", "lost", "won"]


def test_two_columns_that_contradict_each_other_are_asked_about(tmp_path: Path) -> None:
    rows = [[n, n % 2, n // 2 % 2] for n in range(40)]
    path = put(tmp_path / "e.csv", table(["id", "purchased", "subscribed"], rows))
    with pytest.raises(DataError, match="2 columns could tell") as error:
        read(path)
    assert "purchased" in error.value.where and "subscribed" in error.value.where
    assert "model.source.outcome: purchased" in error.value.fix
    found = read(path, source(outcome="subscribed"))
    assert found.labels.count("won") == 20 and "purchased" in found.leads[0].fields


def test_a_second_column_that_says_the_same_is_no_feature(tmp_path: Path) -> None:
    rows = [[n, "Won" if n % 2 else "Lost", n % 2, n // 2 % 2] for n in range(40)]
    path = put(tmp_path / "e.csv", table(["id", "Stage", "Converted", "Newsletter"], rows))
    assert set(read(path).leads[0].fields) == {"Newsletter"}


def test_the_outcome_of_an_earlier_campaign_is_not_this_ones(tmp_path: Path) -> None:
    rows = [[n, "won" if n % 3 else "lost", "yes" if n % 2 else "no"] for n in range(40)]
    found = read(put(tmp_path / "e.csv", table(["id", "previous_result", "y"], rows)))
    assert "y (won: yes" in found.told("outcome")
    assert found.leads[1].fields == {"previous_result": "won"}


@pytest.mark.parametrize(
    ("won", "lost"), [("won-2025", "lost-2025"), ("Anfragen gewonnen", "Anfragen verloren")]
)
def test_a_file_for_each_outcome_says_what_became_of_its_leads(
    tmp_path: Path, won: str, lost: str
) -> None:
    for number, name in enumerate((won, lost, "open")):
        rows = [[f"{number}-{n}", n % 3] for n in range(30)]
        put(tmp_path / f"{name}.csv", table(["id", "size"], rows))
    found = read(tmp_path)
    assert (found.labels.count("won"), found.labels.count("lost")) == (30, 30)
    assert "the names of files and sheets" in found.told("outcome")
    (tmp_path / f"{lost}.csv").unlink()
    assert set(read(tmp_path).labels) == {""}, "one name that sounds like it is no answer"


def test_leads_that_are_all_lost_have_an_outcome(tmp_path: Path) -> None:
    assert outcomes(tmp_path, "Outcome", ["lost", "lost", ""]).labels == ["lost", "lost", ""]
    assert outcomes(tmp_path, "Outcome", ["lost", "pending", "lost"]).labels == ["", "", ""]


def test_a_column_called_like_an_outcome_is_named_where_its_cells_say_nothing(
    tmp_path: Path,
) -> None:
    found = outcomes(tmp_path, "target", ["1", "2", "1"])
    (finding,) = [f for f in found.findings if f.check == "outcome"]
    assert "target is called like an outcome" in finding.text
    assert "model.source.outcome: target" in finding.fix


def test_yes_and_no_alone_are_no_outcome_without_its_name(tmp_path: Path) -> None:
    found = outcomes(tmp_path, "Newsletter", ["yes", "no", "yes"])
    assert found.labels == ["", "", ""]
    (finding,) = [f for f in found.findings if f.check == "outcome"]
    assert finding.level == "warn" and any("Newsletter: yes, no" in e for e in finding.evidence)


@pytest.mark.parametrize(
    "column", ["conversion page", "last_purchased", "num_conversions", "Previously converted"]
)
def test_names_that_only_mention_an_outcome_are_none(tmp_path: Path, column: str) -> None:
    assert outcomes(tmp_path, column, ["1", "0", "1"]).labels == ["", "", ""]


DATED = ["id", "created_at", "customer_date", "lifecyclestage"]


def test_where_nothing_means_lost_old_leads_are_lost_and_young_ones_open(tmp_path: Path) -> None:
    rows = [
        ["a", "2025-01-01", "2025-02-01", "customer"], ["b", "2025-01-01", "", "lead"],
        ["c", "2025-12-20", "", "lead"], ["d", "2025-12-31", "", "opportunity"],
    ]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(DATED, rows)))
    assert found.labels == ["won", "lost", "", ""]
    assert "within 90 days count as lost" in found.told("lost-after")
    assert found.levels("lost-after") == {"warn"}


def test_who_bought_while_others_of_the_same_age_are_open_is_open_too(tmp_path: Path) -> None:
    """Else the latest months would hold none but buyers."""
    rows = [
        ["a", "2025-01-01", "2025-02-01", "customer"], ["b", "2025-01-01", "", "lead"],
        ["c", "2025-12-20", "2025-12-24", "customer"], ["d", "2025-12-31", "", "lead"],
    ]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(DATED, rows)))
    assert found.labels == ["won", "lost", "", ""]
    assert "1 of these were won already, and count as open too" in found.told("lost-after")


def test_how_long_a_lead_may_take_can_be_stated(tmp_path: Path) -> None:
    rows = [
        ["a", "2025-01-01", "2025-02-01", "Won"], ["b", "2025-01-01", "", "New"],
        ["c", "2025-12-20", "", "New"], ["d", "2025-12-31", "", "Lost"],
    ]  # fmt: skip
    path = put(tmp_path / "e.csv", table(DATED, rows))
    assert read(path).labels == ["won", "", "", "lost"]
    assert read(path, source(lost_after_days=5)).labels == ["won", "lost", "lost", "lost"]
    young = read(path, source(open_for_days=30))
    assert young.labels == ["won", "", "", ""]
    # who ended is told from who is open: the court asks what open leads lack
    assert [HELD_OPEN in one.meta for one in young.samples] == [False, False, False, True]


@pytest.mark.parametrize(("given_up", "young"), [(60, ""), (4, "won")])
def test_where_many_are_lost_by_age_young_leads_are_open_whatever_they_say(
    tmp_path: Path, given_up: int, young: str
) -> None:
    old = [[f"o{n}", "2025-01-01", "2025-02-01", ("Won", "Lost")[n % 2]] for n in range(80)]
    stale = [[f"s{n}", "2025-01-02", "", "New"] for n in range(given_up)]
    late = [[f"y{n}", "2025-12-20", "2025-12-22", "Won"] for n in range(20)]
    path = put(tmp_path / "e.csv", table(DATED, [*old, *stale, *late, ["z", "2025-12-31", "", "New"]]))  # fmt: skip
    found = read(path, source(lost_after_days=90))
    assert found.labels.count("lost") == 40 + given_up
    assert {label for s, label in zip(found.samples, found.labels) if "#y" in s.source} == {young}
    assert ("20 of these were won or lost already" in found.told("lost-after")) is not bool(young)
    # a step of the backtest knows them as late as those that were lost by age
    grown = {s.meta.get("settled_at") is not None for s in found.samples if "#o" in s.source}
    assert grown == {not young}


def test_where_nothing_means_lost_and_no_date_is_there_all_others_are_lost(tmp_path: Path) -> None:
    found = outcomes(tmp_path, "status", ["Customer", "Lead", "Lead", "MQL"])
    assert found.labels == ["won", "lost", "lost", "lost"]
    assert "no date" in found.told("lost-after")


@pytest.mark.parametrize("lost", ["Cliente potencial perdido", "Aplazado"])
def test_a_lead_that_is_not_converted_may_still_be_open(tmp_path: Path, lost: str) -> None:
    def row(n: int) -> list[object]:
        stage = "Contactado" if n % 10 == 0 or n >= 180 else lost
        return [f"L{n}", f"2025-{1 + n // 28:02}-{1 + n % 28:02}", stage, "true" if n % 5 == 1 else "false"]  # fmt: skip

    header = ["ID", "Hora de creación", "Estado", "¿Se ha convertido?"]
    other = ["ID", "Hora de creación", "Estado del pago", "¿Se ha convertido?"]
    paid = read(put(tmp_path / "p.csv", table(other, [row(n) for n in range(200)])))
    assert "" not in paid.labels
    found = read(put(tmp_path / "e.csv", table(header, [row(n) for n in range(200)])))
    young = {found.labels[n] for n in range(190, 200) if n % 5 != 1}
    assert young == {""} and found.labels[2] == "lost" and found.labels[1] == "won"
    assert "open, as Estado" in found.told("outcome")


def test_cells_that_mean_neither_end_are_named_where_age_decides(tmp_path: Path) -> None:
    rows = [
        [n, f"2025-{1 + n // 28:02}-{1 + n % 28:02}", "", "Customer" if n % 3 else "Closed"]
        for n in range(60)
    ]
    found = read(put(tmp_path / "e.csv", table([*DATED[:3], "status"], rows)))
    [told] = [one for one in found.findings if one.check == "lost-after"]
    assert told.evidence == ("neither won nor lost: Closed (20 leads)",)


@pytest.mark.parametrize(
    "column", ["Devis accepté", "Angebot angenommen", "Presupuesto aceptado", "Quote accepted"]
)
def test_an_offer_that_was_accepted_is_won(tmp_path: Path, column: str) -> None:
    yes, no = ("Oui", "Non") if column.startswith("Devis") else ("yes", "no")
    assert outcomes(tmp_path, column, [yes, no, ""]).labels == ["won", "lost", ""]
    # terms and cookies are accepted too
    assert outcomes(tmp_path, "Conditions acceptées", [yes, no, ""]).labels == [""] * 3


def test_where_no_column_tells_stages_are_named_first_and_persons_not(tmp_path: Path) -> None:
    rows = [[n, f"Ann{n % 5}", f"web{n % 3}", ("grün", "rot")[n % 2]] for n in range(40)]
    header = ["id", "Vorname", "Quelle", "Status"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    (told,) = [one for one in found.findings if one.check == "outcome"]
    assert [one.partition(":")[0] for one in told.evidence] == ["Status", "Quelle"]
    line = "model.source.outcome: Status, model.source.won: […], model.source.lost: […]"
    assert f"; if Status tells it: {line}; then import again with --replace" in told.fix


def _ended(column: int, *, open_has: bool = False) -> list[list[object]]:
    """Leads of which each third was won, a third lost, a third is open; the ended ones have a date in a column."""
    rows: list[list[object]] = []
    for n in range(90):
        stage = ("Won", "Lost", "Demo")[n % 3]
        dates: list[object] = ["", ""]
        if stage == "Won" or (column == 0 and stage == "Lost") or open_has:
            dates[column] = f"2025-0{3 + n % 3}-11"
        rows.append(
            [f"L{n}", f"2025-01-{n % 28 + 1:02}", stage, *dates, "web" if n % 2 else "fair"]
        )
    return rows


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (_ended(0), "outcome_at=vyřízeno"),
        (_ended(1), "outcome_at=předáno"),
        (_ended(0, open_has=True), ""),
    ],
)
def test_dates_that_only_ended_leads_have_say_when_outcomes_were_known(
    tmp_path: Path, rows: list[list[object]], told: str
) -> None:
    header = ["id", "created_at", "status", "vyřízeno", "předáno", "source"]
    found = read(put(tmp_path / "leads.csv", table(header, rows)))
    assert ("outcome_at" in found.told("columns")) is bool(told)
    assert told in found.told("columns")
    assert ("only leads that ended have it" in found.told("assumed")) is bool(told)


@pytest.mark.parametrize(
    ("names", "ends"),
    [
        (("Won", "Lost"), ("TRUE FALSE", "FALSE TRUE", "FALSE FALSE")),
        (("Won", "Closed"), ("Yes Yes", "No Yes", "No No")),
        (("Gewonnen", "Abgeschlossen"), ("ja ja", "nein ja", "nein nein")),
    ],
)
def test_a_second_yes_or_no_says_which_leads_are_open(
    tmp_path: Path, names: tuple[str, str], ends: tuple[str, str, str]
) -> None:
    rows = [[f"L{n}", "web", *ends[n % 3].split()] for n in range(60)]
    found = read(put(tmp_path / "e.csv", table(["id", "origin", *names], rows)))
    assert found.labels[:3] == ["won", "lost", ""]
    assert f"20 are open, as {names[1]} says" in found.told("outcome")
    assert found.leads[0].fields == {"origin": "web"}


def test_a_yes_that_says_nothing_of_ends_leaves_the_outcome_as_it_is(tmp_path: Path) -> None:
    # of those that were won half are not closed: it is closed in another sense
    rows = [[f"L{n}", ("Yes", "No")[n % 2], ("Yes", "No")[n // 2 % 2]] for n in range(60)]
    found = read(put(tmp_path / "e.csv", table(["id", "Won", "Closed"], rows)))
    assert "" not in found.labels and found.leads[0].fields == {"Closed": True}


def test_a_number_of_a_stage_is_no_yes(tmp_path: Path) -> None:
    rows = [[f"L{n}", "1", n % 3] for n in range(60)]
    found = read(put(tmp_path / "e.csv", table(["id", "stage", "status"], rows)))
    assert set(found.labels) == {""} and found.levels("outcome") == {"warn"}
    rows = [[f"L{n}", n % 2] for n in range(60)]
    found = read(put(tmp_path / "f.csv", table(["id", "stage"], rows)))
    assert found.labels.count("won") == 30


def test_what_another_one_won_or_was_taken_back_is_asked_about(tmp_path: Path) -> None:
    ends = ["Won", "Closed won (Lost customers pipeline)", "Lost", "Won by competitor", "Won (cancelled)", "Gewonnen - storniert"]  # fmt: skip
    rows = [[f"L{n}", f"2025-{1 + n // 20:02}-07", ends[n % 6]] for n in range(180)]
    found = read(put(tmp_path / "e.csv", table(["id", "Created", "stage"], rows)))
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [60, 30, 90]
    told = found.told("old-open-leads")
    assert all(f"'{end}' (30 leads)" in told for end in ends[3:])
