"""Samples that a project's own settings leave out of what is learned from, such as test leads. Which those are, its kit says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel, JsonValue

from cloud_sync.learning.reviewed import Reviewed
from kits.core.discovery import get_kit
from kits.core.kit_modules import LeavesOut
from kits.core.settings import parse_yaml, validate_settings

Rule = Callable[[Mapping[str, JsonValue]], str]
"""A sample's `meta` → what it has for which it is left out; empty: it is learned from."""


def config_of(kit_yaml: str) -> BaseModel:
    """The kit's part of a project's `kit.yaml`.

    Raises:
        ConfigError, NotFoundError: it is wrong, or of no kit that is here.
    """
    raw = parse_yaml(kit_yaml, "kit.yaml")
    model = raw.get("model")
    return validate_settings(
        model if isinstance(model, dict) else {},
        get_kit(str(raw.get("kit", ""))).config_model,
        where="kit.yaml",
        prefix=("model",),
    )


def rule_of(kit_yaml: str) -> Rule:
    """By which samples of a project are left out; without a `kit.yaml` none are. Raises as `config_of`."""
    if not kit_yaml:
        return _none
    config = config_of(kit_yaml)
    if isinstance(config, LeavesOut):
        return config.left_out
    return _none


def sifted(reviewed: Sequence[Reviewed], rule: Rule) -> tuple[list[Reviewed], dict[str, int]]:
    """Those to learn from, and how many are left out by what they have."""
    judged = [(one, rule(one.sample.meta)) for one in reviewed]
    return [one for one, why in judged if not why], dict(Counter(why for _, why in judged if why))


def _none(_meta: Mapping[str, JsonValue]) -> str:
    return ""
