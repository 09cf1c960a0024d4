"""A bundle of the made-up shop, with its pages, sentences and what it learned from a few hundred of its mails."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kits.core.bundle import GoldenSample, GoldenSet, pack
from kits.core.mail.writing import write_message
from kits.core.operating_point import Band
from kits.core.prediction import prediction_to_json
from kits.support_triage._simulated.mails import write_mails
from kits.support_triage._simulated.shop import make_shop
from kits.support_triage.config import Config

from .learned import Said, dataset_of, learn

ACT_AT = 0.6


def write_shop_bundle(data: Path, folder: Path, seed: int) -> Path:
    """Trains on mails of this seed's shop and packs the bundle.

    Args:
        data: what `generate` wrote.
        folder: for the training's files and the bundle.
    """
    mails = list(write_mails(seed, make_shop(np.random.default_rng(seed)), 500, languages=("en",)))
    single = [Said(mail.text, mail.label) for mail in mails if len(mail.intents) < 2]
    config = Config(
        approach="ngrams",
        knowledge=str(data / "knowledge"),
        templates=str(data / "templates"),
    )
    learned = learn(dataset_of(single), config, folder)
    golden = write_message(subject="", body="please refund the lamp")
    said = learned.runtime.predict([golden])[0]
    sample = GoldenSample(
        path="golden/0.eml",
        media_type="message/rfc822",
        prediction=prediction_to_json(said),
        verdict="act" if said.score >= ACT_AT else "review",
    )
    point = learned.bundle.operating_point.model_copy(
        update={"default": Band(act_at=ACT_AT, review_from=0.0), "action": "file"}
    )
    files = {**learned.bundle.files, "golden/0.eml": golden, "card.md": b"# shop", "kit.yaml": b""}
    path = folder / "shop.kwb"
    path.write_bytes(pack(learned.bundle.manifest, point, GoldenSet(samples=(sample,)), files))
    return path
