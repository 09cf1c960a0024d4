"""The `model` section of a visual-inspection project: one checked model, every field with its unit.

No defaults are hidden elsewhere. Costs, splits and the device target belong to the project, not
to the kit.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kits.core.section import Section


class GoodPartsConfig(Section):
    """How to learn from good parts (and, once there are enough, from reviewed defects)."""

    image_size: int = Field(256, ge=96, le=512, multiple_of=32, description="pixels, per tile side")
    tiles: Literal["auto"] | tuple[int, int] = Field(
        "auto",
        description="rows and columns the picture is cut into; the worst tile decides. `auto`: as "
        "many as keep the picture at about half its resolution; where a tenth of the training boxes "
        "would come out narrower than 3 pixels, as many as make them 8; at most `max_tiles`",
    )
    max_tiles: int = Field(
        24,
        ge=1,
        le=400,
        description="tiles that `auto` may use; time for a picture grows with them",
    )
    weights: str = Field(
        "",
        description="backbone: a .pth of EfficientNet-Lite0, or a backbone.onnx of an earlier run; "
        "empty takes the packaged ImageNet weights (extra `pretrained`)",
    )
    bank_size: int = Field(1000, ge=50, le=5000, description="patches kept in the bank")
    max_patches: int = Field(
        40_000, ge=1000, le=400_000, description="patches the bank is chosen from"
    )
    top_k: int = Field(10, ge=1, le=200, description="worst patches averaged into a tile's score")
    false_alarm_rate: float = Field(
        0.01, gt=0, lt=0.5, description="share of good parts that may be rejected, 0.01 = 1 %"
    )
    augment: bool = Field(
        True, description="adds a slightly shifted, turned and relit copy of each good part"
    )
    min_defects: int = Field(
        25, ge=10, description="labelled defects from which they may change the score"
    )


class DetectorConfig(Section):
    """How to train a detector with classes and boxes."""

    backend: Literal["ultralytics"] = Field(
        "ultralytics", description="trainer; ultralytics is AGPL-3.0 (extra `yolo`)"
    )
    architecture: str = Field(
        "yolo11n.yaml",
        description="a network that ultralytics describes itself, built from scratch without weights",
    )
    weights: str = Field("", description="a local .pt to start from; empty: from scratch")
    allow_download: bool = Field(
        False, description="let ultralytics fetch `weights` from its release page on GitHub"
    )
    image_size: int = Field(320, ge=64, le=1280, multiple_of=32, description="pixels, square")
    tiles: tuple[Annotated[int, Field(ge=1, le=20)], Annotated[int, Field(ge=1, le=20)]] = Field(
        (1, 1),
        description="rows and columns of pieces that a picture is learned and looked at in, each at "
        "`image_size`, overlapping by a fifth; for defects that are small in large pictures, at "
        "that many times the time",
    )
    epochs: int = Field(100, ge=1, le=2000, description="passes over the training pictures")
    time_limit_minutes: float = Field(30.0, gt=0, description="minutes of wall time for training")
    batch: int = Field(8, ge=1, le=256, description="pictures per step")
    patience: int = Field(30, ge=1, description="epochs without a better val mAP before stopping")
    learning_rate: float = Field(
        0.0, ge=0, le=1, description="initial rate; 0: 0.001 from scratch, 0.0005 from weights"
    )
    confidence: float = Field(0.05, ge=0.001, lt=1, description="boxes below are not reported")
    iou: float = Field(0.6, gt=0, lt=1, description="overlap above which two boxes are one")
    max_boxes: int = Field(100, ge=1, le=300, description="boxes reported per picture")


class Config(Section):
    """The kit's part of `kit.yaml`, under `model`."""

    approach: Literal["auto", "good-parts", "detector"] = Field(
        "auto",
        description="`good-parts` needs no defects; `detector` needs boxes; `auto` takes the "
        "detector from 150 training boxes (boxes around masks do not count), or when there are hardly any good parts",
    )
    good_parts: GoodPartsConfig = GoodPartsConfig()
    detector: DetectorConfig = DetectorConfig()
