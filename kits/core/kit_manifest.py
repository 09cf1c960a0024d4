"""A kit's `kit.yaml`: what it is, what it takes, what it needs and how its reports call things.

The shape only; reading the file is `Kit`'s.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kits.core.operating_point import Verdict

Mistake = Literal["escape", "overkill"]


class Words(BaseModel):
    """What a kit's reports call things."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    sample: str = Field("sample", description="what one sample is called")
    good: str = Field("normal", description="a sample that needs no act")
    bad: str = Field("faulty", description="a sample that needs one")
    none: str = Field("", description="label of what fits no other; empty where there is none")
    verdicts: dict[Verdict, str] = Field(
        default_factory=dict, description="act, review, pass → what each is called"
    )
    mistakes: dict[Mistake, str] = Field(
        default_factory=dict, description="escape, overkill → what each is called"
    )
    figures: dict[str, str] = Field(
        default_factory=dict, description="metric or rate → what it says, in plain words"
    )
    alike: str = Field(
        "camera or sensor, light, parts and settings",
        description="what has to stay the same for figures to hold",
    )

    def verdict(self, verdict: str) -> str:
        """What a verdict is called."""
        return next((said for name, said in self.verdicts.items() if name == verdict), verdict)

    def mistake(self, mistake: Mistake) -> str:
        """What a mistake is called."""
        return self.mistakes.get(mistake, mistake)


class KitManifest(BaseModel):
    """A kit's own `kit.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: str = Field(pattern="^[a-z][a-z0-9-]{1,40}$")
    title: str
    task: str = Field(description="one sentence: what it decides")
    tier: Literal["stable", "beta", "experimental"]
    media_types: tuple[str, ...]
    extras: tuple[str, ...] = Field(description="pip extras that training needs")
    hardware: str
    metrics: tuple[str, ...] = Field(description="names it reports; the first is the default goal")
    formats: tuple[str, ...] = Field(description="what `kit data import --format` takes")
    taken_for_good: tuple[str, ...] = Field(
        (),
        description="formats that say nothing of any sample: to learn from, each is taken for good",
    )
    runtime_imports: tuple[str, ...] = Field(
        description="what runtime.py may import beside the standard library, numpy and core"
    )
    ranked: bool = Field(
        False,
        description="its samples wait for people, who take the best first: money is counted at what they can do, and "
        "positives are as frequent in the data as they are to come",
    )
    proper_score: str = Field(
        "",
        description="of its metrics the one that says how true the probabilities are that people read, by a proper scoring "
        "rule: a challenger whose probabilities come truer is better, if it is not dearer",
    )
    at_hub: bool = Field(
        False,
        description="its samples come to the hub, which decides and acts with its bundles (leads of a CRM): no device "
        "runs them",
    )
    words: Words = Field(default_factory=Words, description="what its reports call things")
