"""From labelled mails to a bundle: what is learned, what is left to a person, and that it repeats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kits.core.errors import ConfigError, DataError
from kits.core.kit import NoProgress, TrainTask
from kits.core.operating_point import Costs
from kits.support_triage import KIT
from kits.support_triage._learning.choice import Target, learn_head, why_taken
from kits.support_triage._learning.features import Features
from kits.support_triage._learning.folds import fold_of
from kits.support_triage._learning.recipe import Recipe
from kits.support_triage._learning.rounds import Candidate, Rounds, smallest, truth_table
from kits.support_triage._learning.scope import choose_threshold
from kits.support_triage._learning.shortcut import choose_shortcut
from kits.support_triage.config import Config, EncoderConfig

from .learned import STRANGE, LearnedBundle, Said, dataset_of, learn, made_up, right
from .networks import tiny_encoder

WORDS = Config(approach="ngrams")


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> LearnedBundle:
    mails = [*made_up(120), *made_up(30, seed=1, split="val")]
    return learn(dataset_of(mails), WORDS, tmp_path_factory.mktemp("words"))


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


def test_counted_words_learn_intents_and_urgency(words: LearnedBundle) -> None:
    unseen = made_up(60, seed=2)
    found = words.says(*(mail.text for mail in unseen))
    assert right(found, unseen) > 0.9
    levels = [next(q.value for q in p.quantities if q.name == "urgency") for p in found]
    assert sum(a == b.urgency for a, b in zip(levels, unseen, strict=True)) > 54
    assert words.bundle.manifest.artefacts == ()


def test_the_tone_of_a_language_that_was_never_seen_is_told_on_the_firm_s_own_scale(
    tmp_path: Path,
) -> None:
    urgent, calm = ("this is urgent", "answer asap"), ("there is no hurry", "no rush")
    known = [
        Said(f"about the {thing} {words[n % 2]}", "ab"[n % 2], urgency=level)
        for words, level in ((urgent, 30.0), (calm, 10.0))
        for n, thing in enumerate(("lamp", "sofa", "rug", "desk", "door", "bulb", "shelf", "oven"))
        for _ in range(2)
    ]
    learned = learn(dataset_of(known), WORDS, tmp_path)
    found = learned.says("Es ist sehr dringend, bitte sofort", "Es hat keine Eile")
    levels = [next(q.value for q in p.quantities if q.name == "urgency") for p in found]
    assert levels == [30.0, 10.0]
    assert found[0].details["scales"] == {"urgency": [10.0, 30.0], "sentiment": [0.0, 1.0, 2.0]}


def test_confidence_is_the_likely_label_s_probability(words: LearnedBundle) -> None:
    prediction = words.says("please refund the lamp")[0]
    assert prediction.score == pytest.approx(prediction.probabilities[prediction.label], abs=1e-5)
    assert 0 < prediction.score <= 1
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-4)


def test_reasons_name_words_that_stand_in_the_mail(words: LearnedBundle) -> None:
    prediction = words.says("please refund the lamp")[0]
    spoke = [r for r in prediction.reasons if r.field == "text"]
    assert spoke and "refund" in " ".join(r.text for r in spoke)
    assert all(r.weight > 0 for r in spoke)


def test_the_same_mails_and_seed_give_the_same_files(tmp_path: Path) -> None:
    data = dataset_of(made_up(60))
    one = learn(data, WORDS, tmp_path / "one")
    other = learn(data, WORDS, tmp_path / "other")
    assert one.bundle.files == other.bundle.files
    assert one.bundle.manifest.config == other.bundle.manifest.config


def test_the_network_ships_only_where_it_gains(encoder_folder: Path, tmp_path: Path) -> None:
    config = Config(encoder=EncoderConfig(source=str(encoder_folder)))
    made = learn(dataset_of(made_up(90)), config, tmp_path)
    weight = made.outcome.figures["ngram_weight"]
    roles = [artefact.role for artefact in made.bundle.manifest.artefacts]
    assert roles == ([] if weight == 1 else ["encoder"])
    assert {"cv_right_ngrams", "cv_right_encoder", "cv_right_mean"} <= set(made.outcome.figures)


def test_mails_that_were_labelled_out_of_scope_set_the_threshold(tmp_path: Path) -> None:
    strange = [Said(f"{text} {n}", "oos", split="val") for n in range(5) for text in STRANGE]
    mails = [*made_up(120), *made_up(40, seed=1, split="val"), *strange]
    made = learn(dataset_of(mails), WORDS, tmp_path)
    inside = made_up(30, seed=3)
    found = made.says(*STRANGE, *(mail.text for mail in inside))
    assert [p.label for p in found[:3]] == ["oos"] * 3
    assert all(p.score == 0 for p in found[:3])
    assert right(found[3:], inside) > 0.8
    assert any("out of scope below" in note for note in made.outcome.notes)


def test_a_mail_with_several_matters_goes_to_a_person_with_all_of_them_named(
    tmp_path: Path,
) -> None:
    single = made_up(120)
    pairs = zip(made_up(24, seed=5), made_up(24, seed=6)[1:], strict=False)
    both = [Said(f"{a.text} {b.text}", "|".join(sorted({a.label, b.label}))) for a, b in pairs]
    made = learn(dataset_of([*single, *both]), WORDS, tmp_path)
    prediction = made.says("i want my money back please refund and where is my invoice")[0]
    assert prediction.label == "invoice|refund"
    assert prediction.score == 0
    assert "several matters: invoice, refund" in prediction.reasons[0].text


def test_where_most_mails_have_several_intents_each_is_decided_by_itself(tmp_path: Path) -> None:
    pairs = zip(made_up(90, seed=5), made_up(90, seed=6)[1:], strict=False)
    both = [Said(f"{a.text} {b.text}", "|".join(sorted({a.label, b.label}))) for a, b in pairs]
    made = learn(dataset_of([*made_up(60), *both]), WORDS, tmp_path)
    found = made.says("please refund the lamp", "where is my invoice and please refund the lamp")
    assert [p.label for p in found] == ["refund", "invoice|refund"]
    assert found[0].score > 0 == found[1].score


def test_described_intents_are_suggested_and_never_decided(
    encoder_folder: Path, tmp_path: Path
) -> None:
    labels = {
        "refund": "money back",
        "invoice": "the invoice is wrong",
        "order": "where is my order",
    }
    config = Config(labels=labels, encoder=EncoderConfig(source=str(encoder_folder)))
    data = dataset_of([replace(mail, label="", urgency=None) for mail in made_up(12)])
    assert KIT.train.needs_no_data(data, config)  # type: ignore[attr-defined]  # an optional offer
    made = learn(data, config, tmp_path)
    found = made.says("money back", "refund: money back")
    assert all(p.label in labels and p.score == 0 for p in found)
    assert found[1].label == "refund"
    assert "no mail was labelled" in made.outcome.notes[0]


_ENGLISH = {
    "refund": "I would like to have my money back for the lamp that I returned last week",
    "parcel": "Could you tell me where my parcel is, it should have been here on Monday",
}
_FINNISH = "Hei, missä minun tilaukseni on? Haluaisin saada rahani takaisin, kiitos paljon. Order parcel refund money"


def in_languages(tmp_path: Path, *languages: str) -> LearnedBundle:
    said = [
        Said(f"{text}, number {n}. Thank you very much", label, None)
        for n in range(20)
        for label, text in _ENGLISH.items()
    ]
    return learn(dataset_of(said), Config(approach="ngrams", languages=languages), tmp_path)


def test_a_mail_in_a_language_that_nothing_was_learned_in_goes_to_a_person(tmp_path: Path) -> None:
    made = in_languages(tmp_path)
    found = made.says(_FINNISH)[0]
    assert found.score == 0.0 and found.label in _ENGLISH
    assert "in a language (fi) that no labelled mails are in" in found.reasons[0].text
    assert made.says(f"{_ENGLISH['refund']}, number 99")[0].score > 0.5


@pytest.mark.parametrize(
    "text",
    ["Hola, on és la meva comanda? Vull els meus diners", "Halo, di mana pesanan saya? Saya mau uang saya kembali"],
    ids=["Catalan", "Indonesian"],
)  # fmt: skip
def test_so_does_one_in_a_language_that_is_not_recognised(tmp_path: Path, text: str) -> None:
    [found] = in_languages(tmp_path).says(text)
    assert found.score == 0.0
    assert "in none of the languages" in found.reasons[0].text


def test_what_is_too_short_to_have_a_language_is_judged_by_what_it_says(tmp_path: Path) -> None:
    assert in_languages(tmp_path).says("money back")[0].score > 0.0


@pytest.mark.parametrize("allowed", ["fi", "any"])
def test_languages_may_be_allowed_besides(tmp_path: Path, allowed: str) -> None:
    assert in_languages(tmp_path, allowed).says(_FINNISH)[0].score > 0.0


def test_one_label_alone_teaches_nothing(tmp_path: Path) -> None:
    data = dataset_of([replace(mail, label="refund", urgency=None) for mail in made_up(12)])
    with pytest.raises(DataError, match="only one label"):
        learn(data, WORDS, tmp_path)


def test_what_is_out_of_scope_in_another_spelling_is_not_learned_as_an_intent(
    tmp_path: Path,
) -> None:
    mails = made_up(24)
    data = dataset_of([replace(m, label=m.label if n % 4 else "OOS") for n, m in enumerate(mails)])
    with pytest.raises(ConfigError, match="'OOS'") as caught:
        learn(data, WORDS, tmp_path)
    assert "--rename 'OOS=oos'" in caught.value.fix


def test_no_label_and_no_description_is_refused_with_what_to_do(tmp_path: Path) -> None:
    data = dataset_of([replace(mail, label="", urgency=None) for mail in made_up(12)])
    with pytest.raises(DataError, match="no mail is labelled") as caught:
        learn(data, WORDS, tmp_path)
    assert "kit label" in caught.value.fix


def test_that_nothing_is_labelled_is_said_before_a_network_is_asked_for(tmp_path: Path) -> None:
    data = dataset_of([replace(mail, label="", urgency=None) for mail in made_up(12)])
    with pytest.raises(DataError, match="no mail is labelled"):
        learn(data, Config(encoder=EncoderConfig(source="firm/model")), tmp_path)


@pytest.mark.parametrize("setting", ["knowledge", "templates"])
def test_a_folder_that_is_not_there_is_said_before_anything_is_learned(
    tmp_path: Path, setting: str
) -> None:
    config = Config(encoder=EncoderConfig(source="firm/model")).model_copy(
        update={setting: str(tmp_path / "absent")}
    )
    with pytest.raises(ConfigError, match="there is no folder"):
        learn(dataset_of(made_up(12)), config, tmp_path)


def test_an_encoder_that_is_not_there_is_said_and_not_fetched(tmp_path: Path) -> None:
    config = Config(encoder=EncoderConfig(source="firm/model"))
    with pytest.raises(ConfigError, match="no encoder at"):
        learn(dataset_of(made_up(12)), config, tmp_path)


def test_each_stage_that_may_take_minutes_is_told(tmp_path: Path) -> None:
    told = Heard()
    task = TrainTask(dataset_of(made_up(60)), WORDS, Costs(), tmp_path, 0, progress=told)
    KIT.train.train(task)
    assert ("comparing models", 2) in told.stages


class Heard(NoProgress):
    """Remembers stages with their totals."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int]] = []

    def begin(self, stage: str, total: int) -> None:
        self.stages.append((stage, total))


def test_a_rare_label_does_not_stop_training(tmp_path: Path) -> None:
    made = learn(
        dataset_of([*made_up(60), Said("a gift card for my aunt", "gift")]), WORDS, tmp_path
    )
    assert "gift" in made.bundle.manifest.labels


def test_a_group_lies_in_one_fold_and_every_fold_has_its_share() -> None:
    labels = ["a", "b"] * 50
    groups = [f"g{n // 4}" for n in range(100)]
    fold = fold_of(labels, groups, 5, seed=0)
    for group in set(groups):
        assert len({fold[n] for n in range(100) if groups[n] == group}) == 1
    assert np.bincount(fold, minlength=5).min() >= 16


def test_few_labels_by_a_good_network_leave_counted_words_without_weight() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(6), 5)
    vectors = np.eye(6, 16, dtype=np.float32)[truth] + 0.15 * rng.normal(size=(30, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    from scipy.sparse import csr_matrix

    noise = csr_matrix(rng.random((30, 200), dtype=np.float32) * (rng.random((30, 200)) < 0.1))
    features = Features(noise, vectors.astype(np.float32), 16)
    learned = learn_head(features, Target([f"c{n}" for n in truth], [""] * 30), seed=0)
    assert learned.head.spec.ngram_weight <= 0.2
    assert learned.right["encoder"] > 0.9 > learned.right["ngrams"]


def test_why_the_model_that_is_right_more_often_is_not_taken_is_said() -> None:
    right = {"ngrams": 0.879, "layers": 0.831}
    told = why_taken(right, {"ngrams": 0.69, "layers": 0.62}, "layers")
    assert "layers is taken and not ngrams" in told
    assert "loss 0.62 against 0.69" in told
    assert why_taken(right, {"ngrams": 0.69, "layers": 0.72}, "ngrams") == ""


def test_the_mean_of_two_looks_at_the_network_is_one_linear_model_that_says_the_same() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(4, size=120)
    centre = np.eye(4, 8, dtype=np.float32)[truth]
    looks = [centre + 0.5 * rng.normal(size=(120, 8)) for _ in range(3)]
    vectors = np.hstack([v / np.linalg.norm(v, axis=1, keepdims=True) for v in looks])
    features = Features(None, vectors.astype(np.float32), 8)
    holds = truth_table([f"c{n}" for n in truth], ("c0", "c1", "c2", "c3"), several=False)
    rounds = Rounds(holds, np.arange(120) % 5, False, np.arange(120))
    last = rounds.candidate("encoder", "vectors", "last", features.view("last"))
    layers = rounds.candidate("layers", "vectors", "layers", features.view("layers"))

    def said(model: Candidate) -> NDArray[np.float32]:
        spec = rounds.spec(("c0", "c1", "c2", "c3"), view=model.view, ngram_weight=0.0)
        head = Recipe(spec, None, model).learn(features, holds)
        assert head.dense is not None
        width = len(head.dense) - 1
        decided: NDArray[np.float32] = vectors[:, :width] @ head.dense[:-1] + head.dense[-1]
        return decided

    both = rounds.mean_of("views", (last, layers))
    mean = (last.scale * said(last) + layers.scale * said(layers)) / 2
    assert said(both) == pytest.approx(mean, abs=1e-3)
    right = {c.name: (c.decisions.argmax(axis=1) == truth).mean() for c in (last, layers, both)}
    assert right["views"] > right["encoder"]


def test_confidence_by_cross_validation_is_calibrated_on_noisy_labels() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(3, size=600)
    vectors = np.eye(3, 8, dtype=np.float32)[truth] + 0.1 * rng.normal(size=(600, 8))
    wrong = rng.random(600) < 0.3
    labels = np.where(wrong, rng.integers(3, size=600), truth)
    features = Features(None, vectors.astype(np.float32), 8)
    learned = learn_head(features, Target([f"c{n}" for n in labels], [""] * 600), seed=0)
    confidence = learned.held_out.max(axis=1).mean()
    assert confidence == pytest.approx(learned.right["encoder"], abs=0.05)


def test_the_strictest_threshold_that_is_as_good_as_the_best_is_taken() -> None:
    confidence = np.concatenate([np.linspace(0.5, 1, 100), np.linspace(0.1, 0.45, 20)])
    inside = np.arange(120) < 100
    below = choose_threshold(confidence, inside.copy(), inside)
    assert 0.45 < below < 0.55
    assert choose_threshold(confidence, inside.copy(), np.ones(120, bool)) == 0


def test_the_network_is_skipped_only_where_words_are_not_wrong_more_often() -> None:
    truth = np.eye(2, dtype=bool)[np.zeros(400, int)]
    sure = np.tile(np.array([0.99, 0.01], np.float32), (400, 1))
    assert choose_shortcut(sure, sure, truth) == 0.9
    worse = sure.copy()
    worse[:5] = worse[:5, ::-1]
    assert choose_shortcut(worse, sure, truth) is None
    assert choose_shortcut(sure[:50], sure[:50], truth[:50]) is None


def test_the_smallest_loss_is_found() -> None:
    assert smallest(lambda x: (np.log(x) - 1) ** 2, 0.1, 100) == pytest.approx(np.e, rel=0.05)


def test_paths_of_a_project_are_taken_from_its_folder(tmp_path: Path) -> None:
    tiny_encoder(tmp_path / "own")
    config = Config.model_validate(
        {
            "knowledge": "help",
            "encoder": {"source": "own"},
            "entities": {"catalogue": "/shop/products.csv"},
        }
    ).located(tmp_path)
    assert config.knowledge == str(tmp_path / "help")
    assert config.encoder.source == str(tmp_path / "own")
    assert config.entities.catalogue == "/shop/products.csv"
    assert config.templates == ""
    hub = Config(encoder=EncoderConfig(source="firm/model")).located(tmp_path)
    assert hub.encoder.source == "firm/model"


def test_labels_that_were_changed_are_among_those_named_as_doubtful(tmp_path: Path) -> None:
    mails = made_up(150)
    mails[3] = replace(mails[3], label="order")
    mails[7] = replace(mails[7], label="invoice")
    made = learn(dataset_of(mails), WORDS, tmp_path)
    note = next(n for n in made.outcome.notes if "may be wrong" in n)
    assert "3 is order, looks like" in note
    assert "7 is invoice, looks like" in note


def test_clean_labels_accuse_nobody(words: LearnedBundle) -> None:
    assert not any("may be wrong" in note for note in words.outcome.notes)
