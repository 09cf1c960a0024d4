"""How the words of a text did in the past is learned from, out of fold."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import auroc
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._features.spec import EncoderSpec, TextColumn
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.additive import Design
from kits.lead_scoring._learning.encoding import Encoded, encode, fit_encoder
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._models.additive import Additive

Floats = NDArray[np.float64]
KNOWN = 1_000
FILLERS = [f"and{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(60)]
TELLING = [f"topic{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(100)]


@cache
def letters() -> tuple[Sheet, Floats, list[Lead]]:
    """1,500 texts of words that all have, and one of a hundred topics each of which says something and few leads have."""
    rng = np.random.default_rng(5)
    pull = rng.normal(0, 2, len(TELLING))
    topic = rng.integers(len(TELLING), size=1_500)
    won = (rng.random(1_500) < 1 / (1 + np.exp(1 - pull[topic]))).astype(np.float64)
    leads = [
        Lead(str(n), {"message": " ".join([*rng.choice(FILLERS, 15), TELLING[t]])})
        for n, t in enumerate(topic.tolist())
    ]
    return Sheet(leads), won, leads


@cache
def fitted() -> Encoded:
    sheet, won, _ = letters()
    return fit_encoder(sheet, np.arange(KNOWN), won, {"message": "text"}, 0)


def test_words_that_few_leads_have_are_learned_from_together() -> None:
    sheet, won, _ = letters()
    judged = encode(sheet, np.arange(KNOWN, len(won)), fitted().spec)
    aucs = []
    for width in (-1, judged.shape[1]):
        made = Design(fitted().matrix[:, :width]).fit(won[:KNOWN], np.ones(KNOWN))
        aucs.append(auroc(Additive(made).margins(judged[:, :width]), won[KNOWN:] > 0))
    assert aucs[0] < 0.6
    assert aucs[1] > aucs[0] + 0.1


def test_a_lead_does_not_meet_its_own_outcome_in_how_its_words_did() -> None:
    rng = np.random.default_rng(1)
    sheet, _, _ = letters()
    by_lot = (rng.random(1_500) < 0.3).astype(np.float64)
    made = fit_encoder(sheet, np.arange(KNOWN), by_lot, {"message": "text"}, 0)
    seen = encode(sheet, np.arange(KNOWN), made.spec)[:, -1].astype(np.float64)
    unseen = made.matrix[:, -1].astype(np.float64)
    assert auroc(seen, by_lot[:KNOWN] > 0) > 0.65
    assert abs(auroc(unseen, by_lot[:KNOWN] > 0) - 0.5) < 0.06


def test_one_lead_and_many_are_given_the_same() -> None:
    sheet, _, leads = letters()
    rows = np.arange(KNOWN, len(leads))
    one_by_one = fitted().encoder.rows([leads[n] for n in rows])
    assert np.array_equal(one_by_one, encode(sheet, rows, fitted().spec))
    assert fitted().encoder.labels[-1] == "message: past rates"


def test_words_of_fewer_than_five_leads_are_in_no_bundle() -> None:
    texts = [f"please call {'Schmidtlein' if n < 4 else 'us'} back now" for n in range(200)]
    sheet = Sheet([Lead(str(n), {"message": text}) for n, text in enumerate(texts)])
    spec = fit_encoder(sheet, np.arange(200), np.arange(200) % 2.0, {"message": "text"}, 0).spec
    assert "schmidtlein" not in spec.model_dump_json()


def test_a_bundle_without_rates_of_words_is_read_as_before() -> None:
    spec = EncoderSpec(columns=(TextColumn(name="message", words=("offer",)),))
    assert Encoder(spec).rows([Lead("1", {"message": "an offer"})]).tolist() == [[1.0, 1.0]]
