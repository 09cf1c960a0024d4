"""Entities and tone of mails: what marked examples teach, what rules find without any, and how long a mail takes.

`python -m benchmarks.mail_entities --data FOLDER [--only bitext|values|nlupp|tone|speed] [--seed 0]`. FOLDER holds the
public sets `bitext_nlu`, `nlupp`, `uci_sentiment`, `tickets_multilang_200` and `it_tickets_500`, one folder each. All is
learned on the train part alone with settings fixed beforehand; figures are of dev, of held-out folds, or (for tone, which
learns nothing) of the train part.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kits.core.prediction import Span
from kits.core.stats import Estimate, proportion
from kits.support_triage._entities.extractor import Extractor
from kits.support_triage._entities.learning import Example, learn
from kits.support_triage._entities.scoring import score_entities
from kits.support_triage._entities.spec import EntitiesConfig, EntitiesSpec
from kits.support_triage._entities.tone import CAN_WAIT, read_tone

JUDGED_FOLDS = range(12, 16)
"""Folds of NLU++ that are judged; those before are learned from."""
_NEW_VALUES: Mapping[str, Callable[[random.Random], str]] = {
    "order_id": lambda rng: str(rng.randrange(10**9, 10**13)),
    "invoice_id": lambda rng: f"#{rng.randrange(10**5):05d}",
    "refund_amount": lambda rng: str(rng.randrange(20, 5000)),
    "person_name": lambda rng: rng.choice(
        ("Mr. Okafor", "Ms. Lindqvist", "Paula Reyes", "Ivan Petrov")
    ),
    "delivery_city": lambda rng: rng.choice(("Lisbon", "Oslo", "Warsaw", "Lyon", "Osaka")),
    "delivery_country": lambda rng: rng.choice(("Brazil", "Norway", "Poland", "Kenya")),
    "account_type": lambda rng: rng.choice(("Diamond", "silver", "enterprise", "Basic")),
}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def bitext_part(folder: Path, part: str) -> list[Example]:
    """Utterances with their one entity, if any."""
    examples: list[Example] = []
    for row in _rows(folder / "bitext_nlu" / f"{part}.csv"):
        text = row["utterance"]
        spans: tuple[Span, ...] = ()
        if row["entity_type"]:
            start, end = int(row["start_offset"]), int(row["end_offset"])
            spans = (Span(start, end, row["entity_type"], text[start:end]),)
        examples.append((text, spans))
    return examples


def with_new_values(examples: Sequence[Example], seed: int) -> list[Example]:
    """The same sentences with values that nobody has seen: numbers, names, towns, tariffs."""
    rng = random.Random(seed)
    changed: list[Example] = []
    for text, spans in examples:
        for span in spans:
            value = _NEW_VALUES[span.label](rng)
            new = text[: span.start] + value + text[span.end :]
            changed.append((new, (Span(span.start, span.start + len(value), span.label, value),)))
    return changed


def nlupp_folds(folder: Path) -> list[tuple[int, Example]]:
    """NLU++ with its fold."""
    found: list[tuple[int, Example]] = []
    for row in _rows(folder / "nlupp" / "folds_00_15.csv"):
        slots = json.loads(row["slots"] or "{}")
        spans = tuple(
            Span(slot["span"][0], slot["span"][1], name, slot["text"])
            for name, slot in slots.items()
        )
        found.append((int(row["fold"]), (row["text"], spans)))
    return found


def judge(name: str, train: Sequence[Example], test: Sequence[Example], seed: int) -> None:
    """Learns, judges and prints one line and one a kind."""
    begun = time.process_time()
    spec = learn(train, EntitiesConfig())
    learned_s = time.process_time() - begun
    extractor = Extractor(spec)
    begun = time.process_time()
    found = [extractor.find(text) for text, _ in test]
    each_ms = (time.process_time() - begun) / len(test) * 1000
    scores = score_entities([spans for _, spans in test], found, seed=seed)
    size = len(spec.model_dump_json()) / 1000
    print(
        f"{name}: learned from {len(train)} in {learned_s:.0f} CPU-s, {size:.0f} kB; {each_ms:.2f} CPU-ms a text"
    )
    print(f"  all right        {_figure(scores.exact)}")
    print(f"  … where any is   {_figure(scores.exact_marked)}")
    print(f"  F1 of all spans  {_figure(scores.overall)}")
    for kind, estimate in scores.f1.items():
        print(f"    {kind:18} {_figure(estimate)}")


def _figure(estimate: Estimate) -> str:
    return f"{estimate.text(4)}  n = {estimate.n}"


def bitext(folder: Path, seed: int) -> None:
    judge("bitext dev", bitext_part(folder, "train"), bitext_part(folder, "dev"), seed)


def values(folder: Path, seed: int) -> None:
    test = with_new_values(bitext_part(folder, "dev"), seed)
    judge("bitext dev, values never seen", bitext_part(folder, "train"), test, seed)


def nlupp(folder: Path, seed: int) -> None:
    rows = nlupp_folds(folder)
    train = [example for fold, example in rows if fold not in JUDGED_FOLDS]
    judge("NLU++", train, [example for fold, example in rows if fold in JUDGED_FOLDS], seed)


def tone(folder: Path, seed: int) -> None:
    """Tone without labels, beside always saying the most frequent level."""
    del seed  # nothing is drawn
    rows = _rows(folder / "uci_sentiment" / "train.csv")
    said = [read_tone(row["text"]).sentiment for row in rows]
    truth = [2 * int(row["positive"]) for row in rows]
    decided = [s == t for s, t in zip(said, truth, strict=True) if s != 1]
    print("uci_sentiment, two classes")
    print(f"  decided {_figure(proportion(len(decided), len(rows)))}")
    print(f"  right among them {_figure(proportion(sum(decided), len(decided)))}")
    forced = sum((s if s != 1 else 0) == t for s, t in zip(said, truth, strict=True))
    print(f"  right if the rest counts as negative {_figure(proportion(forced, len(rows)))}")
    rows = _rows(folder / "tickets_multilang_200" / "train.csv")
    texts = [f"{row['subject']}\n\n{row['text']}" for row in rows]
    _levels("tickets_multilang_200 priority", texts, [row["priority"] for row in rows], "1233")
    rows = _rows(folder / "it_tickets_500" / "train.csv")
    texts = [f"{row['title']}\n\n{row['body']}" for row in rows]
    _levels("it_tickets_500 urgency", texts, [row["urgency"] for row in rows], "0123")


def _levels(name: str, texts: Sequence[str], truth: Sequence[str], names: str) -> None:
    """`names`: the set's level for each of ours, the lowest first."""
    right = sum(
        names[read_tone(text).urgency - CAN_WAIT] == level
        for text, level in zip(texts, truth, strict=True)
    )
    most = Counter(truth).most_common(1)[0][1]
    print(name)
    print(f"  by words {_figure(proportion(right, len(truth)))}")
    print(f"  majority {_figure(proportion(most, len(truth)))}")


def speed(folder: Path, seed: int) -> None:
    """CPU time of rules and tone on whole mails."""
    del seed  # nothing is drawn
    rows = _rows(folder / "tickets_multilang_200" / "train.csv")
    mails = [(f"{row['subject']}\n\n{row['text']}", row["language"]) for row in rows]
    extractor = Extractor(EntitiesSpec())
    begun = time.process_time()
    for text, language in mails:
        extractor.find(text, language)
    found_ms = (time.process_time() - begun) / len(mails) * 1000
    begun = time.process_time()
    for text, _ in mails:
        read_tone(text)
    tone_ms = (time.process_time() - begun) / len(mails) * 1000
    length = sum(len(text) for text, _ in mails) / len(mails)
    print(
        f"mails of {length:.0f} characters: rules {found_ms:.2f} CPU-ms, tone {tone_ms:.2f} CPU-ms each"
    )


PARTS: dict[str, Callable[[Path, int], None]] = {
    "bitext": bitext,
    "values": values,
    "nlupp": nlupp,
    "tone": tone,
    "speed": speed,
}


def main() -> None:
    """Runs what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", choices=sorted(PARTS))
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for name, part in PARTS.items():
        if asked.only in (None, name):
            part(asked.data, asked.seed)


if __name__ == "__main__":
    main()
