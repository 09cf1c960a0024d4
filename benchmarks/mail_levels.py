"""How well urgency and sentiment are told: the kit's learner, judged by cross-validation within a table of mails.

Every seed deals the folds anew; what a fold is judged by was not learned from. The settings are the kit's own, nothing
is tuned here. The probabilities are those of the learner's own cross-validation, which also chose among its models on
them: with a handful of candidates that flatters by a fraction of the interval.

Usage: python -m benchmarks.mail_levels TABLE [--seeds 5] [--approach auto]
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.mail_bound import network
from kits.core.kit import RawSample
from kits.core.stats import proportion
from kits.support_triage import data
from kits.support_triage._features.ngrams import learn_ngrams
from kits.support_triage._learning.choice import Target, learn_head
from kits.support_triage._learning.features import features_of
from kits.support_triage._mail.reading import read_mail
from kits.support_triage.config import Config


def main() -> None:
    """Prints a line per kind of level and seed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--approach", default="auto", choices=["auto", "ngrams"])
    args = parser.parse_args()
    samples = [s for s in data.read(args.table, "csv") if isinstance(s, RawSample)]
    embedder = None if args.approach == "ngrams" else network(Config())
    for name in ("urgency", "sentiment"):
        stated = [
            (s, q.value)
            for s in samples
            if s.annotation
            for q in s.annotation.quantities
            if q.name == name
        ]
        if len({value for _, value in stated}) < 2:
            continue
        texts = [read_mail(sample.content).text for sample, _ in stated]
        levels = [f"{value:g}" for _, value in stated]
        features = features_of(texts, learn_ngrams(texts), embedder).with_tone(texts)
        groups = [sample.group or sample.source for sample, _ in stated]
        most = Counter(levels).most_common(1)[0][1]
        print(
            f"{name}: {len(levels)} mails, always the most frequent level {proportion(most, len(levels)).text()}"
        )
        found = []
        for seed in range(args.seeds):
            learned = learn_head(features, Target(levels, groups), seed=seed)
            right = int((learned.held_out.argmax(axis=1) == learned.truth.argmax(axis=1)).sum())
            found.append(right / len(levels))
            told = ", ".join(f"{model} {share:.3f}" for model, share in learned.right.items())
            print(
                f"  seed {seed}: right {proportion(right, len(levels)).text()}; {told}", flush=True
            )
        print(f"  mean of {len(found)} seeds {np.mean(found):.3f}")


if __name__ == "__main__":
    main()
