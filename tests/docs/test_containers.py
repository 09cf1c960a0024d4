"""What goes into a container image: all that the package is built from, and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import tomllib

ROOT = Path(__file__).parents[2]


def test_an_image_is_built_from_the_package_alone() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*", "whatever else lies in the tree, a hub with its keys for one, stays out"
    taken = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    about = project["project"]
    needed = {*wheel["packages"], *wheel["force-include"], *about["license-files"]}
    assert taken == {*needed, about["readme"], "pyproject.toml"}
