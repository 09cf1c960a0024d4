"""A person who is erased from a project is in none of its versions, stores and results; everything else goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.annotation import Annotation
from kits.core.errors import DataError
from kits.core.kit import Evaluation, ItemResult
from kits.core.sample import key_of
from kits.toolchain import erasing
from kits.toolchain.datasets import findings_path, load_findings
from kits.toolchain.evaluation import load_evaluation, save_evaluation
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.labelling.journal import NAME, Entry, Journal
from kits.toolchain.project import Project
from tests.lead_scoring.reading.lead_files import put, table

HEADER = ["Record ID", "Create Date", "Deal Stage", "Deal Name", "Deal owner", "Contact", "Note"]
SECRET = "Ann Example asked for blue ones"
ANN = "901"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    config = "kit: lead-scoring\nname: leads\nmodel: {columns: {keep: [Contact]}}\n"
    put(tmp_path / "p" / "kit.yaml", config)
    return Project.open(tmp_path / "p")


def bring(project: Project, name: str, note: str = SECRET) -> str:
    rows = [
        [900 + n, f"2025-01-{1 + n:02}", "closedwon" if n % 2 else "closedlost", f"n {n}", "x",
         f"p{n}@firm.example", note if n == 1 else f"about {n}"]
        for n in range(24)
    ]  # fmt: skip
    path = put(project.root.parent / name, table(HEADER, rows))
    return import_data(project, path, ImportOptions()).dataset.id


def judged(project: Project, version: str) -> Path:
    """A run that judged each lead of a version, with its report."""
    dataset, run = project.dataset(version), project.runs_dir / "r1"
    results = tuple(
        ItemResult(i.sample.id, "", "won", "act", 0.5, 0.0, {"reasons": [project.blobs.get(i.sample.digest).decode()]})
        for i in dataset.items
    )  # fmt: skip
    run.mkdir(parents=True)
    save_evaluation(
        Evaluation("lead-scoring", version, "test", len(results), 0, {}, {}, results),
        run / "evaluation.json",
    )
    (run / "report.html").write_text(" ".join(i.sample.source for i in dataset.items))
    return run


def labelled(project: Project, version: str) -> None:
    """Somebody said of each lead what it is, and wrote why."""
    journal = Journal(project.root / NAME)
    for item in project.dataset(version).items:
        why = project.blobs.get(item.sample.digest).decode()
        said = Annotation("won", author="eve", source="review", note=why)
        journal.append(Entry(item.sample.id, "state", "eve", said.at, said))


def holds(project: Project, text: str) -> list[str]:
    return [
        str(path.relative_to(project.root))
        for path in sorted(project.root.rglob("*"))
        if path.is_file() and text.encode() in path.read_bytes()
    ]


@pytest.mark.parametrize("who", [ANN, "HubSpot deals:901", "P1@firm.example"])
def test_nothing_of_a_person_is_left_in_a_project(project: Project, who: str) -> None:
    first = bring(project, "may.csv", "something else")
    second = bring(project, "june.csv")
    run = judged(project, second)
    labelled(project, second)
    told = erasing.find(project, who)
    assert project.dataset_ids() == [first, second], "looking changes nothing"

    assert erasing.erase(project, who) == told
    assert told.samples == ("june.csv#901", "may.csv#901") and told.versions == (first, second)
    assert (told.runs, told.files) == (("r1",), ("june.csv", "may.csv"))
    assert holds(project, SECRET) == [] and holds(project, "p1@firm.example") == []
    assert holds(project, ".csv#901") == []
    ids = project.dataset_ids()
    assert len(ids) == 2 and not {first, second} & set(ids)
    for version in ids:
        dataset = project.dataset(version)
        assert len(dataset.items) == 23 and all(dataset.content(item) for item in dataset.items)
        assert "HubSpot deals:901" not in {key_of(item.sample) for item in dataset.items}
    assert project.current_dataset_id == project.dataset(second).id == ids[1]
    assert project.dataset(first[:12]).id == ids[0], "the old id leads to what goes on"
    assert not (run / "report.html").exists()
    assert len(Journal(project.root / NAME).standing().stated) == 23
    assert len(load_evaluation(run / "evaluation.json").results) == 23
    with pytest.raises(DataError, match="no sample of this name"):
        erasing.erase(project, who)


def test_what_an_import_found_goes_on_without_the_examples_that_name_somebody(
    project: Project,
) -> None:
    bring(project, "may.csv", "something else")
    second = bring(project, "june.csv")
    assert ("june.csv#901",) in {finding.evidence for finding in load_findings(project, second)}
    erasing.erase(project, ANN)
    new = project.current_dataset_id
    assert not findings_path(project, second).exists()
    assert "newer-states" in {finding.check for finding in load_findings(project, new)}
    assert not any("901" in e for f in load_findings(project, new) for e in f.evidence)


def test_a_source_means_one_state_of_a_lead(project: Project) -> None:
    bring(project, "may.csv", "something else")
    second = bring(project, "june.csv")
    told = erasing.find(project, "june.csv#901")
    assert (told.samples, told.versions) == (("june.csv#901",), (second,))


@pytest.mark.parametrize("step", ["delete", "clear_traces"])
def test_an_erasure_that_was_cut_off_is_finished_by_the_next_try(
    project: Project, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    version = bring(project, "may.csv")

    def cut(*_: str) -> int:
        raise OSError("the power is gone")

    with monkeypatch.context() as patched:
        patched.setattr(project.blobs, step, cut)
        with pytest.raises(OSError, match="power"):
            erasing.erase(project, ANN)
    assert version in Project.open(project.root).dataset_ids()  # or nobody would finish it
    assert erasing.erase(Project.open(project.root), ANN).versions == (version,)
    assert holds(project, SECRET) == []


def test_two_persons_erased_one_after_the_other_leave_one_version(project: Project) -> None:
    version = bring(project, "may.csv")
    erasing.erase(project, "901")
    erasing.erase(project, "902")
    assert len(project.dataset_ids()) == 1
    assert len(project.dataset(version).items) == 22 == len(project.dataset().items)


def test_the_verb_says_what_goes_before_it_does_it(project: Project) -> None:
    version = bring(project, "may.csv")
    run = CliRunner()
    asked = run.invoke(make_app(), ["data", "erase", ANN, "--dry-run", "-C", str(project.root)])
    assert asked.exit_code == 0 and "would erase: 1 samples (may.csv#901)" in asked.output
    assert "may.csv" in asked.output.splitlines()[-1] and project.dataset_ids() == [version]
    refused = run.invoke(make_app(), ["data", "erase", ANN, "-C", str(project.root)])
    assert refused.exit_code != 0 and project.dataset_ids() == [version]
    done = run.invoke(
        make_app(), ["data", "erase", ANN, "--yes", "--json", "-C", str(project.root)]
    )
    assert json.loads(done.stdout)["versions"] == [version]
    assert project.dataset_ids() != [version]


def test_all_leads_of_a_customer_are_erased_by_his_number(tmp_path: Path) -> None:
    put(tmp_path / "q" / "kit.yaml", "kit: lead-scoring\nname: leads\n")
    project = Project.open(tmp_path / "q")
    columns = ["account_id", "created", "source", "won"]
    for month in (3, 6):
        rows = [[f"ACC-{7 * n}", f"2025-{month:02}-{1 + n % 28:02}", "web", n % 2] for n in range(40)]  # fmt: skip
        path = put(tmp_path / f"{month}.csv", table(columns, rows))
        version = import_data(project, path, ImportOptions()).dataset
    assert len(version.items) == 80
    assert len(erasing.erase(project, "ACC-14").samples) == 2
    left = project.dataset()
    assert all(b'"ACC-14"' not in left.content(one) for one in left.items)
