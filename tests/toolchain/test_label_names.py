"""Names of labels: keys that stay, one label that is spelled in two ways, and other names for all that has one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.errors import UsageError, nearly
from kits.core.labelling import misspelt, spelling
from kits.core.prediction import Span
from kits.toolchain.guardrails import check_project
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.labelling.control import Control
from kits.toolchain.labelling.desk import Desk
from kits.toolchain.labelling.journal import Entry
from kits.toolchain.labelling.renaming import names_of
from kits.toolchain.labelling.rounds import with_statements
from kits.toolchain.labelling.work import Guess
from kits.toolchain.project import Project
from tests.toolchain.notes import NOW, notes, notes_kit, said
from tests.toolchain.plugin import numbers, plugin, project, write_samples

__all__ = ["notes", "notes_kit", "plugin", "project"]


def press(control: Control, *keys: str) -> None:
    for key in keys:
        for one in [key] if key in ("enter", "escape") else key:
            control.press(one)


def labels_of(desk: Desk) -> dict[str, int]:
    return dict(desk.state().counts)


@pytest.mark.parametrize(
    ("label", "other", "same"),
    [
        ("Late parcel", "late_parcel", True),
        ("late-parcel", "LATE  PARCEL", True),
        ("Straße", "STRASSE", True),
        ("Ｓoftware", "software", True),
        ("A+", "A-", False),
        ("1-2", "12", False),
        ("tilt -5", "tilt 5", False),
        ("level_-0.5mm", "level_0.5mm", False),
        ("tilt - 5", "tilt_5", True),
        ("refund", "refunds", False),
    ],
)
def test_capitals_and_what_stands_between_words_tell_no_labels_apart(
    label: str, other: str, same: bool
) -> None:
    assert (spelling(label) == spelling(other)) is same


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        (("invoce", "order"), {"invoce": "invoice"}),
        (("invoices", "invoice"), {}),  # beside the known one it is a new one
        (("warranty", "order"), {}),
        (("Late_parcel",), {}),
    ],
)
def test_only_what_is_close_to_a_label_that_nothing_names_counts_as_misspelt(
    names: tuple[str, ...], meant: dict[str, str]
) -> None:
    assert misspelt(names, ("invoice", "late parcel", "oos", "order")) == meant


@pytest.mark.parametrize(
    ("stated", "known"),
    [
        ("normal", "abnormal"),
        ("healthy", "unhealthy"),
        ("undamaged", "damaged"),
        ("vibration_y", "vibration_x"),
        ("currentA", "currentB"),
        ("phasea", "phaseb"),
        ("FE_time", "DE_time"),
        ("inlet_temperature", "outlet_temperature"),
        ("temperature_min", "temperature_max"),
        ("temperature_x", "temperature"),
        ("close_date_2", "close_date_1"),
    ],
)
def test_names_that_are_two_are_not_taken_for_a_slip_of_each_other(stated: str, known: str) -> None:
    assert nearly([stated], [known]) == nearly([known], [stated]) == {}


@pytest.mark.parametrize(
    ("stated", "known"),
    [
        ("Normal Betreib", "Normal Betrieb"),
        ("tempreature_in", "temperature_in"),
        ("closedate", "close_date"),
        ("CloseDates", "close_date"),
        ("Temperature", "temperature"),
    ],
)
def test_a_slip_is_known_in_the_middle_of_a_word_at_its_end_and_between_words(
    stated: str, known: str
) -> None:
    assert nearly([stated], [known]) == {stated: known}


class TestKeys:
    def test_a_new_label_leaves_the_keys_of_the_others_alone(self, notes: Project) -> None:
        control = Control(Desk(notes, "ada").sit(6))
        press(control, "n", "parcel", "enter", "n", "invoice", "enter")
        assert control.task is not None and control.task.labels == ("parcel", "invoice")
        press(control, "1", "u")
        assert control.task.labels == ("parcel", "invoice")

    def test_a_label_that_is_there_in_another_spelling_is_that_one_and_it_is_said(
        self, notes: Project
    ) -> None:
        desk = Desk(notes, "ada")
        control = Control(desk.sit(6))
        press(control, "n", "Late parcel", "enter", "n", "late_parcel", "enter")
        assert "'Late parcel', which is there already" in control.message
        press(control, "n", "Late  parcel ", "enter")
        assert control.message == "" and labels_of(desk) == {"Late parcel": 3}

    def test_who_takes_a_new_label_back_may_spell_it_otherwise(self, notes: Project) -> None:
        """Else nobody could spell it otherwise who slipped the first time."""
        desk = Desk(notes, "ada")
        control = Control(desk.sit(6))
        press(control, "n", "LAte parcel", "enter", "u", "n", "Late parcel", "enter")
        assert control.message == ""
        press(control, "1", "u")
        assert labels_of(desk) == {"Late parcel": 1}
        assert control.task is not None and control.task.labels == ("Late parcel",)


class TestRenaming:
    def test_all_that_has_the_label_has_another_whoever_said_it(self, notes: Project) -> None:
        desk = Desk(notes, "ada")
        ids = [item.sample.id for item in desk.dataset.items[:3]]
        for identity, label in zip(ids, ("refnd", "parcel|refnd", "refund")):
            desk.journal.append(said(identity, label, "ben"))
        desk.finish()
        answer = run(notes, "--rename", "refnd=refund")
        assert answer["renamed"] == 2
        assert labels_of(Desk(notes, "ada")) == {"parcel": 1, "refund": 3}
        assert run(notes, "--rename", "refund=parcel")["renamed"] == 3
        assert labels_of(Desk(notes, "ada")) == {"parcel": 3}

    def test_two_names_are_swapped_in_one_go_and_spans_stay(self, notes: Project) -> None:
        desk = Desk(notes, "ada")
        first, second = (item.sample.id for item in desk.dataset.items[:2])
        entry = said(first, "parcel")
        assert entry.annotation is not None
        marked = type(entry.annotation)(
            "parcel", spans=(Span(0, 4, "order", "Note"),), author="ada", source="outcome", at=NOW
        )
        desk.journal.append(Entry(first, "state", "ada", NOW, marked))
        desk.journal.append(said(second, "refund"))
        run(notes, "--rename", "parcel=refund", "--rename", "refund=parcel")
        after = Desk(notes, "ada")
        known = {i.sample.id: i.annotation for i in with_statements(after.dataset, after.journal.standing()).items}  # fmt: skip
        assert (
            (one := known[first])
            and one.label == "refund"
            and one.spans
            and one.source == "outcome"
        )
        assert (other := known[second]) and other.label == "parcel"

    def test_a_name_that_nothing_has_is_refused_and_nothing_is_said(self, notes: Project) -> None:
        desk = Desk(notes, "ada")
        desk.journal.append(said(desk.dataset.items[0].sample.id, "refund"))
        words = [
            "label",
            "--project",
            str(notes.root),
            "--rename",
            "refund=x",
            "--rename",
            "prcel=y",
        ]
        result = CliRunner().invoke(make_app(), words)
        assert isinstance(result.exception, UsageError) and "'prcel'" in result.exception.what
        assert labels_of(Desk(notes, "ada")) == {"refund": 1}

    @pytest.mark.parametrize("pairs", [["refund"], ["=x"], ["a=b|c"], ["a="], ["a=b", "a=c"]])
    def test_what_is_no_pair_of_names_is_refused(self, pairs: list[str]) -> None:
        with pytest.raises(UsageError):
            names_of(pairs)


def test_classes_that_are_spelled_apart_are_told(project: Project, tmp_path: Path) -> None:
    folder = write_samples(tmp_path / "data", "good", numbers(1, 40))
    write_samples(folder, "Late_bad", numbers(5, 20))
    import_data(project, write_samples(folder, "late bad", numbers(9, 20)), ImportOptions())
    found = {finding.check: finding for finding in check_project(project)}["labels-spelled-apart"]
    assert found.level == "warn" and "'Late_bad' and 'late bad'" in found.text
    assert "--replace" in found.fix


def test_what_the_configuration_describes_is_the_label_that_samples_have(notes: Project) -> None:
    about = "{Late_parcel: did not come, refnd: wants money back, OOS: nothing of these}"
    (notes.root / "kit.yaml").write_text(
        f"kit: notes\nname: letterbox\nmodel: {{labels: {about}}}\n"
    )
    project = Project.open(notes.root)
    desk = Desk(project, "ada")
    sitting = desk.sit(4)
    assert sitting.labels(Guess()) == ("Late_parcel", "refnd")  # `oos` has a key of its own
    for label in ("late parcel", "late parcel", "refund", "OOS"):
        sitting.state([label])
    desk.finish()
    assert labels_of(desk) == {"Late_parcel": 2, "oos": 1, "refund": 1}
    told = [finding for finding in check_project(project) if finding.check == "label-described"]
    assert len(told) == 1 and "'refnd'" in told[0].text and "is 'refund' meant?" in told[0].text


def run(notes: Project, *options: str) -> dict[str, int]:
    words = ["label", "--project", str(notes.root), "--json", *options]
    result = CliRunner().invoke(make_app(), words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    answer: dict[str, int] = json.loads(result.stdout)
    return answer
