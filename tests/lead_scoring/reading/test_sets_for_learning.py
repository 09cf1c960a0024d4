"""Tables as they are published to learn from: parts without outcomes, examples of answers, results of the campaign before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kits.core.errors import DataError
from tests.lead_scoring.reading.lead_files import Read, put, read, source, table
from tests.sheets import xlsx

HEADER = ["id", "Vehicle_Age", "Damage", "Premium", "Vintage", "Channel", "Region", "Licence", "Insured", "Response"]  # fmt: skip
N, OPEN = 60, 30


def _rows(first: int, n: int) -> list[list[object]]:
    return [
        [k, f"{k % 3} years", "Yes" if k % 2 else "No", 2630 + k, k % 300, f"C{k % 4}", f"R{k % 5}", 1, k % 3, int(k % 7 == 0)]
        for k in range(first, first + n)
    ]  # fmt: skip


def _a_competition(
    folder: Path,
    answers: Sequence[object] = (),
    name: str = "sample_submission.csv",
    **stated: object,
) -> Read:
    """Leads to learn from, and others to score beside them, without their outcome."""
    put(folder / "train.csv", table(HEADER, _rows(1, N)))
    put(folder / "test.csv", table(HEADER[:-1], [row[:-1] for row in _rows(N + 1, OPEN)]))
    if answers:
        rows = [[N + 1 + k, answer] for k, answer in enumerate(answers)]
        put(folder / name, table(["id", "Response"], rows))
    return read(folder, source(**stated))


def test_a_part_without_outcomes_is_to_be_scored_and_judges_nothing(tmp_path: Path) -> None:
    found = _a_competition(tmp_path)
    assert {one.split for one in found.samples} == {None}
    assert found.labels.count("") == OPEN
    assert found.told("split-open").startswith(f"none of the {OPEN} leads that the data calls test")


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("sample_submission.csv", [0] * OPEN),
        ("sample_submission.csv", [k % 2 for k in range(OPEN)]),
        ("answers.csv", [0] * OPEN),
        ("SampleSubmission.csv", [0.5] * OPEN),
    ],
)
def test_an_example_of_answers_tells_no_outcomes(
    tmp_path: Path, name: str, answers: list[float]
) -> None:
    found = _a_competition(tmp_path, answers, name)
    assert found.labels.count("") == OPEN
    assert f"{name} was passed over" in found.told("example-answers")


@pytest.mark.parametrize(
    ("name", "answers", "stated"),
    [
        ("test_labels.csv", [int(k % 7 == 3) for k in range(OPEN)], {}),
        ("bought.csv", [1] * (OPEN // 2), {}),
        ("sample_submission.csv", [0] * OPEN, {"tables": [{"file": "*submission.csv", "role": "accounts"}]}),
    ],
)  # fmt: skip
def test_true_outcomes_in_a_table_of_their_own_count(
    tmp_path: Path, name: str, answers: list[int], stated: dict[str, object]
) -> None:
    found = _a_competition(tmp_path, answers, name, **stated)
    assert found.labels.count("") == OPEN - len(answers)
    assert not found.told("example-answers")


def _a_campaign(path: Path, empty_from: int, dated: bool = True, name: str = "Outcome") -> Read:
    """Calls of a campaign, with what the one before came to; nothing from a row on."""
    header = ["Created", name, "Loan", "Job", "CarInsurance"]
    ends = ["success", "failure", "failure"]
    rows = [
        [f"2025-01-{1 + k % 20:02}" if dated else "", ends[k % 3] if k < empty_from else "NA", k % 2, f"J{k % 5}", k % 3]
        for k in range(120)
    ]  # fmt: skip
    return read(put(path / "e.csv", table(header, [[*r[:-1], int(r[-1] == 1)] for r in rows])))


@pytest.mark.parametrize("dated", [True, False])
def test_an_outcome_that_says_nothing_of_most_leads_is_asked_about(
    tmp_path: Path, dated: bool
) -> None:
    found = _a_campaign(tmp_path, 40, dated)
    [finding] = [one for one in found.findings if one.check == "outcome-empty"]
    assert finding.text.startswith("Outcome was taken for the outcome, though it is empty for 80")
    assert finding.evidence[0] == "CarInsurance: 0, 1"
    assert not _a_campaign(tmp_path, 100, dated).told("outcome-empty")


def test_young_leads_without_an_outcome_are_not_asked_about(tmp_path: Path) -> None:
    rows = [
        [f"2025-0{1 + k // 30}-01", ("success", "failure", "")[k % 2 if k < 50 else 2]]
        for k in range(150)
    ]
    found = read(put(tmp_path / "e.csv", table(["Created", "Outcome"], rows)))
    assert found.labels.count("") == 100
    assert not found.told("outcome-empty")


def test_columns_that_say_one_of_two_things_are_asked_about_first_the_last_before_others(
    tmp_path: Path,
) -> None:
    header = ["canceled", "gender", "partner", "bill", "Churn", "deposit kind", "city"]
    rows = [
        [k % 2, "MF"[k % 2], k % 2, f"kind {k % 4}", "NY"[k % 3 == 0], "ab"[k % 2], f"c{k}"]
        for k in range(40)
    ]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    [finding] = [one for one in found.findings if one.check == "outcome"]
    asked = [one.split(":")[0] for one in finding.evidence]
    assert asked == ["Churn", "canceled", "or", "partner", "deposit kind", "gender", "bill"]
    assert finding.evidence[2] == "or: partner, deposit kind, gender, bill"


@pytest.mark.parametrize(
    ("name", "taken"),
    [("Dt_Customer", ""), ("Customer since", ""), ("Member date", ""), ("reservation_status_date", ""), ("Date", "Date"), ("Customer request date", "Customer request date")],
)  # fmt: skip
def test_since_when_somebody_is_a_customer_or_has_a_status_is_not_when_the_lead_came(
    tmp_path: Path, name: str, taken: str
) -> None:
    rows = [[f"20{12 + k % 3}-0{1 + k % 9}-11", f"a{k % 4}", k % 2] for k in range(40)]
    found = read(put(tmp_path / "e.csv", table([name, "kind", "Response"], rows)))
    assert (f"decided_at={taken}" in found.told("columns")) is bool(taken)


def test_the_same_table_as_csv_and_as_a_spreadsheet_is_not_counted_twice(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    rows = [[k, 20.0 + k, 5.5 * k, k % 2] for k in range(60)]
    put(tmp_path / "Travel.csv", table(["id", "Age", "Income", "won"], rows))
    xlsx(tmp_path / "Travel.xlsx", [["id", "Age", "Income", "won"], *rows])
    found = read(tmp_path)
    assert len(found.leads) == 60 and found.told("same-rows")


def test_a_table_whose_rows_another_one_has_is_not_counted_twice(tmp_path: Path) -> None:
    rows = [row[1:] for row in _rows(1, 300)]
    put(tmp_path / "bank-full.csv", table(HEADER[1:], rows, ";"))
    put(tmp_path / "bank.csv", table(HEADER[1:], rows[::5], ";"))
    found = read(tmp_path)
    assert len(found.leads) == 300
    told = found.told("same-rows")
    assert told == "bank.csv was passed over: bank-full.csv has its rows too, and each would count twice"  # fmt: skip
    others = [[*row[:2], 9000 + k, *row[3:]] for k, row in enumerate(rows[::5])]
    put(tmp_path / "bank.csv", table(HEADER[1:], others, ";"))
    assert len(read(tmp_path).leads) == 360


def test_rows_that_are_alike_by_chance_are_further_leads(tmp_path: Path) -> None:
    rows = [[f"{k % 3} years", k % 2] for k in range(300)]
    put(tmp_path / "2023.csv", table(["Vehicle_Age", "Response"], rows))
    put(tmp_path / "2024.csv", table(["Vehicle_Age", "Response"], rows[:100]))
    assert len(read(tmp_path).leads) == 400


def test_a_table_without_names_of_columns_is_refused(tmp_path: Path) -> None:
    rows = [[20 + k % 50, ("Private", "State-gov")[k % 2], 1000 + k, "no", ("no", "yes")[k % 3 == 0]] for k in range(60)]  # fmt: skip
    path = put(tmp_path / "adult.csv", table(rows[1], rows[2:]))
    with pytest.raises(DataError, match="first row does not name columns"):
        read(path)
    named = put(tmp_path / "named.csv", table(["age", "work", "2024", "loan", "converted"], rows))
    assert len(read(named).leads) == 60


def test_years_and_crosses_may_name_columns(tmp_path: Path) -> None:
    years = [[f"C{k}", k % 7, k % 5, "AB"[k % 2], k % 2] for k in range(60)]
    path = put(tmp_path / "e.csv", table(["customer", "2023", "2024", "A", "converted"], years))
    assert len(read(path).leads) == 60
    crosses = [["Mail" * (k % 2), "Phone" * (k % 3 == 0), k % 2] for k in range(60)]
    assert len(read(put(tmp_path / "f.csv", table(["Mail", "Phone", "converted"], crosses))).leads) == 60  # fmt: skip


def test_a_file_of_outcomes_alone_is_refused_with_where_they_belong(tmp_path: Path) -> None:
    labels = put(tmp_path / "y_train.csv", "y\nyes\nno\nyes\n")
    with pytest.raises(DataError, match="one column alone") as error:
        read(labels)
    assert "into the table it belongs to" in error.value.fix


def _a_mailing(folder: Path, dated: str, mailed: bool) -> Read:
    """Who answered a mailing, and what each customer bought before and after."""
    answers = [[f"CS{k}", int(k % 4 == 0), *(["2015-04-01"] * mailed)] for k in range(40)]
    header = ["customer_id", "response", *(["mailed on"] * mailed)]
    put(folder / "response.csv", table(header, answers))
    bought = [[f"CS{k % 40}", f"2015-0{1 + k % 6}-10", 20 + k] for k in range(240)]
    put(folder / "transactions.csv", table(["customer_id", dated, "amount"], bought))
    return read(folder)


def test_what_was_bought_counts_up_to_the_day_of_the_mailing(tmp_path: Path) -> None:
    found = _a_mailing(tmp_path, "trans_date", mailed=True)
    assert "120 rows are known at the decision, 120 are later" in found.told("joined")
    assert sum(float(str(n)) for n in found.column("transactions: count")) == 120


@pytest.mark.parametrize(
    ("dated", "mailed", "fix"),
    [
        ("trans_date", False, "add a column with that day"),
        ("tag", True, "[{file: transactions.csv, role: events, at: tag}]"),
    ],
)
def test_rows_whose_place_in_time_is_not_known_are_left_out_with_what_to_state(
    tmp_path: Path, dated: str, mailed: bool, fix: str
) -> None:
    found = _a_mailing(tmp_path, dated, mailed)
    [finding] = [one for one in found.findings if one.check == "table-without-time"]
    assert fix in finding.fix
    if mailed:
        stated = [{"file": "transactions.csv", "role": "events", "at": "tag"}]
        again = read(tmp_path, source(tables=stated))
        assert "120 rows are known at the decision" in again.told("joined")


@pytest.mark.parametrize("name", ["enrolments.csv", "Enrollments 2025.csv", "bookings.csv"])
def test_who_enrolled_or_booked_is_won(tmp_path: Path, name: str) -> None:
    leads = [[f"L{k}", f"2025-01-{1 + k % 28:02}", f"s{k % 3}"] for k in range(60)]
    put(tmp_path / "leads.csv", table(["Lead Id", "Created", "Source"], leads))
    done = [[f"L{k}", "2025-02-20", 500] for k in range(0, 60, 4)]
    put(tmp_path / name, table(["Lead Id", "On", "Fee"], done))
    assert f"{name} joined by Lead Id: 15 of 60 leads have a row" in read(tmp_path).told("sales")


_CARDS = ["ID", "Age_Group", "Is_Active", "Credit", "Is_Buyer_Of_Cards"]


def _cards(folder: Path, *more: str) -> Read:
    """Leads to learn from and others to score, the outcome of which has a name that nothing knows."""
    rows: list[list[object]] = [
        [f"K{n}", f"g{n % 5}", ("No", "Yes")[n % 2], ("Yes", "", "No")[n % 3], int(n % 4 == 0)]
        + [int(n % 5 == 0) for _ in more]
        for n in range(N + OPEN)
    ]
    put(folder / "train.csv", table([*_CARDS, *more], rows[:N]))
    put(folder / "test.csv", table(_CARDS[:-1], [row[:4] for row in rows[N:]]))
    return read(folder)


def test_the_one_yes_or_no_that_leads_to_score_lack_is_the_outcome(tmp_path: Path) -> None:
    found = _cards(tmp_path)
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [15, 45, OPEN]
    assert found.told("assumed").startswith("Is_Buyer_Of_Cards was taken for what became")


def test_of_two_that_they_lack_none_is_taken(tmp_path: Path) -> None:
    found = _cards(tmp_path, "Logged_In")
    assert set(found.labels) == {""} and "no column tells" in found.told("outcome")


@pytest.mark.parametrize(("gap", "taken"), [(False, True), (True, False)])
def test_approved_is_the_outcome_where_nothing_else_is_called_like_one(
    tmp_path: Path, gap: bool, taken: bool
) -> None:
    rows = [
        [f"L{n}", "" if gap and n == 7 else int(n % 9 == 0), ("Y", "N")[n % 2], 100 + n]
        for n in range(N)
    ]
    header = ["ID", "Approved", "Contacted", "Income"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert (found.labels.count("won") == 7) is taken
    assert found.told("assumed").startswith("Approved was taken for") is taken
    with_sale = [[*row, ("Yes", "No")[n % 2]] for n, row in enumerate(rows)]
    found = read(put(tmp_path / "f.csv", table([*header, "Purchased"], with_sale)))
    assert found.labels.count("won") == N / 2


def _visitors(folder: Path) -> None:
    """Visitors, some of whom booked later, and many visits of each without ids and times."""
    rows: list[list[object]] = [
        [f"u{n}", f"2025-01-{n % 28 + 1:02}", f"2025-03-{n % 28 + 1:02}" if n % 3 == 0 else "", f"g{n % 4}"]
        for n in range(N)
    ]  # fmt: skip
    put(folder / "users.csv", table(["id", "account_created", "first_stay", "group"], rows))
    visits = [[f"u{n % N}", ("show", "search")[n % 2], n * 7 % 100] for n in range(6 * N)]
    put(folder / "sessions.csv", table(["user_id", "action", "secs"], visits))


def test_where_nothing_tells_outcomes_visits_are_no_leads_and_a_late_date_is_asked_about(
    tmp_path: Path,
) -> None:
    _visitors(tmp_path)
    found = read(tmp_path)
    assert len(found.leads) == N
    [asked] = [one for one in found.findings if one.check == "outcome"]
    assert (
        f"first_stay: a date for 20 of {N} leads, none of them before the lead came"
        in asked.evidence
    )
    assert 'model.source.outcome: first_stay, model.source.won: ["*"]' in asked.fix


@pytest.mark.parametrize("name", ["last_stay", "account_closed_lost"])
def test_a_date_called_otherwise_or_before_leads_came_is_not(tmp_path: Path, name: str) -> None:
    rows = [
        [f"u{n}", f"2025-02-{n % 28 + 1:02}", f"2025-03-{n % 28 + 1:02}" if n % 3 == 0 else "", f"2024-03-{n % 28 + 1:02}" if n % 3 else ""]
        for n in range(N)
    ]  # fmt: skip
    found = read(put(tmp_path / "u.csv", table(["id", "account_created", name, "earlier"], rows)))
    [asked] = [one for one in found.findings if one.check == "outcome"]
    assert not [one for one in asked.evidence if ": a date for" in one]


@pytest.mark.parametrize(
    ("name", "step", "taken"),
    [("timestamp", 1, True), ("timestamp", -1, False), ("minutes spent", 1, False)],
)
def test_seconds_since_a_beginning_that_never_fall_are_time(
    tmp_path: Path, name: str, step: int, taken: bool
) -> None:
    rows = [[n // 2 * 40 * step, f"c{n % 4}", int(n % 5 == 0)] for n in range(N)]
    found = read(put(tmp_path / "e.csv", table([name, "campaign", "conversion"], rows)))
    assert (f"{name} rises from lead to lead" in found.told("assumed")) is taken


def test_a_column_of_any_name_whose_cells_are_ends_is_asked_about_first(tmp_path: Path) -> None:
    ends = ("failed", "successful", "live", "canceled")
    rows = [[n, f"c{n % 3}", f"2025-01-{n % 28 + 1:02}", ends[n % 4]] for n in range(N)]
    found = read(put(tmp_path / "e.csv", table(["ID", "category", "launched", "state"], rows)))
    [asked] = [one for one in found.findings if one.check == "outcome"]
    assert asked.evidence[0].startswith("state: ")
    line = 'model.source.won: ["successful"], model.source.lost: ["failed", "canceled"]'
    assert f"if its cells tell it: model.source.outcome: state, {line}" in asked.fix


def test_where_nothing_tells_outcomes_events_of_accounts_are_no_leads(tmp_path: Path) -> None:
    accounts = [
        [f"a{n}", f"2025-01-{n % 28 + 1:02}", ("free", "pro")[n % 7 == 0]] for n in range(N)
    ]
    put(tmp_path / "accounts.csv", table(["account_id", "signup_at", "plan"], accounts))
    events = [[f"a{n % N}", "invite", f"2025-01-{n % 28 + 1:02}"] for n in range(4 * N)]
    put(tmp_path / "events.csv", table(["account_id", "event", "timestamp"], events))
    assert len(read(tmp_path).leads) == N


def test_a_reference_of_each_lead_is_its_id(tmp_path: Path) -> None:
    rows = [[f"R{n * 7 % 61}", f"c{n % 3}", ("Won", "Lost")[n % 2]] for n in range(N)]
    found = read(put(tmp_path / "e.csv", table(["Enquiry Ref", "Source", "Status"], rows)))
    assert "id=Enquiry Ref" in found.told("columns")


def test_of_several_yes_or_no_one_with_a_word_of_an_outcome_is_asked_about_first(
    tmp_path: Path,
) -> None:
    rows = [[f"K{n}", int(n % 9 == 0), n % 2, int(n % 5 == 0), int(n % 7 == 0)] for n in range(N)]
    header = ["ID", "TARGET_B", "OWNER", "PHONE_D", "CARD"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    [asked] = [one for one in found.findings if one.check == "outcome"]
    assert [one.partition(": 0, 1")[0] for one in asked.evidence[:3]] == [
        "TARGET_B", "CARD", "or: PHONE_D, OWNER",
    ]  # fmt: skip
    assert (
        'if TARGET_B tells it: model.source.outcome: TARGET_B, model.source.won: ["1"]' in asked.fix
    )


@pytest.mark.parametrize(
    ("words", "taken"),
    [(("Won", "Lost"), "Status"), (("success", "failure"), "Newsletter")],
)
def test_a_yes_or_no_that_one_part_lacks_gives_way_to_the_surest_words(
    tmp_path: Path, words: tuple[str, str], taken: str
) -> None:
    def rows(first: int) -> list[list[object]]:
        return [
            [f"K{k}", f"2025-{k % 12 + 1:02}-01", words[k // 9 % 2] if k % 9 == 0 else "", ("yes", "no")[k % 2]]
            for k in range(first, first + 4 * N)
        ]  # fmt: skip

    header = ["Id", "Created", "Status" if taken == "Status" else "Outcome", "Newsletter"]
    put(tmp_path / "train.csv", table(header, rows(0)))
    put(tmp_path / "test.csv", table(header[:-1], [row[:-1] for row in rows(4 * N)]))
    found = read(tmp_path)
    assert f": {taken} (won" in found.told("outcome")
