"""Links lead somewhere, commands in the docs exist, and everything public stands in the reference."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from edge_agent import config as agent_config
from kits.core.discovery import find_kits
from kits.toolchain.reference import PROGRAMS
from kits.toolchain.reference_tables import api_routes

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("cloud_sync/**/*.md"),
                *ROOT.glob("kits/*/README.md"), *ROOT.glob("templates/*/project/README.md.jinja")])  # fmt: skip
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.S | re.M)
_INLINE = re.compile(r"`((?:kit|edge-agent|cloud-sync) [^`]+)`")
_TYPED = re.compile(
    r"^\s*(?:\$ )?(?:next: )?(?:sudo )?(?:-u \S+ )?(?:\S*/)?((?:kit|edge-agent|cloud-sync)\s.*)$"
)
GENERATED = {"cli.md"}


def names(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_relative_links_lead_to_files(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    links = [link.partition("#")[0] for link in _LINK.findall(text)]
    inside = [
        link for link in links if link and "://" not in link and not link.startswith("mailto:")
    ]
    assert [link for link in inside if not (page.parent / link).exists()] == []


def test_the_index_leads_to_every_page() -> None:
    docs = ROOT / "docs"
    linked = set(_LINK.findall((docs / "README.md").read_text(encoding="utf-8")))
    pages = {p.relative_to(docs).as_posix() for p in docs.glob("**/*.md") if p.parent.name != "adr"}
    assert pages - linked == {"README.md"}


def commands(page: Path) -> Iterator[str]:
    """Command lines of our programs in a page."""
    text = page.read_text(encoding="utf-8")
    for block in _FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if match := _TYPED.match(line):
                yield re.split(r"\s+#|\s{3,}| \|", match[1])[0]
    yield from _INLINE.findall(_FENCE.sub("", text))


def complaint(line: str) -> str:
    """What is wrong with a command line; empty when its verbs and options exist."""
    program, *words = shlex.split(re.sub(r"[\[\]…]", " ", line).replace("'", ""))
    command = ROOTS[program]
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        choices = words[0].split("|")
        if not set(choices) <= set(command.commands):
            return f"{program} has no {words[0]!r}: {line}"
        command, words = command.commands[choices[0]], words[1:]
    known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help", "-h"}
    wrong = [word.split("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)]
    wrong = [word for word in wrong if word not in known]
    return f"no option {wrong}: {line}" if wrong else ""


def _root(module: str) -> object:
    loaded = importlib.import_module(module)
    make = getattr(loaded, "make_app", None)
    return typer.main.get_command(make() if make else loaded.app)


ROOTS = {program: _root(module) for program, module in PROGRAMS}


@pytest.mark.parametrize("page", [p for p in PAGES if p.name not in GENERATED], ids=names)
def test_commands_in_the_docs_exist_with_their_options(page: Path) -> None:
    assert [text for line in commands(page) if (text := complaint(line))] == []


def test_a_wrong_command_would_be_found() -> None:
    assert complaint("kit trian") and complaint("cloud-sync device add x --nonsense")
    assert not complaint("cloud-sync device add line-1 --data hub")


def test_every_verb_stands_in_the_reference() -> None:
    text = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")

    def walk(path: str, command: object) -> Iterator[str]:
        yield path
        for name, child in getattr(command, "commands", {}).items():
            if not child.hidden:
                yield from walk(f"{path} {name}", child)

    verbs = [verb for program, root in ROOTS.items() for verb in walk(program, root)]
    assert len(verbs) > 50
    assert [verb for verb in verbs if f"# `{verb}`\n" not in text] == []


def test_every_error_class_stands_in_the_reference() -> None:
    text = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    declared = re.compile(
        r"^class (\w+Error)\((?:Kitwright|Usage|Config|Data|Bundle|Machine|Unreachable|Gate)Error\)",
        re.M,
    )
    found = {
        name
        for package in ("kits", "edge_agent", "cloud_sync")
        for path in (ROOT / package).rglob("errors.py")
        for name in declared.findall(path.read_text(encoding="utf-8"))
    }
    assert len(found) > 15 and {name for name in found if f"`{name}`" not in text} == set()


def test_every_route_of_the_hub_stands_in_the_reference(tmp_path: Path) -> None:
    from cloud_sync.app import create_app
    from tests.browser.seed import make_empty_hub

    hub = make_empty_hub(tmp_path / "hub")
    paths = create_app(hub.config).openapi()["paths"]
    hub.close()
    served = {
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/v1/")
    }
    listed = {(method, path) for method, path, _, _ in api_routes()}
    assert served == listed


def test_every_route_names_who_may_use_it() -> None:
    assert [(m, p) for m, p, who, _ in api_routes() if who == "anyone"] == []


def test_every_kit_of_this_distribution_stands_in_the_reference() -> None:
    text = (ROOT / "docs/reference/kits.md").read_text(encoding="utf-8")
    ours = [name for name, kit in find_kits().kits.items() if kit.package.startswith("kits.")]
    assert ours and [name for name in ours if f"## `{name}`" not in text] == []


def test_every_source_and_action_has_its_page() -> None:
    how_to = ROOT / "docs" / "how-to"
    cameras = (how_to / "connect-a-camera.md").read_text(encoding="utf-8")
    machines = (how_to / "connect-a-machine.md").read_text(encoding="utf-8")
    mailbox = (how_to / "connect-a-mailbox.md").read_text(encoding="utf-8")
    actuators = (how_to / "connect-an-actuator.md").read_text(encoding="utf-8")
    keys = agent_config.AgentConfig.model_json_schema()["$defs"]
    kinds = {
        name: schema["properties"]["kind"]["const"]
        for name, schema in keys.items()
        if name.endswith(("SourceConfig", "ActionConfig"))
    }
    assert len(kinds) >= 6
    for name, kind in kinds.items():
        page = actuators if "Action" in name else cameras + machines + mailbox
        assert f"kind: {kind}" in page, name


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/explanation/architecture.md"])
def test_files_and_folders_that_tell_where_things_are_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    told = set(re.findall(r"`((?:kits|edge_agent|cloud_sync|docs)/[^`<\s]*)`", text))
    assert len(told) >= 4
    assert [path for path in sorted(told) if not (ROOT / path).exists()] == []


def test_every_module_of_core_has_its_place_in_the_architecture() -> None:
    text = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+\.py)`", text[text.index("## What core holds") :])
    here = {path.name for path in (ROOT / "kits/core").glob("*.py")} - {"__init__.py"}
    assert here == set(named) and len(named) == len(here)
