"""What `kit check` says of columns in which people object to be scored."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.kit import Finding
from kits.core.settings import load_yaml
from kits.lead_scoring._checking import columns
from kits.lead_scoring.config import Config
from tests.lead_scoring.checked_leads import leads, only


@pytest.mark.parametrize(
    "name", ["Do Not Call", "HasOptedOutOfEmail", "donotbulkemail", "Werbesperre", "Ne pas contacter", "Nie kontaktować", "Nekontaktovat", "No acepta publicidad", "Afgemeld"]
)  # fmt: skip
def test_who_must_not_be_called_is_asked_about_in_many_spellings(tmp_path: Path, name: str) -> None:
    rows = [[i, "yes" if i < 3 else "no", i % 2] for i in range(20)]
    found = list(columns.opt_out(leads(tmp_path, ["id", name, "converted"], rows), Config()))
    assert [one.fix for one in found] == [f"if it does: model.columns.opt_out: {name}"]
    both = [[i, "no", "yes" if i % 9 else "no", i % 2] for i in range(50)]
    table_ = leads(tmp_path, ["id", "Do not call", "Do not email", "converted"], both)
    assert only(list(columns.opt_out(table_, Config()))).fix.endswith("opt_out: Do not email")
    other = list(columns.opt_out(leads(tmp_path, ["id", "No contact made", "y"], rows), Config()))
    assert not other


def test_all_columns_in_which_people_object_are_proposed_and_count_together(tmp_path: Path) -> None:
    def said(*, yes: bool) -> str:
        return "Yes" if yes else "No"

    header = ["id", "Do Not Email", "Do Not Call", "donotphone", "No marketing: post", "converted"]
    rows = [
        [i, said(yes=i < 6), said(yes=4 <= i < 8), said(yes=i == 9), said(yes=False), i % 2]
        for i in range(50)
    ]
    table_ = leads(tmp_path, header, rows)

    [hint] = columns.opt_out(table_, Config())
    listed = hint.fix.removeprefix("if they do: model.columns.opt_out: ")
    stated = load_yaml(listed)
    [counted] = columns.opt_out(table_, Config.model_validate({"columns": {"opt_out": stated}}))
    wrong = {"columns": {"opt_out": ["Do Not Emial", "Do Not Call"]}}
    told = list(columns.opt_out(table_, Config.model_validate(wrong)))

    assert listed == "[Do Not Email, Do Not Call, donotphone]" and "post" in hint.text
    assert (
        counted.text == "9 leads do not want to be scored (Do Not Email, Do Not Call, donotphone)"
    )
    assert [one.level for one in told] == ["warn", "pass"]
    assert "'Do Not Emial'" in told[0].text and told[1].text.startswith("4 leads")


def test_a_name_that_yaml_would_read_otherwise_is_proposed_in_quotes(tmp_path: Path) -> None:
    rows = [[i, "Yes" if i < 3 else "No", i % 2] for i in range(20)]
    table_ = leads(tmp_path, ["id", "Opted out: mail", "converted"], rows)
    [hint] = columns.opt_out(table_, Config())
    assert load_yaml(hint.fix.removeprefix("if it does: ")) == {
        "model.columns.opt_out": "Opted out: mail"
    }


def test_a_column_of_opted_out_people_is_suggested_counted_or_missed(tmp_path: Path) -> None:
    rows = [[i, "yes" if i < 3 else "no", i % 2] for i in range(20)]
    table_ = leads(tmp_path, ["id", "Opted out of profiling", "converted"], rows)

    def told(stated: str) -> Finding:
        return only(
            list(columns.opt_out(table_, Config.model_validate({"columns": {"opt_out": stated}})))
        )

    assert "model.columns.opt_out: Opted out of profiling" in told("").fix
    assert told("Opted out of profiling").text.startswith("3 leads do not want to be scored")
    assert "did you mean" in told("Opted out of profilin").fix
