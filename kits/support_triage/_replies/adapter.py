"""Small additions to a language model's weights (LoRA, Hu et al. 2022) that make it choose as the firm answers.

On a GPU with the package bitsandbytes the weights lie in four bits meanwhile (QLoRA, Dettmers et al. 2023); that
path is not run on a GPU here. Nothing is downloaded unless a hub id and `allow_download` say so, weights are read as
safetensors only, and the adapter ships only where it beats the model as it was on conversations it did not see.
"""

from __future__ import annotations

import importlib.util
import json
import math
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from kits.core.errors import ConfigError, MachineError
from kits.core.files import make_folder, write_atomically
from kits.core.kit import NoProgress, Progress
from kits.core.sample import digest_of
from kits.core.section import Section
from kits.core.stats import Estimate, bootstrap
from kits.support_triage._replies.examples import Example, parts_of

if TYPE_CHECKING:
    import torch

MIN_EXAMPLES = 20
_CARD = "kitwright.json"
_PACKAGES = ("torch", "peft", "transformers")
_IGNORED = -100
"""What the loss of transformers' models leaves out."""


class ReplyModelConfig(Section):
    """How a reply model is tuned."""

    base: str = Field(description="folder with a transformers chat model, or a hub id")
    allow_download: bool = Field(False, description="whether a hub id may be fetched")
    rank: int = Field(16, ge=1, le=256, description="rank of the additions")
    alpha: int = Field(32, ge=1, le=1024, description="scale of the additions")
    epochs: int = Field(3, ge=1, le=50, description="passes over the conversations")
    batch: int = Field(4, ge=1, le=256, description="conversations per step")
    learning_rate: float = Field(2e-4, gt=0, lt=0.1, description="largest step size")
    max_tokens: int = Field(2048, ge=64, le=32_768, description="longer conversations are left out")
    four_bits: bool = Field(
        True, description="four-bit weights on a GPU where bitsandbytes is installed"
    )
    seed: int = Field(0, description="of order, split and additions")


@dataclass(frozen=True)
class Tuned:
    """What a tuning made.

    Attributes:
        examples: answers that were learned from; `left_out`: those that are too long; `alike`: those kept aside whose mail says
            what a learned one says.
        before, after: mean loss of an answer in unseen conversations, nats per token; `gain` is the paired difference.
        unseen: so many conversations these are.
        kept: whether the adapter was written: its gain is above zero beyond doubt.
    """

    folder: Path
    examples: int
    left_out: int
    before: Estimate
    after: Estimate
    gain: Estimate
    unseen: int
    alike: int
    kept: bool


@dataclass(frozen=True)
class _Row:
    tokens: list[int]
    asked: int  # tokens of the prompt, which are not learned


def tune(
    examples: Sequence[Example],
    config: ReplyModelConfig,
    out: Path,
    *,
    device: str = "auto",
    progress: Progress | None = None,
) -> Tuned:
    """Learns an adapter and writes it to `out` with its card, if it is better than the model as it was.

    Args:
        device: `auto`, `cpu` or `cuda:0`.

    Raises:
        DataError: too few conversations that fit.
        ConfigError: the base model is not there, or `out` is a folder of something else.
        MachineError: a package, the GPU or memory is missing.
    """
    torch, where = ready(config, out, device)
    model, tokenizer = _loaded(torch, config, where)
    fitting = [
        (row, e) for row, e in ((_row(tokenizer, e), e) for e in examples) if _fits(row, config)
    ]
    rows = [row for row, _ in fitting]
    rng = np.random.default_rng(config.seed)
    parts = parts_of([e for _, e in fitting], MIN_EXAMPLES, rng)
    held, learned = [rows[n] for n in parts.unseen], [rows[n] for n in parts.learned]
    try:
        before = _losses(torch, model, held, config.batch)
        torch.manual_seed(config.seed)
        model = _with_additions(model, config)
        _learn(torch, model, learned, config, rng, progress or NoProgress())
        after = _losses(torch, model, held, config.batch)
    except torch.OutOfMemoryError as error:
        raise MachineError(
            "the GPU has too little memory for this model",
            where=config.base,
            fix="a smaller model, bitsandbytes for four-bit weights, or a smaller batch or max_tokens",
        ) from error
    names = parts.conversations
    gain = _estimate(before - after, names, config.seed)
    tuned = Tuned(
        folder=out,
        examples=len(learned),
        left_out=len(examples) - len(rows),
        before=_estimate(before, names, config.seed),
        after=_estimate(after, names, config.seed),
        gain=gain,
        unseen=len(set(names)),
        alike=len(rows) - len(learned) - len(held),
        kept=gain.low > 0,
    )
    if tuned.kept:
        _write(tuned, model, tokenizer, examples, config)
    return tuned


def ready(config: ReplyModelConfig, out: Path, device: str = "auto") -> tuple[Any, torch.device]:
    """torch, and the device that is tuned on: whether all is there, before anything long begins.

    Raises:
        ConfigError: the base model is not there, or `out` is a folder of something else.
        MachineError: a package or the GPU is missing.
        OSError: nothing can be written beside `out`.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise MachineError(
            f"a reply model needs the package {missing[0]!r}", fix="pip install 'kitwright[llm]'"
        )
    import torch

    if not config.allow_download and not Path(config.base).expanduser().is_dir():
        raise ConfigError(
            "no such model",
            where=config.base,
            fix="name a folder, or a hub id with allow_download",
        )
    if out.exists() and not (out.is_dir() and (_is_ours(out) or not any(out.iterdir()))):
        raise ConfigError(
            "something else than a reply model lies here, and would be lost",
            where=str(out),
            fix="name a folder that is new or empty (--out)",
        )
    make_folder(out.resolve().parent)
    with tempfile.TemporaryDirectory(dir=out.resolve().parent):
        pass  # it can be written there
    if device == "auto":
        device = "cuda:0" if torch.cuda.is_available() else "cpu"
    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda") or not (number or "0").isdigit():
        raise ConfigError("no such device", where=device, fix="auto, cpu or cuda:0")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise MachineError(
            "torch sees no such GPU here", where=device, fix="take auto or cpu, or a torch for CUDA"
        )
    return torch, torch.device(device)


def _loaded(torch: Any, config: ReplyModelConfig, where: torch.device) -> tuple[Any, Any]:
    """The base model on its device, its tokenizer."""
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    place = str(Path(config.base).expanduser())
    extra: dict[str, Any] = {}
    if where.type == "cuda":
        extra["dtype"] = torch.bfloat16
        if config.four_bits and importlib.util.find_spec("bitsandbytes") is not None:
            extra["quantization_config"] = _four_bits(torch)
    try:
        # false, not left out: else transformers asks on the terminal whether to run the model's own code
        safe = {"local_files_only": not config.allow_download, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(place, **safe)
        model = AutoModelForCausalLM.from_pretrained(place, use_safetensors=True, **safe, **extra)
    except (OSError, ValueError, SafetensorError) as error:
        raise ConfigError(
            f"the model cannot be loaded: {error}",
            where=config.base,
            fix="a folder with a causal language model in safetensors, or its name at the hub of models",
        ) from error
    if not tokenizer.chat_template:
        raise ConfigError(
            "this model has no chat template", where=config.base, fix="take an instruct model"
        )
    if "quantization_config" not in extra:
        model = model.to(where)
    return model, tokenizer


def _four_bits(torch: Any) -> object:
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _row(tokenizer: Any, example: Example) -> _Row:
    asked = tokenizer.apply_chat_template(
        example.messages, add_generation_prompt=True, tokenize=True, return_dict=False
    )
    answer = tokenizer(example.written, add_special_tokens=False)["input_ids"]
    end = [tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else []
    return _Row([*asked, *answer, *end], len(asked))


def _fits(row: _Row, config: ReplyModelConfig) -> bool:
    return len(row.tokens) <= config.max_tokens


def _with_additions(model: Any, config: ReplyModelConfig) -> Any:
    from peft import LoraConfig, TaskType, get_peft_model, prepare_model_for_kbit_training

    if getattr(model, "is_loaded_in_4bit", False):
        model = prepare_model_for_kbit_training(model)
    additions = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=0.05,
        target_modules="all-linear",
    )
    with warnings.catch_warnings():
        # peft asks for an attribute by a name that transformers is about to give up
        warnings.simplefilter("ignore", FutureWarning)
        return get_peft_model(model, additions)


def _learn(
    torch: Any,
    model: Any,
    rows: Sequence[_Row],
    config: ReplyModelConfig,
    rng: np.random.Generator,
    progress: Progress,
) -> None:
    steps = config.epochs * math.ceil(len(rows) / config.batch)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=config.learning_rate)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.learning_rate, steps + 1)
    model.train()
    progress.begin("tune the reply model", steps)
    for _ in range(config.epochs):
        order = rng.permutation(len(rows))
        for first in range(0, len(order), config.batch):
            batch = [rows[n] for n in order[first : first + config.batch]]
            loss = _batch_losses(torch, model, batch).mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            rate.step()
            optimiser.zero_grad()
            progress.advance(loss=float(loss.detach()))
    progress.end()


def _losses(torch: Any, model: Any, rows: Sequence[_Row], size: int) -> np.ndarray[Any, Any]:
    """Mean loss of each answer's tokens, shape (n,)."""
    model.eval()
    with torch.no_grad():
        parts = [
            _batch_losses(torch, model, rows[first : first + size]).float().cpu().numpy()
            for first in range(0, len(rows), size)
        ]
    return np.concatenate(parts).astype(np.float64)


def _batch_losses(torch: Any, model: Any, rows: Sequence[_Row]) -> torch.Tensor:
    longest = max(len(row.tokens) for row in rows)
    tokens = torch.zeros((len(rows), longest), dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    wanted = torch.full((len(rows), longest), _IGNORED, dtype=torch.long)
    for n, row in enumerate(rows):
        length = len(row.tokens)
        tokens[n, :length] = torch.tensor(row.tokens)
        mask[n, :length] = 1
        wanted[n, row.asked : length] = tokens[n, row.asked : length]
    where = next(model.parameters()).device
    logits = model(input_ids=tokens.to(where), attention_mask=mask.to(where)).logits[:, :-1]
    targets = wanted[:, 1:].to(where)
    losses = torch.nn.functional.cross_entropy(
        logits.transpose(1, 2).float(), targets, ignore_index=_IGNORED, reduction="none"
    )
    counted: torch.Tensor = losses.sum(1) / (targets != _IGNORED).sum(1).clamp(min=1)
    return counted


def _estimate(values: np.ndarray[Any, Any], groups: Sequence[str], seed: int) -> Estimate:
    return bootstrap(lambda rows: float(values[rows].mean()), groups, seed=seed)


def _is_ours(folder: Path) -> bool:
    return (folder / _CARD).is_file()


def _write(
    tuned: Tuned, model: Any, tokenizer: Any, examples: Sequence[Example], config: ReplyModelConfig
) -> None:
    """The adapter with its card, in the place of one that lay there."""
    place = tuned.folder.resolve()
    new = place.with_name(f".{place.name}.{secrets.token_hex(4)}.tmp")
    try:
        model.save_pretrained(new)
        tokenizer.save_pretrained(new)
        _write_card(new, tuned, examples, config)
        if place.exists():
            old = new.with_suffix(".old")
            place.rename(old)
            new.rename(place)
            shutil.rmtree(old)
        else:
            new.rename(place)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write_card(
    folder: Path, tuned: Tuned, examples: Sequence[Example], config: ReplyModelConfig
) -> None:
    """`kitwright.json` beside the adapter: what it came from, and what it is worth."""
    digest = digest_of("\n".join(sorted(e.told + e.written for e in examples)).encode())
    card = {
        "base": config.base,
        "examples": tuned.examples,
        "unseen_conversations": tuned.unseen,
        "dataset": digest,
        "seed": config.seed,
        "settings": config.model_dump(mode="json"),
        "loss_before": tuned.before.model_dump(mode="json"),
        "loss_after": tuned.after.model_dump(mode="json"),
        "gain": tuned.gain.model_dump(mode="json"),
    }
    write_atomically(folder / _CARD, json.dumps(card, indent=1).encode())
