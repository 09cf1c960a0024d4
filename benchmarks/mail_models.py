"""How well the triage kit decides on public intents: Banking77 in full and with ten mails a label, CLINC150 and a part
of Banking77 with what is out of scope, 154 labels chosen by the kit against random ones, NLU++ with several intents a mail.

Everything goes through the kit's own files: rows become mails, mails a dataset version, `train`, `export`, the
bundle's runtime. Test parts are judged once; nothing is chosen on them. Without a name all are run.

Usage: python -m benchmarks.mail_models FOLDER [full] [split] [few] [scope] [foreign] [medoids] [several] [--seeds N]
FOLDER holds `banking77/`, `banking77_oos/`, `clinc150/` and `nlupp/` with their tables. Licences: CC BY 4.0, 3.0 and 4.0.
"""

from __future__ import annotations

import argparse
import csv
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kits.core.annotation import Annotation
from kits.core.bundle import BundleManifest, open_file
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, Split, build
from kits.core.kit import TrainTask
from kits.core.labelling import WithLabelling
from kits.core.mail.writing import write_message
from kits.core.operating_point import Costs
from kits.core.prediction import Prediction
from kits.core.ready import make_ready
from kits.core.runtime import OnnxSession, Runtime, Session
from kits.core.sample import Sample, sample_id_for, utc_now
from kits.core.stats import proportion
from kits.support_triage import KIT
from kits.support_triage.config import Config
from kits.toolchain import bundling
from kits.toolchain.demo.programs import Programs
from kits.toolchain.evaluation import MemoryBlobStore

Row = tuple[str, str]
MEDIA_TYPE = "message/rfc822"
LABELS = 154
LEARNED_FOLDS = 12
CHUNK = 256
OUT = "oos"


@dataclass(frozen=True)
class Figures:
    """What a bundle says of test mails, and what it cost to make."""

    said: Sequence[Prediction]
    labels: Sequence[str]
    train_cpu_s: float
    train_wall_s: float
    notes: tuple[str, ...]

    def right(self) -> np.ndarray:
        """Whether the most likely label is right, shape (n,)."""
        return np.array([p.label == label for p, label in zip(self.said, self.labels, strict=True)])


def rows_of(path: Path) -> list[Row]:
    """Text and label of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def dataset_of(parts: Mapping[Split, Sequence[Row]]) -> Dataset:
    """A version with the rows as mails; an empty label says nothing."""
    blobs, items = MemoryBlobStore(), []
    for split, rows in parts.items():
        for number, (text, label) in enumerate(rows):
            content = write_message(subject="", body=text)
            sample = Sample(
                id=sample_id_for(content, f"{split}/{number}"),
                media_type=MEDIA_TYPE,
                digest=blobs.put(content),
                size=len(content),
                captured_at=utc_now(),
                source=f"{split}/{number}",
            )
            items.append(DatasetItem(sample, Annotation(label) if label else None, split))
    header = DatasetHeader(kit=KIT.name, split_rule="as published", seed=0)
    return build(header, items, blobs)


def session(model: bytes) -> Session:
    """One thread, as on a device."""
    return OnnxSession(model, threads=1)


def judged(train: Sequence[Row], val: Sequence[Row], test: Sequence[Row], seed: int) -> Figures:
    """Trains, exports, loads and judges."""
    dataset, config = dataset_of({"train": train, "val": val}), Config()
    with tempfile.TemporaryDirectory() as folder:
        began, started = time.perf_counter(), time.process_time()
        outcome = KIT.train.train(TrainTask(dataset, config, Costs(), Path(folder), seed))
        spent, wall = time.process_time() - started, time.perf_counter() - began
        exported = KIT.export.export(Path(folder), dataset, config)
    models = bundling.fp32_models(exported)
    manifest = BundleManifest(
        kit=KIT.name,
        name="benchmark",
        project="benchmark",
        version=1,
        created_at=utc_now(),
        media_types=(MEDIA_TYPE,),
        artefacts=(),
        config=dict(exported.config),
        dataset=dataset.id,
        seed=seed,
        run="benchmark",
    )
    point = bundling.undecided(dataset, seed)
    bundle = bundling.in_memory(manifest, point, models, exported.files)
    runtime = KIT.runtime.load(bundle, session)
    labels = [label for _, label in test]
    return Figures(say(runtime, test), labels, spent, wall, outcome.notes)


def say(runtime: Runtime, test: Sequence[Row]) -> list[Prediction]:
    """What a bundle says of mails."""
    mails = [write_message(subject="", body=text) for text, _ in test]
    parts = [mails[start : start + CHUNK] for start in range(0, len(mails), CHUNK)]
    return [prediction for part in parts for prediction in runtime.predict(part)]


def tell(name: str, seed: int, right: np.ndarray, figures: Figures) -> None:
    """One line: the share, its interval, n, seed and cost."""
    share = proportion(int(right.sum()), len(right))
    cost = f"{figures.train_cpu_s:.0f} CPU-s, {figures.train_wall_s:.0f} s"
    print(f"{name:<28} {share.text(4)} n {len(right)} seed {seed} training {cost}", flush=True)
    for note in figures.notes:
        print(f"    {note}")


def full(folder: Path, seed: int) -> None:
    """Banking77, all 10,003 mails learned from: as a project with a test part of its own and no val would."""
    train, test = rows_of(folder / "banking77/train.csv"), rows_of(folder / "banking77/test.csv")
    figures = judged(train, (), test, seed)
    tell("banking77, all of train", seed, figures.right(), figures)


def split(folder: Path, seed: int) -> None:
    """Banking77 as a user meets it: `kit new` on the train part alone, its own shares, `kit train`, `kit compile`.

    The official test part is judged by what both commands make. The seed draws the shares, too.
    """
    test = rows_of(folder / "banking77/test.csv")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        place, programs = root / "project", Programs(root / "logs")
        # a file called `train` would state the split itself
        table = shutil.copyfile(folder / "banking77/train.csv", root / "mails.csv")
        programs.text("kit", "new", "support-triage", str(place), "--defaults")
        settings = place / "kit.yaml"
        settings.write_text(settings.read_text().replace("  seed: 0\n", f"  seed: {seed}\n", 1))
        programs.text("kit", "data", "import", str(table), "-C", str(place))
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime, time.perf_counter()
        made = programs.json("kit", "train", "-C", str(place), "--json")
        spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        wall = time.perf_counter() - began
        compiled = programs.json("kit", "compile", "-C", str(place), "--json")
        for answer, key in ((made, "bundle"), (compiled, "path")):
            bundle = open_file(Path(str(answer[key])))
            said = say(make_ready(bundle, sessions=session).runtime, test)
            shipped = next((a.precision for a in bundle.manifest.artefacts), "no network")
            notes = (f"dataset {bundle.manifest.dataset[:12]}",)
            figures = Figures(said, [label for _, label in test], spent, wall, notes)
            tell(f"banking77, the kit's shares, {shipped}", seed, figures.right(), figures)


def few(folder: Path, seed: int) -> None:
    """Banking77 with the published ten and five mails a label."""
    place = folder / "banking77"
    val, test = rows_of(place / "published_valid.csv"), rows_of(place / "test.csv")
    for shots in (10, 5):
        figures = judged(rows_of(place / f"published_train_{shots}.csv"), val, test, seed)
        tell(f"banking77, {shots} a label", seed, figures.right(), figures)


def scope(folder: Path, seed: int) -> None:
    """CLINC150: the threshold is chosen on val, which holds 100 mails out of scope (oos-threshold)."""
    train, val, test = (
        rows_of(folder / f"clinc150/{name}.csv") for name in ("train", "val", "test")
    )
    figures = judged(train, val, test, seed)
    outside = np.array([label == OUT for label in figures.labels])
    tell("clinc150, in scope", seed, figures.right()[~outside], figures)
    tell("clinc150, out of scope found", seed, figures.right()[outside], figures)


def foreign(folder: Path, seed: int) -> None:
    """Banking77 with 50 of its intents: what is out of scope is far (other topics) or near (the other intents).

    The threshold is chosen on the published valid parts, with what is near and far in them together.
    """
    place = folder / "banking77_oos"
    kinds = ("id-oos", "ood-oos")
    val = rows_of(place / "valid.csv") + [
        r for k in kinds for r in rows_of(place / f"{k}_valid.csv")
    ]
    parts = {"in scope": rows_of(place / "test.csv")}
    parts |= {
        f"{k} found": rows_of(place / f"{name}_test.csv")
        for k, name in zip(("near", "far"), kinds, strict=True)
    }
    test = [row for rows in parts.values() for row in rows]
    figures = judged(rows_of(place / "train.csv"), val, test, seed)
    ends = np.cumsum([len(rows) for rows in parts.values()])[:-1]
    for name, right in zip(parts, np.split(figures.right(), ends), strict=True):
        tell(f"banking77-oos, {name}", seed, right, figures)


def medoids(folder: Path, seed: int) -> None:
    """Banking77 with 154 labels: the mails that `kit label` would ask for, against as many random ones."""
    rows, test = rows_of(folder / "banking77/train.csv"), rows_of(folder / "banking77/test.csv")
    dataset = dataset_of({"train": [(text, "") for text, _ in rows]})
    offer = KIT.train
    assert isinstance(offer, WithLabelling)
    number = {item.sample.id: int(item.sample.source.split("/")[1]) for item in dataset.items}
    asked = offer.next_to_label(dataset, Config(), LABELS, seed)
    drawn = np.random.default_rng(seed).choice(len(rows), LABELS, replace=False)
    for name, chosen in (
        ("medoids", [number[s.sample_id] for s in asked]),
        ("random", list(drawn)),
    ):
        figures = judged([rows[n] for n in chosen], (), test, seed)
        tell(f"banking77, {LABELS} labels by {name}", seed, figures.right(), figures)


def several(folder: Path, seed: int) -> None:
    """NLU++: mails with several intents or none; folds 0 to 11 are learned from, the others judged."""
    with (folder / "nlupp/folds_00_15.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    rows = [(r["text"], "|".join(sorted(r["intents"].split("|"))) or OUT) for r in read]
    first = [int(r["fold"]) < LEARNED_FOLDS for r in read]
    train = [row for row, known in zip(rows, first, strict=True) if known]
    test = [row for row, known in zip(rows, first, strict=True) if not known]
    figures = judged(train, (), test, seed)
    tell("nlu++, exactly right", seed, figures.right(), figures)
    pairs = [
        ({*p.label.split("|")} - {OUT}, {*label.split("|")} - {OUT})
        for p, label in zip(figures.said, figures.labels, strict=True)
    ]
    both = sum(len(said & true) for said, true in pairs)
    print(f"    F1 of all intents {2 * both / sum(len(a) + len(b) for a, b in pairs):.3f}")


RUNS: Mapping[str, Callable[[Path, int], None]] = {
    "full": full,
    "split": split,
    "few": few,
    "scope": scope,
    "foreign": foreign,
    "medoids": medoids,
    "several": several,
}


def main() -> None:
    """Runs what was named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("runs", nargs="*", choices=[*RUNS, []], default=[])
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    for name in given.runs or RUNS:
        for seed in range(given.seeds):
            RUNS[name](given.folder, seed)


if __name__ == "__main__":
    main()
