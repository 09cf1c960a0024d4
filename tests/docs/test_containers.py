"""What goes into a container image: all that the package is built from, and nothing beside it."""

from __future__ import annotations

import json
import re
import typing
from pathlib import Path

import tomllib
import typer
import yaml

from cloud_sync.cli import make_app
from cloud_sync.config import HubConfig

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "cloud_sync" / "deploy"


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


def test_the_hubs_image_has_what_all_kits_need_and_keeps_its_data_in_the_volume() -> None:
    text = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text())
    extras = re.findall(r"/source\[([a-z,]+)\]", text)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {"hub", "mail", "train", "postgres"} <= {*extras[0].split(",")} <= {*known}
    data = re.findall(r"^ENV KITWRIGHT_HUB_DATA=(\S+)$", text, re.M)[0]
    volume = re.findall(r"^VOLUME (\S+)$", text, re.M)[0]
    hub = compose()
    assert Path(data).parent == Path(volume)
    assert f"hub:{volume}" in hub["volumes"]
    defaults = HubConfig()
    ports = (defaults.listen.port, defaults.broker.tls_port)
    assert hub["ports"] == [f"{port}:{port}" for port in ports]


def test_the_hubs_container_is_asked_by_a_command_that_there_is_and_has_no_rights_beyond_its_data() -> (
    None
):
    hub = compose()
    kind, program, verb, *words = hub["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "cloud-sync")
    command = typing.cast("typing.Any", typer.main.get_command(make_app())).commands[verb]
    assert command.make_context(verb, words).params["brief"]
    assert hub["read_only"] and hub["cap_drop"] == ["ALL"]
    assert json.dumps(hub["security_opt"]) == '["no-new-privileges:true"]'


def compose() -> dict[str, typing.Any]:
    """The hub in `compose.yaml`."""
    read = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return dict(read["services"]["hub"])
