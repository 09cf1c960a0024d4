"""Sets to learn from whose parts say more, or less, than they seem to: answers to be filled in, labels in a file of lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.lead_scoring import data
from tests.lead_scoring.reading.lead_files import put, read, source, table

HEADER = ["visitor", "Age", "Job", "Outcome", "Seen", "Taken"]
N = 200


def rows(first: int, n: int, *, taken: bool = True) -> list[list[object]]:
    """People, of whom a few were asked in an earlier campaign, too, which went well with some."""
    return [
        [f"v{k * 7919 % 10007}", 20 + k % 50, "abc"[k % 3], ("success", "failure", "", "", "")[k % 5], k % 4, int(k % 6 == 0) if taken else ""]
        for k in range(first, first + n)
    ]  # fmt: skip


def test_answers_that_are_the_same_for_a_whole_test_part_are_none(tmp_path: Path) -> None:
    header = ["visitor", "Age", "Job", "Seen", "Ordered"]
    cut = [[*row[:3], row[4], row[5]] for row in rows(0, N)]
    put(tmp_path / "training_sample.csv", table(header, cut))
    told = [[*row[:3], row[4], 0] for row in rows(N, N)]
    put(tmp_path / "testing_sample.csv", table(header, told))
    found = read(tmp_path)
    assert found.labels.count("") == N
    assert found.told("split-alike").startswith(f"Ordered is '0' for all {N} leads")
    assert {one.split for one in found.samples} == {None}
    assert "" not in read(tmp_path, source(split="none")).labels, "the fix, followed"
    # a few that end alike do so by chance
    put(tmp_path / "testing_sample.csv", table(header, told[:20]))
    assert "" not in read(tmp_path).labels


def test_leads_to_learn_from_alone_are_split_beside_leads_of_no_split(tmp_path: Path) -> None:
    put(tmp_path / "dmc_train.txt", table(HEADER, rows(0, N), ";"))
    others = [row[:-1] for row in rows(N, N)]
    put(tmp_path / "dmc_class.txt", table(HEADER[:-1], others, ";"))
    found = read(tmp_path)
    assert {one.split for one in found.samples} == {None}
    assert f"the other {N} have none" in found.told("split-open")


def test_words_of_few_leads_give_way_to_a_yes_or_no_of_all_that_are_to_learn_from(
    tmp_path: Path,
) -> None:
    put(tmp_path / "train.csv", table(HEADER, rows(0, N)))
    put(tmp_path / "test.csv", table(HEADER, rows(N, 60, taken=False)))
    found = read(tmp_path)
    assert found.labels.count("won") == sum(k % 6 == 0 for k in range(N))
    assert "Taken was taken" in found.told("assumed")


@pytest.mark.parametrize("signs", [("0", "1"), ("-1", "1")])
def test_a_file_of_one_value_a_line_is_a_column_of_the_table_beside_it(
    tmp_path: Path, signs: tuple[str, str]
) -> None:
    put(tmp_path / "small_train.data", table(HEADER[:3], [row[:3] for row in rows(0, N)], "\t"))
    lines = "".join(f"{signs[k % 6 == 0]}\n" for k in range(N))
    put(tmp_path / "small_train_churn.labels", lines)
    put(tmp_path / "other.labels", "1\n0\n" * 30)
    found = read(tmp_path)
    assert "as many as small_train.data has rows" in found.told("lines-as-column")
    [asked] = [one for one in found.findings if one.check == "outcome"]
    assert 'model.source.outcome: small_churn, model.source.won: ["1"]' in asked.fix
    lost = {} if signs[0] == "0" else {"lost": ["-1"]}
    said = read(tmp_path, source(outcome="small_churn", won=["1"], **lost))
    assert said.labels == ["won" if k % 6 == 0 else "lost" for k in range(N)]


def test_what_is_packed_is_said_to_be(tmp_path: Path) -> None:
    put(tmp_path / "leads.csv.gz", b"\x1f\x8b")
    with pytest.raises(DataError, match=r"leads\.csv\.gz is none: packed: unpack it"):
        data.detect_format(tmp_path)


def test_a_stage_of_prospects_is_one_and_an_expired_quote_is_lost(tmp_path: Path) -> None:
    ends = ["Customer", "Not Interested", "Contacted"]
    made = [[f"p{k}", f"2024-{1 + k % 9:02}-05", ends[k % 3]] for k in range(60)]
    header = ["Prospect ID", "Created On", "Prospect Stage"]
    found = read(put(tmp_path / "e.csv", table(header, made)))
    assert found.labels == ["won", "lost", ""] * 20
    ends = ["Auftrag erteilt", "verfallen", "offen"]
    made = [[f"A{k}", f"2024-{1 + k % 9:02}-05", ends[k % 3]] for k in range(60)]
    found = read(put(tmp_path / "e.csv", table(["Nr", "Datum", "Angebotsstatus"], made)))
    assert found.labels == ["won", "lost", ""] * 20


def test_a_state_in_words_is_asked_about_before_any_yes_or_no(tmp_path: Path) -> None:
    header = ["ListingKey", "Homeowner", "LoanStatus", "Insured"]
    states = ["Completed", "Current", "Late", "Past Due (1-15 days)"]
    made = [[f"K{k}", k % 2, states[k % 4], k // 2 % 2] for k in range(80)]
    found = read(put(tmp_path / "e.csv", table(header, made)))
    [asked] = [one for one in found.findings if one.check == "outcome"]
    assert "if LoanStatus tells it" in asked.fix


def test_a_list_of_the_columns_of_a_file_without_names_is_no_table_of_leads(tmp_path: Path) -> None:
    bare = [[*row[:2], k % 2, 3, row[5]] for k, row in enumerate(rows(0, N))]
    put(tmp_path / "Modeling_Data.txt", table([str(one) for one in bare[0]], bare[1:], "\t"))
    names = [[n, f"Var {n}", "text"] for n in range(1, 6)]
    put(tmp_path / "VariablesList.csv", table(["Var_Id", "Var_Title", "Var_Description"], names))
    with pytest.raises(DataError) as error:
        read(tmp_path)
    assert "VariablesList.csv was passed over: it has as many rows as Modeling_Data.txt" in str(
        error.value
    )
    assert "write these as the first line of Modeling_Data.txt" in error.value.fix
    # followed
    titles = [str(row[1]) for row in names[:-1]]
    put(tmp_path / "Modeling_Data.txt", table([*titles, "target"], bare, "\t"))
    found = read(tmp_path)
    assert found.labels.count("won") == sum(k % 6 == 0 for k in range(N))
