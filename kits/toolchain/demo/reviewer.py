"""A scripted person: answers the review queue through the same API as the review page.

It knows the truth about the generated samples (`truth.json`) and corrects the model where the model
is wrong; it never touches the database.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from kits.toolchain.demo.hub import HubApi


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What the reviewer did."""

    accepted: int
    corrected: int
    found: int

    @property
    def total(self) -> int:
        return self.accepted + self.corrected


class ScriptedReviewer:
    """Reviews everything in the queue.

    Args:
        hub: the hub's API with a reviewer's rights.
        truth: file name → {"label": …, "boxes": [{x0, y0, x1, y1, label}, …]}; boxes may be left out.
        harmless: the label of what needs no act.
    """

    def __init__(self, hub: HubApi, truth: Path, harmless: str) -> None:
        self.hub = hub
        self.harmless = harmless
        self.truth: dict[str, dict[str, JsonValue]] = json.loads(truth.read_text())

    def review_all(self, project: str, limit: int = 1000) -> Reviewed:
        """Answers the queue until it is empty or `limit` samples are done."""
        accepted = corrected = found = 0
        done: set[str] = set()
        while accepted + corrected < limit:
            batch = [s for s in self.hub.review_queue(project) if s["id"] not in done]
            if not batch:
                break
            for sample in batch[: limit - accepted - corrected]:
                done.add(str(sample["id"]))
                truth = self.truth[Path(str(sample["source"])).name]
                was_right = self._answer(sample, truth)
                accepted += was_right
                corrected += not was_right
                found += truth["label"] != self.harmless
        return Reviewed(accepted, corrected, found)

    def _answer(self, sample: dict[str, JsonValue], truth: dict[str, JsonValue]) -> bool:
        """Accepts a harmless sample that passed, states the truth of all others; True when the model had said so."""
        if truth["label"] == self.harmless and sample["verdict"] == "pass":
            agreed: dict[str, JsonValue] = {"label": self.harmless, "boxes": []}
            self.hub.review(str(sample["id"]), {"decision": "accept", **agreed})
            return True
        said = sample.get("suggestion")
        spans = said.get("spans") if isinstance(said, dict) else None
        answer: dict[str, JsonValue] = {
            "decision": "correct",
            "label": truth["label"],
            "boxes": truth.get("boxes", []),
        }
        if isinstance(spans, list) and spans:
            answer["spans"] = list(range(len(spans)))
        self.hub.review(str(sample["id"]), answer)
        return sample.get("label") == truth["label"] and not answer["boxes"]
