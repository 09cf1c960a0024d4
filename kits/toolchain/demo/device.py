"""The demo's device: what its `agent.yaml` says.

It plays the folder of the line and does no more than note its actions in a file. A kit's story may put sections of
its own in place of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import JsonValue

from kits.core.story import DemoStory


def agent_yaml(root: Path, story: DemoStory, hub: str, *, seed: int, loop: bool) -> str:
    """The configuration of the demo's agent; makes the folder for its state.

    Args:
        root: the demo's folder.
        hub: its URL.
        loop: the line begins anew at its end, so that a rollout sees enough of it.
    """
    state = root / "agent"
    state.mkdir(exist_ok=True)
    sections: Mapping[str, JsonValue] = {
        "state_dir": str(state),
        "hub": {"url": hub},
        "source": {**story.source, "path": str(root / "data" / story.line), "loop": loop},
        "actions": [
            {
                "kind": "simulated",
                "name": story.action,
                "verdicts": ["act"],
                "path": str(state / "actuator.jsonl"),
            }
        ],
        "selection": {"audit_rate": 0.15, "seed": seed},
        "update": {
            "shadow_samples": 20,
            "probation_samples": 60,
            "probation_min_s": 0,
            "max_latency_factor": 5,
        },
        "status": {"port": 0},
        **story.agent,
    }
    return yaml.safe_dump(dict(sections), sort_keys=False)
