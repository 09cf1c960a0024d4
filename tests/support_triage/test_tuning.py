"""An encoder that is tuned or taught: judged on mails it never saw, and the one that ships is the one that reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kits.core.errors import ConfigError
from kits.core.kit import TrainTask
from kits.core.operating_point import Costs
from kits.core.runtime import cpu_session
from kits.support_triage._learning.encoders import (
    EncoderGraph,
    find_weights,
    load_network,
    make_graph,
    read_tokenizer,
)
from kits.support_triage._learning.features import Embedder
from kits.support_triage._learning.intents import learn_classifier
from kits.support_triage._learning.lessons import labelled_lesson, taught_lesson
from kits.support_triage._learning.mails import load_mails
from kits.support_triage._learning.tuning import tried_tuning
from kits.support_triage._models.encoder import Encoder
from kits.support_triage.config import Config, EncoderConfig
from tests.sampled import sampled

from .learned import Said, dataset_of, learn, made_up, right
from .networks import tiny_encoder


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.mark.parametrize("method", sampled(["lora", "full"], every=2))
def test_a_tuned_encoder_is_judged_on_mails_it_never_saw(
    encoder_folder: Path, tmp_path: Path, method: str
) -> None:
    config = Config.model_validate(
        {
            "encoder": {"source": str(encoder_folder)},
            "tuning": {"enabled": "always", "method": method, "epochs": 2, "learning_rate": 0.01},
        }
    )
    made = learn(dataset_of(made_up(60)), config, tmp_path)
    note = next(n for n in made.outcome.notes if "fine-tuned encoder" in n)
    assert "on 12 mails that neither saw" in note
    spec = made.bundle.manifest.config["classifier"]
    assert isinstance(spec, dict)
    if "does not ship" not in note and isinstance(spec["encoder"], dict):
        assert str(spec["encoder"]["name"]).endswith("fine-tuned")
    assert right(made.says("please refund the lamp"), [Said("", "refund")]) == 1


@pytest.mark.slow
def test_who_reads_by_a_tuned_encoder_reads_by_the_one_that_ships(
    encoder_folder: Path, tmp_path: Path
) -> None:
    config = Config.model_validate(
        {
            "approach": "encoder",
            "encoder": {"source": str(encoder_folder)},
            "tuning": {"enabled": "always", "epochs": 1},
        }
    )
    weights = find_weights(config.encoder)
    assert weights is not None
    graph = make_graph(weights, load_network(weights), config.encoder)
    embedder = embedder_of(graph)
    dataset = dataset_of(made_up(60))
    mails = load_mails(dataset, dataset.of("train"))
    task = TrainTask(dataset, config, Costs(), tmp_path, 0)
    frozen = learn_classifier(mails, (), config, embedder, seed=0)
    # a frozen network that knows nothing: the tuned one is better than that
    nothing = np.full_like(frozen.intent.held_out, 1 / frozen.intent.held_out.shape[1])
    worse = replace(frozen, intent=replace(frozen.intent, held_out=nothing))
    done = tried_tuning(task, config, worse, graph, embedder, mails, ())
    assert done.graph.spec.name.endswith("fine-tuned")
    question = ["where is my order"]
    assert np.allclose(
        done.embedder.last_layer(question), embedder_of(done.graph).last_layer(question), atol=1e-5
    )
    assert not np.allclose(
        done.embedder.last_layer(question), embedder.last_layer(question), atol=1e-5
    )


@pytest.mark.slow
def test_a_larger_network_teaches_the_encoder_on_mails_without_a_label_too(
    encoder_folder: Path, tmp_path: Path
) -> None:
    teacher = tiny_encoder(tmp_path / "teacher", hidden=64, layers=3)
    tuning = {"enabled": "always", "epochs": 1, "method": "full", "teacher": str(teacher)}
    config = Config.model_validate({"encoder": {"source": str(encoder_folder)}, "tuning": tuning})
    silent = [replace(mail, label="") for mail in made_up(30, seed=3)]
    made = learn(dataset_of([*made_up(60), *silent]), config, tmp_path / "run")
    note = next(n for n in made.outcome.notes if "fine-tuned encoder" in n)
    assert "taught by teacher on 48 mails with a label and 30 without" in note
    assert "on 12 mails that neither saw" in note


def test_what_a_teacher_says_stands_beside_the_labels(encoder_folder: Path, tmp_path: Path) -> None:
    config = Config.model_validate(
        {"tuning": {"method": "full", "epochs": 1, "teacher": str(encoder_folder)}}
    )
    dataset = dataset_of(made_up(24))
    mails = load_mails(dataset, dataset.of("train"))
    names = sorted({mail.label for mail in mails})
    own = labelled_lesson(mails, names)
    task = TrainTask(dataset, config, Costs(), tmp_path, 0)
    taught = taught_lesson(task, config, own, mails[:5])
    assert taught.texts == (*own.texts, *own.texts[:5])
    np.testing.assert_allclose(taught.targets.sum(axis=1), 1, atol=1e-5)
    # a label keeps half, so no teacher can turn it over
    assert (taught.targets[: len(mails)].argmax(axis=1) == own.targets.argmax(axis=1)).all()
    assert taught.targets[: len(mails)].max() < 1


def test_a_teacher_that_is_not_there_is_named_by_its_key(
    encoder_folder: Path, tmp_path: Path
) -> None:
    tuning = {"enabled": "always", "epochs": 1, "teacher": str(tmp_path / "nobody")}
    config = Config.model_validate({"encoder": {"source": str(encoder_folder)}, "tuning": tuning})
    with pytest.raises(ConfigError) as failure:
        learn(dataset_of(made_up(60)), config, tmp_path / "run")
    assert failure.value.where == "model.tuning.teacher"


def embedder_of(graph: EncoderGraph) -> Embedder:
    return Embedder(Encoder(graph.spec, cpu_session(graph.model), graph.tokenizer))


def test_tuning_pulls_mails_of_one_label_together(encoder_folder: Path) -> None:
    from kits.support_triage._learning.finetune import _agreement, tokens_of, tune, wanted
    from kits.support_triage.config import TuningConfig

    assert not wanted(TuningConfig(), 10_000, "cpu")
    assert wanted(TuningConfig(enabled="always"), 1, "cpu")
    weights = find_weights(EncoderConfig(source=str(encoder_folder)))
    assert weights is not None
    mails = made_up(48)
    names = sorted({m.label for m in mails})
    classes = np.array([names.index(m.label) for m in mails], np.int64)
    tokens = tokens_of(read_tokenizer(weights), [m.text for m in mails], 48)
    config = TuningConfig(method="full", epochs=20, learning_rate=0.05, batch=16)
    targets = np.eye(len(names), dtype=np.float32)[classes]
    learner = tune(load_network(weights), tokens, targets, config, seed=0, device="cpu")
    shares = learner.shares(tokens, device="cpu")
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert (shares.argmax(axis=1) == classes).mean() > 0.9

    def apart(network: Any) -> float:
        """How much more alike mails of one label are than others."""
        import torch

        from kits.support_triage._learning.finetune import _batch

        with torch.no_grad():
            numbers, mask = _batch(tokens, "cpu")
            vectors = torch.eye(int(network.config.hidden_size))
            cosines = _agreement(network, vectors, numbers, mask)
            unit = torch.nn.functional.normalize(cosines, dim=1).numpy()
        same = classes[:, None] == classes[None]
        alike = unit @ unit.T
        return float(alike[same].mean() - alike[~same].mean())

    assert apart(learner.network) > apart(load_network(weights)) + 0.1
