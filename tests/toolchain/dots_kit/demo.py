"""Pictures with and without a dot; some dots are faint, some noise is bright."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

COUNTS = {"train": 60, "val": 60, "test": 60}


def generate(folder: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for split, count in COUNTS.items():
        for index in range(count):
            label = "defect" if index % 2 else "good"
            path = folder / split / label / f"{split}-{index:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), draw(rng, label))


def draw(rng: np.random.Generator, label: str) -> np.ndarray:
    image = rng.normal(70, 18, (16, 16))
    if label == "defect":
        y, x = rng.integers(2, 12, 2)
        image[y : y + 4, x : x + 4] += rng.uniform(5, 170)
    return np.clip(image, 0, 255).astype(np.uint8)
