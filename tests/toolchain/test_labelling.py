"""Labels by hand: what is kept, what comes next and what becomes of it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from kits.core.annotation import Annotation
from kits.core.errors import DataError, UsageError
from kits.core.prediction import Quantity, Span
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.labelling.applying import apply
from kits.toolchain.labelling.desk import Desk
from kits.toolchain.labelling.journal import Entry, Journal
from kits.toolchain.labelling.work import Guess, Sitting
from kits.toolchain.project import Project
from tests.toolchain.notes import (
    NOW,
    TOPICS,
    label_all,
    make_notes_project,
    notes,
    notes_kit,
    said,
    truth,
)

__all__ = ["notes", "notes_kit"]


class TestJournal:
    def test_the_newest_statement_holds_and_the_older_ones_stay(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path / "labels.jsonl")
        journal.append(said("a", "parcel"))
        journal.append(said("a", "refund", "ben", 5))
        stated = journal.standing().stated
        assert stated["a"].label == "refund" and stated["a"].author == "ben"
        assert stated["a"].at == NOW + timedelta(minutes=5)
        assert [entry.annotation.label for entry in journal.entries()] == ["parcel", "refund"]

    def test_taking_back_restores_what_was_said_before(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path / "labels.jsonl")
        journal.append(said("a", "parcel"))
        journal.append(said("a", "refund", "ben"))
        journal.append(Entry("a", "undo", "ben", NOW))
        assert journal.standing().stated["a"].label == "parcel"
        journal.append(Entry("a", "undo", "ben", NOW))  # ben has said nothing that stands
        assert journal.standing().stated["a"].label == "parcel"

    def test_killed_after_any_byte_every_whole_statement_stands_and_the_next_is_kept(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "labels.jsonl"
        journal = Journal(path)
        for number in range(3):
            journal.append(said(f"s{number}", f"größe-{number}"))
        whole = path.read_bytes()
        ends = [place + 1 for place, byte in enumerate(whole) if byte == 0x0A]
        for cut in range(len(whole) + 1):
            path.write_bytes(whole[:cut])
            journal.append(said("late", "parcel"))
            stated = journal.standing().stated
            # a line that lacks nothing but its end counts too
            complete = sum(cut >= end - 1 for end in ends)
            assert set(stated) == {f"s{n}" for n in range(complete)} | {"late"}, cut
            torn = cut not in (0, *ends, *(end - 1 for end in ends))
            assert journal.damaged == torn, cut

    def test_lines_that_are_no_statements_are_passed_over_and_counted(self, tmp_path: Path) -> None:
        path = tmp_path / "labels.jsonl"
        path.write_bytes(b'null\n[]\n{"act":"state"}\n\xff\xfe\n{"sample":1,"act":"eat"}\n\n')
        journal = Journal(path)
        assert journal.entries() == [] and journal.damaged == 5

    def test_two_people_label_one_after_another_not_at_once(self, tmp_path: Path) -> None:
        journal, other = Journal(tmp_path / "labels.jsonl"), Journal(tmp_path / "labels.jsonl")
        with (
            journal.writing(),
            pytest.raises(UsageError, match="labelling") as refused,
            other.writing(),
        ):
            pass
        assert "--export" in refused.value.fix
        with other.writing():
            other.append(said("a", "parcel"))
        assert "a" in journal.standing().stated


class TestRounds:
    def test_a_round_has_what_teaches_and_a_random_share_of_what_judges(
        self, notes: Project
    ) -> None:
        desk = Desk(notes, "ada")
        splits = {item.sample.id: item.split for item in desk.dataset.items}
        order = desk.sit(20).order
        counts = Counter(splits[one.sample_id] for one in order)
        assert counts == {"train": 14, "val": 3, "test": 3}
        assert len({one.sample_id for one in order}) == 20
        reasons = {splits[one.sample_id]: one.reason for one in order}
        assert reasons["train"] == "among the longest" and "at random" in reasons["test"]

    def test_what_is_left_early_has_something_of_each_part(self, notes: Project) -> None:
        desk = Desk(notes, "ada")
        splits = {item.sample.id: item.split for item in desk.dataset.items}
        first = {splits[one.sample_id] for one in desk.sit(20).order[:6]}
        assert first == {"train", "val", "test"}

    def test_nothing_comes_twice_until_all_is_labelled(self, notes: Project) -> None:
        desk = Desk(notes, "ada")
        seen: list[str] = []
        while True:
            try:
                sitting = desk.sit(9)
            except DataError as over:
                assert over.fix == "kit train"
                break
            seen += [one.sample_id for one in sitting.order]
            while sitting.task() is not None:
                sitting.state(["parcel"])
        assert len(seen) == len(set(seen)) == 40

    def test_what_one_person_passes_over_waits_for_another(self, notes: Project) -> None:
        sitting = Desk(notes, "ada").sit(5)
        passed = sitting.order[0].sample_id
        sitting.skip()
        assert passed not in {one.sample_id for one in Desk(notes, "ada").sit(40).order}
        assert passed in {one.sample_id for one in Desk(notes, "ben").sit(40).order}

    def test_a_round_goes_on_where_a_killed_one_stopped(self, notes: Project) -> None:
        label_all(Desk(notes, "ada"), 12, limit=7)
        again = Desk(notes, "ada")
        assert again.state().labelled == 7
        assert len(again.sit(40).order) == 33

    def test_the_kit_expects_what_resembles_what_is_known(self, notes: Project) -> None:
        label_all(Desk(notes, "ada"), 12)
        task = Desk(notes, "ada").sit(12).task()
        assert task is not None and task.stands_for == 3
        assert task.guess.labels == (truth(task.shown.text),)

    def test_a_bundle_that_cannot_be_used_keeps_nobody_from_labelling(self, notes: Project) -> None:
        notes.bundles_dir.mkdir()
        (notes.bundles_dir / "letterbox-1-000000000000.kwb").write_bytes(b"torn")
        desk = Desk(notes, "ada")
        task = desk.sit(1).task()
        assert desk.bundle == "" and task is not None and task.guess.label == ""

    def test_samples_that_are_no_text_are_labelled_in_the_hub(
        self, dots_folder: Path, tmp_path: Path
    ) -> None:
        from tests.toolchain.conftest import make_project

        with pytest.raises(UsageError) as refused:
            Desk(make_project(tmp_path / "dots", dots_folder), "ada")
        assert "hub" in refused.value.fix


class TestSitting:
    def test_several_labels_are_one_statement_in_the_order_of_the_alphabet(
        self, notes: Project
    ) -> None:
        desk = Desk(notes, "ada")
        sitting = desk.sit(3)
        sitting.state(["refund", "parcel", "refund"])
        sample = sitting.order[0].sample_id
        stated = desk.journal.standing().stated[sample]
        assert stated.label == "parcel|refund"
        assert stated.author == "ada" and stated.source == "review"

    def test_a_way_back_takes_the_last_statement_or_skip_back(self, notes: Project) -> None:
        desk = Desk(notes, "ada")
        sitting = desk.sit(5)
        assert not sitting.undo()
        sitting.state(["parcel"])
        sitting.skip()
        assert sitting.made == 1
        assert sitting.undo() and sitting.undo() and sitting.place == 0
        standing = desk.journal.standing()
        assert standing.stated == {} and standing.skipped == {}
        assert sitting.made == 0

    @pytest.mark.parametrize("label", ["", "  ", "a|b", "x" * 61, "bell\x07", "turned\u202earound"])
    def test_what_cannot_be_a_label_is_refused_and_nothing_is_kept(
        self, notes: Project, label: str
    ) -> None:
        desk = Desk(notes, "ada")
        sitting = desk.sit(2)
        with pytest.raises(UsageError):
            sitting.state([label])
        assert sitting.place == 0 and not desk.journal.path.exists()

    def test_few_labels_keep_their_keys_and_of_many_the_likeliest_come_first(
        self, notes: Project
    ) -> None:
        desk = Desk(notes, "ada")
        order = desk.sit(2).order

        def labels(names: tuple[str, ...]) -> tuple[str, ...]:
            sitting = Sitting(
                desk.dataset, desk.journal, "ada", order, desk.look,
                lambda _content: Guess("refund", {"refund": 0.9, "topic-4": 0.1}), names=names,
            )  # fmt: skip
            task = sitting.task()
            assert task is not None
            return task.labels

        assert labels(("refund", "parcel")) == ("parcel", "refund")
        many = labels(("parcel", "refund", *(f"topic-{n}" for n in range(12))))
        assert many[:2] == ("refund", "topic-4") and len(many) == 14

    def test_what_steers_a_terminal_or_turns_text_around_is_not_shown(
        self, notes_kit: Path, tmp_path: Path
    ) -> None:
        root = tmp_path / "p"
        (root / "notes").mkdir(parents=True)
        (root / "notes" / "a.txt").write_bytes(
            b"Hi\x1b[2J\x1b]0;x\x07\nrefund \xe2\x80\xaeTFEL\r\nbye"
        )
        (root / "kit.yaml").write_text("kit: notes\nname: p\n")
        project = Project.open(root)
        import_data(project, root / "notes", ImportOptions())
        task = Desk(project, "ada").sit(1).task()
        assert task is not None
        assert task.shown.title == "Hi\ufffd[2J\ufffd]0;x\ufffd"
        assert task.shown.text == "refund \ufffdTFEL\nbye"


class TestVersions:
    def test_statements_become_a_version_and_samples_stay_where_they_were(
        self, notes: Project
    ) -> None:
        desk = Desk(notes, "ada")
        before = {item.sample.id: item.split for item in desk.dataset.items}
        label_all(desk, 20)
        done = apply(notes, desk.journal)
        after = Project.open(notes.root).dataset()
        assert after.id == done.dataset.id and done.changed == 20
        assert after.header.parent == desk.dataset.id
        assert {item.sample.id: item.split for item in after.items} == before
        assert after.header.labels == tuple(sorted(TOPICS))
        labelled = [item for item in after.items if item.annotation]
        assert len(labelled) == 20
        assert all(
            item.annotation.label == truth(after.content(item).decode()) for item in labelled
        )

    def test_the_same_statements_twice_are_one_version(self, notes: Project) -> None:
        desk = Desk(notes, "ada")
        label_all(desk, 5)
        first = apply(notes, desk.journal)
        again = apply(notes, desk.journal)
        assert again.changed == 0 and again.dataset.id == first.dataset.id
        assert len(notes.dataset_ids()) == 2

    def test_what_is_taken_back_leaves_the_version_too(self, notes: Project) -> None:
        desk = Desk(notes, "ada")
        sitting = desk.sit(3)
        sitting.state(["parcel"])
        sitting.state(["refund"])
        assert desk.finish().labelled == 2
        sitting.undo()
        end = desk.finish()
        assert end.labelled == 1 and end.waiting == 39
        assert notes.dataset().header.labels == ("parcel",)
        sitting.undo()
        assert desk.finish().labelled == 0

    def test_without_a_statement_there_is_no_version(self, notes: Project) -> None:
        with pytest.raises(DataError) as refused:
            apply(notes, Desk(notes, "ada").journal)
        assert refused.value.fix == "kit label"

    def test_what_is_known_beside_the_label_stays(self, notes: Project) -> None:
        from dataclasses import replace

        from kits.core.dataset import build, save

        dataset = notes.dataset()
        beside = Annotation(
            spans=(Span(0, 5, "where", "where"),), quantities=(Quantity("urgency", 2, "level"),)
        )
        items = [replace(item, annotation=beside) for item in dataset.items]
        version = build(dataset.header, items, dataset.blobs)
        save(version, notes.datasets_dir)
        notes.use_dataset(version.id)
        desk = Desk(notes, "ada")
        label_all(desk, 1)
        stated = next(i for i in apply(notes, desk.journal).dataset.items if i.annotation.label)
        assert stated.annotation.spans == beside.spans
        assert stated.annotation.quantities == beside.quantities

    def test_statements_on_samples_that_are_gone_are_counted(self, notes: Project) -> None:
        journal = Desk(notes, "ada").journal
        journal.append(said("f-gone", "parcel"))
        assert apply(notes, journal).absent == 1

    def test_the_end_of_a_round_tells_what_labels_have_bought(self, notes: Project) -> None:
        desk = Desk(notes, "ada")
        label_all(desk, 12)
        end = desk.finish()
        text = "\n".join(end.rows)
        assert "12 of 40 notes are labelled" in end.line and end.waiting == 28
        assert "     12  " in text and "100.0 % [73.5, 100.0]" in text
        assert "the next 50 labels buy about +10.0 points of accuracy [+0.3, +44.5]" in text


def test_a_version_that_grows_keeps_its_labels(notes_kit: Path, tmp_path: Path) -> None:
    project = make_notes_project(tmp_path / "p", 12)
    desk = Desk(project, "ada")
    label_all(desk, 12)
    apply(project, desk.journal)
    (project.root / "notes" / "new.txt").write_text("New\nplease pay my money back at once")
    import_data(project, project.root / "notes", ImportOptions())
    again = Desk(project, "ada")
    assert again.state().labelled == 12 and len(again.sit(50).order) == 1
