"""Channels that a person names in kit.yaml: a misspelt one keeps nothing out, so it stops what would go wrong in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import ConfigError
from kits.core.kit import TrainTask
from kits.core.operating_point import Costs
from kits.predictive_maintenance import data, train
from kits.predictive_maintenance._stated import refuse_misspelt
from kits.predictive_maintenance.config import Config
from tests.predictive_maintenance.trained import Trained


@pytest.mark.parametrize(
    ("model", "fix"),
    [
        ({"ignore": ["temprature"]}, "did you mean 'temperature'?"),
        ({"ignore": ["Temperature"]}, "did you mean 'temperature'?"),
        ({"speed_channel": "curent"}, "did you mean 'current'?"),
        ({"tacho_channel": "keyphasor"}, "known: current, flow"),
    ],
)
def test_a_misspelt_channel_of_the_settings_stops_a_training_and_is_checked(
    watched: Trained, model: dict[str, object], fix: str, tmp_path: Path
) -> None:
    config = Config.model_validate(model)
    with pytest.raises(ConfigError, match="which no recording has") as refused:
        train.train(TrainTask(watched.data, config, Costs(), tmp_path, 0))
    assert refused.value.fix.startswith(fix)
    [told] = [f for f in data.check(watched.data, config) if f.check == "channel-misspelt"]
    assert told.level == "fail" and told.fix == refused.value.fix


@pytest.mark.parametrize(
    "model",
    [
        {"ignore": ["vibration", "pressure"]},
        {"speed_channel": "none"},
        {"speed_channel": "speed"},
        {"approach": "physics", "speed_channel": "rpm", "tacho_channel": "key"},
    ],
)
def test_a_channel_that_is_merely_absent_and_none_are_no_mistakes(
    watched: Trained, model: dict[str, object]
) -> None:
    refuse_misspelt(["flow", "pressure", "speed"], Config.model_validate(model))


def test_a_slip_is_one_also_where_nothing_is_learned() -> None:
    config = Config.model_validate({"approach": "physics", "speed_channel": "shaft_sped"})
    with pytest.raises(ConfigError, match="names 'shaft_sped'"):
        refuse_misspelt(["acc", "shaft_speed"], config)
