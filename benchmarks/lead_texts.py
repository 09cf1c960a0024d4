"""What a text says of a lead: how its words did in the past, beside flags of its most frequent words alone.

Public texts with an outcome made of their label: a sentence is positive (UCI), a customer asks for one of every sixth intent
(BANKING77). One column, logistic regression on curves, learned from the first 70 % of a seeded order and judged on the rest;
beside it, on the same texts, TF-IDF of words with scikit-learn's logistic regression.

Intervals: texts judged drawn again; the gain text by text.

Usage: python -m benchmarks.lead_texts DATA [--seed 0]
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.lead_steps import auc_text
from benchmarks.machines_run import header, table
from kits.core.stats import Floats
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.additive import Design
from kits.lead_scoring._learning.encoding import encode, fit_encoder
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._models.additive import Additive

SHARE = 0.7
"""Of the texts that are learned from."""
SETS = (
    ("UCI sentences", "uci_sentiment/train.csv", "positive", 2_400),
    ("BANKING77", "banking77/train.csv", "label", 1_500),
    ("BANKING77", "banking77/train.csv", "label", 6_000),
)
"""Name, file, column of the label, texts."""


def texts_of(path: Path, label: str, count: int, seed: int) -> tuple[list[str], Floats]:
    """So many texts in an order by seed, and the outcome that is made of each one's label."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = sorted({row[label] for row in rows})
    won = set(labels[-1:] if len(labels) == 2 else labels[::6])
    order = np.random.default_rng(seed).permutation(len(rows))[:count].tolist()
    return [rows[n]["text"] for n in order], np.array([float(rows[n][label] in won) for n in order])


def margins(texts: list[str], won: Floats) -> tuple[Floats, Floats]:
    """What is said of the texts that are judged: by their most frequent words alone, and by how their words did too."""
    known = round(SHARE * len(texts))
    sheet = Sheet([Lead(str(n), {"text": text}) for n, text in enumerate(texts)])
    fitted = fit_encoder(sheet, np.arange(known), won, {"text": "text"}, 0)
    judged = encode(sheet, np.arange(known, len(texts)), fitted.spec)
    found = []
    for width in (-1, fitted.matrix.shape[1]):
        made = Design(fitted.matrix[:, :width]).fit(won[:known], np.ones(known))
        found.append(Additive(made).margins(judged[:, :width]))
    return found[0], found[1]


def rival(texts: list[str], won: Floats) -> Floats:
    """The same by TF-IDF and logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    known = round(SHARE * len(texts))
    words = TfidfVectorizer(min_df=3, sublinear_tf=True)
    model = LogisticRegression(C=3.0, max_iter=1_000).fit(
        words.fit_transform(texts[:known]), won[:known]
    )
    found: Floats = model.decision_function(words.transform(texts[known:]))
    return found


def _rows(data: Path, seed: int) -> Iterator[list[str]]:
    for name, file, label, count in SETS:
        texts, won = texts_of(data / file, label, count, seed)
        flags, both = margins(texts, won)
        other, truth = rival(texts, won), won[round(SHARE * len(texts)) :]
        yield [
            name, f"{len(texts):,}", f"{won.mean():.0%}", auc_text(truth, flags, seed=seed), auc_text(truth, both, seed=seed),
            auc_text(truth, both, flags, seed=seed), auc_text(truth, other, seed=seed),
        ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path, help="a folder with the sets of mails")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Leads: what texts say"))
    print(f"seed {options.seed}\n")
    columns = (
        "set",
        "texts",
        "won",
        "AUC, frequent words",
        "AUC, and how words did",
        "gain",
        "TF-IDF, scikit-learn",
    )
    print(table(columns, list(_rows(options.data, options.seed))))


if __name__ == "__main__":
    main()
