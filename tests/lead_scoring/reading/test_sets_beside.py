"""Sets to learn from of which another table, a mark or a name tells more: y beside X, subscriptions left, W and L, `_DT` and `_IND`."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import put, read, source, table

N = 120
DAY = date(2024, 1, 1)


@pytest.mark.parametrize("name", ["y_train", "train_labels"])
def test_a_table_of_ids_and_outcomes_is_a_column_of_the_leads_beside_it(
    tmp_path: Path, name: str
) -> None:
    features = [[f"c{k}", k % 9, "ab"[k % 2]] for k in range(N)]
    put(tmp_path / "X_train.csv", table(["client_ref", "tenure", "channel"], features))
    answers = table(["client_ref", "renewed"], [[f"c{k}", int(k % 3 == 0)] for k in range(N)])
    put(tmp_path / f"{name}.csv", answers)
    found = read(tmp_path, source(outcome="renewed", won=["1"], lost=["0"]))
    assert found.labels == ["won" if k % 3 == 0 else "lost" for k in range(N)]
    assert found.leads[4].fields == {"tenure": 4.0, "channel": "a"}
    assert "renewed is a column of X_train.csv" in found.told("joined")
    # by another name it may be the list of those who were asked, of whom the other tells
    put(tmp_path / f"{name}.csv", "").unlink()
    put(tmp_path / "asked.csv", answers)
    found = read(tmp_path, source(outcome="renewed", won=["1"], lost=["0"]))
    assert found.leads[4].fields == {"X.tenure": 4.0, "X.channel": "a"}, "as in X_new.csv"


def test_of_subscriptions_that_were_left_each_is_asked_about(tmp_path: Path) -> None:
    firms = [[f"A{k}", f"2022-03-{1 + k % 28:02}", "ab"[k % 2]] for k in range(50)]
    put(tmp_path / "x_accounts.csv", table(["account_id", "signup_date", "kind"], firms))
    rows = [
        [f"S{k}", f"A{k * 7 % 48}", DAY + timedelta(k), ("Basic", "Pro")[k % 2], k % 4 == 0]
        for k in range(N)
    ]
    header = ["subscription_id", "account_id", "start_date", "plan", "churn_flag"]
    put(tmp_path / "x_subscriptions.csv", table(header, rows))
    found = read(tmp_path)
    [asked] = [one for one in found.findings if one.check == "outcome"]
    line = (
        'model.source.outcome: churn_flag, model.source.won: ["True"], model.source.lost: ["False"]'
    )
    assert (len(found.leads), line in asked.fix) == (N, True)


def test_w_and_l_mean_won_and_lost_and_a_counted_row_is_no_id(tmp_path: Path) -> None:
    rows = [
        [k + 1, f"ENQ/24/{k:04}", DAY + timedelta(k), "ab"[k % 2], "WL"[k % 2] if k < 100 else ""]
        for k in range(N)
    ]
    header = ["Sr. No.", "Enq No", "Enq Date", "Kind", "W/L"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert found.labels == ["won", "lost"] * 50 + [""] * 20
    assert found.leads[3].id == "ENQ/24/0003"


def test_marks_of_databases_behind_names_are_known(tmp_path: Path) -> None:
    rows = [
        [f"{k * 31 % 997:05}", f"{DAY + timedelta(k):%Y%m%d}", k % 5, int(k % 4 == 0)]
        for k in range(N)
    ]
    header = ["SK_ID_CURR", "QUOTE_DT", "KIND", "SALE_IND"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert found.labels.count("won") == N / 4
    assert (found.leads[1].id, str(found.leads[1].at)[:10]) == ("00031", "2024-01-02")


def test_where_all_were_asked_on_one_day_a_no_is_no(tmp_path: Path) -> None:
    rows = [
        [f"{DAY + timedelta(k % 100)} 10:00", "Yes" if k % 2 else "No", f"2024-05-01 10:{k % 60:02}" if k % 2 else ""]
        for k in range(400)
    ]  # fmt: skip
    path = put(tmp_path / "e.csv", table(["Registration Time", "Attended", "Join Time"], rows))
    found = read(path, source(outcome="Attended", won=["Yes"]))
    assert found.labels.count("lost") == 200


@pytest.mark.parametrize("won", ["Admission Taken", "Seat booked"])
def test_a_class_is_no_outcome_where_a_final_status_says_how_some_ended(
    tmp_path: Path, won: str
) -> None:
    ends = [won, "Not Interested", "Follow up"]
    rows = [
        [f"E{k}", DAY + timedelta(k), ("IX", "X", "XI")[k % 3], ends[k // 3 % 3]] for k in range(N)
    ]
    header = ["Submission #", "Enquiry Date", "Class", "Final Status"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert found.leads[1].id == "E1"
    if won == "Admission Taken":
        assert (found.labels.count("won"), found.labels.count("lost")) == (42, 39)
    else:
        [asked] = [one for one in found.findings if one.check == "outcome"]
        assert "Final Status tells it: model.source.outcome: Final Status" in asked.fix


def test_rows_without_any_date_may_have_been_there_before(tmp_path: Path) -> None:
    rows = [[f"p{k}", DAY + timedelta(k), k % 5, int(k % 4 == 0)] for k in range(N)]
    put(tmp_path / "train.csv", table(["id", "created_at", "grade", "converted"], rows))
    wants = [[f"p{k % N}", f"Item {k % 7}", 3 + k % 11] for k in range(2 * N)]
    put(tmp_path / "resources.csv", table(["id", "description", "price"], wants))
    [asked] = [one for one in read(tmp_path).findings if one.check == "table-without-time"]
    stated = [{"file": "resources.csv", "role": "accounts"}]
    assert "[{file: resources.csv, role: accounts}]" in asked.fix
    lead = read(tmp_path, source(tables=stated)).leads[3]
    assert lead.fields["resources.price"] == 6.0, "the fix, followed"


def test_an_outcome_of_visits_tells_who_gave(tmp_path: Path) -> None:
    ends = ["Donated", "Refused", "Moved away"]
    rows = [[DAY + timedelta(k), "ab"[k % 2], ends[k % 3], "" if k % 3 else 5] for k in range(N)]
    header = ["Visit date", "Area", "Outcome of visit", "Amount"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert found.labels == ["won", "lost", ""] * (N // 3)
