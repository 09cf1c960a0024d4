"""A small network for remaining life: what it sees, how it is trained with torch, and what it says.

One convolution over the parts of the last two windows, beside what the unit's whole life tells; two dense layers.
torch is loaded by `fit` alone. It is not responsible for whether a network is worth it (`life_models.py`), nor for
its graph (`graphs.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import not_installed
from kits.predictive_maintenance._device.life_columns import PARTS, life_width, own_columns
from kits.predictive_maintenance._learning.intervals import Life

Floats = NDArray[np.float64]
FILTERS, KERNEL, HIDDEN = 32, 3, 64
FURTHEST, FURTHEST_PART = 5.0, 10.0
"""Spreads beyond which the whole life's figures, and parts, say no more: what was never seen must not run away."""
_BATCH = 256
_EPOCHS = 30
_LEAST_STEPS = 600
"""A small fleet takes more turns: what counts is how often the weights move."""
_CHECKS = 30
_PATIENCE = 9
"""Checks without a better one before training ends."""
_RATE, _DECAY = 2e-3, 1e-2
_NOISE = 0.1
"""Of each part in training, in spreads. With dropout, which was tried, a network says too little of what it sees."""
_HELD_OUT = 8
"""One unit in so many stops the training."""
_STEP_S, _STEP_CHANNEL_S = 2e-3, 4e-5


@dataclass(frozen=True)
class Network:
    """A trained network, as numbers.

    Attributes:
        channels: of the rows that its columns were made of.
        mean, spread: of the own columns, (own,).
        weights: by name, as torch calls them: `conv`, `hidden`, `last`, each with `.weight` and `.bias`.
        cap: what an answer of 1 stands for.
    """

    channels: int
    mean: Floats
    spread: Floats
    weights: Mapping[str, NDArray[np.float32]]
    cap: float

    def predict(self, inputs: Floats) -> Floats:
        """(rows,) life left, neither under 0 nor over the cap, of (rows, columns)."""
        weights = self.weights
        parts, own = _seen(inputs, self.channels, self.mean, self.spread)
        pieces = np.lib.stride_tricks.sliding_window_view(parts, KERNEL, axis=2)
        found = np.einsum("rcpk,fck->rfp", pieces, weights["conv.weight"])
        found = np.maximum(found + weights["conv.bias"][:, None], 0)
        joined = np.hstack([found.reshape(len(found), -1), own])
        hidden = np.maximum(joined @ weights["hidden.weight"].T + weights["hidden.bias"], 0)
        said = hidden @ weights["last.weight"][0] + weights["last.bias"][0]
        left: Floats = np.clip(said.astype(np.float64), 0, 1) * self.cap
        return left


def expected_s(rows: int, channels: int, trainings: int) -> float:
    """Seconds that some trainings take on one core of a CPU, without an early end.

    By the number of steps, not by a clock: what is tried must not depend on how busy a machine is. Measured on a
    server: a step takes 2.1 ms with 17 channels, 5.5 ms with 100, 8.3 ms with 200.
    """
    return trainings * _steps(rows) * (_STEP_S + _STEP_CHANNEL_S * channels)


def fit(
    lives: Sequence[Life], channels: int, cap: float, *, seed: int, every: int, device: str = "cpu"
) -> Network:
    """A network trained on some units, with the weights that were best on an eighth of them, which it never saw.

    On a CPU the same seed gives the same weights.

    Args:
        every: it learns from one row in so many.
        device: `cpu`, `cuda` or `cuda:0`.

    Raises:
        MachineError: torch is not installed.
    """
    torch = _library()
    order = np.random.default_rng(seed).permutation(len(lives))
    held = max(len(lives) // _HELD_OUT, 1)
    own = np.vstack([life.inputs[:, own_columns(channels)] for life in lives])
    mean, spread = own.mean(axis=0), own.std(axis=0) + 1e-9

    def tensors(units: NDArray[np.intp]) -> tuple[Any, Any, Any]:
        inputs = np.vstack([lives[i].inputs[::every] for i in units])
        left = np.concatenate([lives[i].left[::every] for i in units]) / cap
        arrays = (*_seen(inputs, channels, mean, spread), left.astype(np.float32))
        return tuple(torch.from_numpy(a).to(device) for a in arrays)

    with _seeded(torch, seed, device):
        model = _model(torch, channels, own.shape[1]).to(device)
        state = _trained(torch, model, tensors(order[held:]), tensors(order[:held]))
    weights = {name: value.cpu().numpy() for name, value in state.items()}
    return Network(channels, mean, spread, weights, cap)


def _seen(
    inputs: Floats, channels: int, mean: Floats, spread: Floats
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Parts (rows, channels, PARTS) and own columns, standardised."""
    parts = np.clip(inputs[:, life_width(channels) :], -FURTHEST_PART, FURTHEST_PART)
    parts = parts.reshape(len(inputs), channels, PARTS)
    own = np.clip((inputs[:, own_columns(channels)] - mean) / spread, -FURTHEST, FURTHEST)
    return np.ascontiguousarray(parts, np.float32), own.astype(np.float32)


def _steps(rows: int) -> int:
    return max(_EPOCHS * math.ceil(rows / _BATCH), _LEAST_STEPS)


def _model(torch: Any, channels: int, own: int) -> Any:
    nn = torch.nn
    return nn.ModuleDict(
        {
            "conv": nn.Conv1d(channels, FILTERS, KERNEL),
            "hidden": nn.Linear(FILTERS * (PARTS - KERNEL + 1) + own, HIDDEN),
            "last": nn.Linear(HIDDEN, 1),
        }
    )


def _said(torch: Any, model: Any, parts: Any, own: Any) -> Any:
    found = torch.relu(model["conv"](parts)).flatten(1)
    hidden = torch.relu(model["hidden"](torch.cat([found, own], 1)))
    return model["last"](hidden)[:, 0]


def _trained(torch: Any, model: Any, learn: Any, check: Any) -> dict[str, Any]:
    """The best state on `check`; each is (parts, own, left)."""
    parts, own, left = learn
    steps = _steps(len(left))
    often = math.ceil(steps / _CHECKS)
    optimiser = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    best, best_at = float("inf"), 0
    kept: dict[str, Any] = {}
    for step, batch in zip(range(steps), _batches(torch, len(left))):
        rows = batch.to(parts.device)
        seen = parts[rows]
        seen += _NOISE * torch.randn_like(seen)
        loss = ((_said(torch, model, seen, own[rows]) - left[rows]) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if (step + 1) % often and step + 1 < steps:
            continue
        with torch.no_grad():
            said = _said(torch, model, check[0], check[1]).clip(0, 1)
            error = float(((said - check[2]) ** 2).mean())
        if not kept or error < best:
            best, best_at = error, step
            kept = {name: value.detach().clone() for name, value in model.state_dict().items()}
        elif step - best_at >= _PATIENCE * often:
            break
    return kept


def _batches(torch: Any, rows: int) -> Iterator[Any]:
    """Rows in random order, again and again."""
    while True:
        yield from torch.randperm(rows).split(_BATCH)


@contextmanager
def _seeded(torch: Any, seed: int, device: str) -> Iterator[None]:
    """Random numbers and one thread for the time of a training; what the program had comes back after."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[] if device == "cpu" else [device]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _library() -> Any:
    try:
        import torch
    except ImportError as error:
        raise not_installed("torch", "train", "model.life.network: never") from error
    return torch
