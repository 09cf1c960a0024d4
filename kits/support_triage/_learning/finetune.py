"""Fine-tuning of the encoder on a project's own labels: low-rank additions (Hu et al. 2022) or all weights.

A fifth of the mails is never shown to it: on those the tuned network must beat the frozen one, or it does not ship.
What comes out is a network like the frozen one, additions merged; graph, heads and gate stay the same. It may be tuned
on the shares that a larger one gives mails instead of their labels (distillation, Hinton et al. 2015).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import MachineError
from kits.core.kit import NoProgress, Progress
from kits.support_triage.config import TuningConfig

if TYPE_CHECKING:
    import torch
    from torch import nn

_WARM_UP = 0.1
_DECAY = 0.01
_FULL = 0.1
"""All weights move a tenth as fast as additions do."""
_SHARPNESS = 10.0
"""Cosines of texts and labels lie within 1: the softmax needs them larger."""


def wanted(config: TuningConfig, labels: int, device: str) -> bool:
    """Whether to tune: `auto` only with a GPU and labels enough."""
    if config.enabled != "auto":
        return config.enabled == "always"
    return labels >= config.min_labels and place(device) != "cpu"


def place(device: str) -> str:
    """`cpu` or `cuda…`; `auto` takes the GPU where torch sees one."""
    if device != "auto":
        return device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True)
class Learner:
    """A tuned network, on the CPU, in evaluation mode.

    Attributes:
        labels: what mean vectors of each label's mails point to, shape (labels, width).
    """

    network: nn.Module
    labels: NDArray[np.float32]

    def shares(
        self, tokens: Sequence[Sequence[int]], *, device: str, batch: int = 32
    ) -> NDArray[np.float32]:
        """How much each text is of each label, shape (texts, labels); rows sum to 1."""
        import torch

        network, labels = self.network.to(device), torch.as_tensor(self.labels, device=device)
        found = []
        with torch.no_grad():
            for start in range(0, len(tokens), batch):
                numbers, mask = _batch(tokens[start : start + batch], device)
                found.append(_agreement(network, labels, numbers, mask).softmax(1).cpu().numpy())
        self.network.to("cpu")
        shares: NDArray[np.float32] = np.concatenate(found).astype(np.float32)
        return shares


def tune(
    network: nn.Module,
    tokens: Sequence[Sequence[int]],
    targets: NDArray[np.float32],
    config: TuningConfig,
    *,
    seed: int,
    device: str,
    progress: Progress | None = None,
) -> Learner:
    """The network, learned further so that texts of one label lie together.

    Args:
        network: as `encoders.load_network` gives it; it is changed.
        tokens: numbers of each text (`tokens_of`).
        targets: how much each text is of each label, shape (n, labels); rows sum to 1.
        device: `cpu` or `cuda…`.

    Raises:
        MachineError: a package is missing.
    """
    import torch

    shown = progress or NoProgress()
    torch.manual_seed(seed)
    learner = _prepared(network, config).to(device).train()
    width = int(network.config.hidden_size)
    weights = torch.nn.Parameter(torch.randn(targets.shape[1], width, device=device) * 0.02)
    rate = config.learning_rate * (_FULL if config.method == "full" else 1.0)
    trained = [p for p in learner.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": trained, "lr": rate}, {"params": [weights], "lr": 10 * rate}],
        weight_decay=_DECAY,
    )
    steps = config.epochs * -(-len(tokens) // config.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _pace(step, steps))
    rng = np.random.default_rng(seed)
    shown.begin("fine-tuning the encoder", steps)
    for _ in range(config.epochs):
        order = rng.permutation(len(tokens))
        for start in range(0, len(order), config.batch):
            rows = order[start : start + config.batch]
            numbers, mask = _batch([tokens[row] for row in rows], device)
            truth = torch.as_tensor(targets[rows], device=device)
            loss = torch.nn.functional.cross_entropy(
                _agreement(learner, weights, numbers, mask), truth
            )
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            shown.advance(1, loss=float(loss.detach()))
    shown.end()
    merged: Any = learner.merge_and_unload() if config.method == "lora" else learner
    return Learner(merged.cpu().eval(), weights.detach().cpu().numpy())


def _prepared(network: nn.Module, config: TuningConfig) -> Any:
    """The network with what is to be learned: small additions to every linear layer, or all of it."""
    if config.method == "full":
        return network.requires_grad_(True)
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise MachineError(
            f"fine-tuning with lora needs the package {error.name!r}",
            fix="pip install 'kitwright[llm]', or set model.tuning.method: full",
        ) from error
    additions = LoraConfig(
        r=config.rank, lora_alpha=config.alpha, lora_dropout=0.05, target_modules="all-linear"
    )
    with warnings.catch_warnings():
        # peft asks transformers in words of its last version
        warnings.simplefilter("ignore", FutureWarning)
        return get_peft_model(network, additions)


def _pace(step: int, steps: int) -> float:
    """Share of the full rate: up over the first tenth, then down in a line."""
    warm = max(1, int(_WARM_UP * steps))
    return min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))


def tokens_of(tokenizer: bytes, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
    """Token numbers of each text, as the device reads it."""
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_str(tokenizer.decode())
    loaded.no_padding()
    loaded.enable_truncation(max_tokens)
    return [loaded.encode(" ".join(text[:20_000].split())).ids or [0] for text in texts]


def _batch(tokens: Sequence[Sequence[int]], device: str) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    longest = max(len(row) for row in tokens)
    numbers = torch.zeros(len(tokens), longest, dtype=torch.long)
    mask = torch.zeros(len(tokens), longest, dtype=torch.long)
    for place_, row in enumerate(tokens):
        numbers[place_, : len(row)] = torch.tensor(row)
        mask[place_, : len(row)] = 1
    return numbers.to(device), mask.to(device)


def _agreement(
    learner: nn.Module, weights: torch.Tensor, numbers: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Scaled cosine of each text's mean vector with each label's weights, shape (texts, labels)."""
    from torch.nn import functional

    states = learner(input_ids=numbers, attention_mask=mask).last_hidden_state
    kept = mask.unsqueeze(-1).to(states.dtype)
    mean = (states * kept).sum(1) / kept.sum(1).clamp(min=1.0)
    found: torch.Tensor = _SHARPNESS * functional.linear(
        functional.normalize(mean, dim=1), functional.normalize(weights, dim=1)
    )
    return found
