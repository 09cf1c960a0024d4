"""`kit new` and `kit update`: a folder from a template, and the template's later changes.

Copier asks and renders, from a local folder, without network, git or tasks. What was rendered is
remembered by digest in `.kit-template.json`, so that an update touches only files nobody changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import JsonValue, ValidationError

import kits
from kits.core.complaints import misfit
from kits.core.discovery import find_kits, get_kit
from kits.core.errors import ConfigError, MachineError, UsageError, did_you_mean, not_installed
from kits.core.files import write_atomically
from kits.core.sample import digest_of
from kits.core.section import Section
from kits.core.settings import load_yaml
from kits.toolchain.project import CONFIG_NAME, Project

MEMORY = ".kit-template.json"
PLUGIN = "plugin-kit"
_FALLBACK = "any-kit"
_MARK_WIDTH, _LEAST_WIDTH, _USUAL_WIDTH = 4, 16, 80
"""Columns: what copier puts before a question, with one to spare; lines are not broken below."""
Change = Literal["added", "updated", "kept", "conflict"]


class Memory(Section):
    """`.kit-template.json`: what the folder was made from."""

    template: str
    version: str
    answers: dict[str, JsonValue]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class FileChange:
    """What an update does to one file; a conflict is left beside it as `<file>.new`."""

    path: str
    change: Change


def templates_dir() -> Path:
    """The folder of templates: inside the package when installed, else the repository's.

    Raises:
        MachineError: neither is there.
    """
    package = Path(kits.__file__).parent
    for folder in (package / "_templates", package.parent / "templates"):
        if folder.is_dir():
            return folder
    raise MachineError("the templates are missing", where=str(package), fix="reinstall kitwright")


def template_of(name: str) -> Path:
    """The template of a kit: its own package's `template` folder, ours, or the general one.

    Raises:
        UsageError: no such kit.
    """
    if name == PLUGIN:
        return templates_dir() / PLUGIN
    try:
        kit = get_kit(name)
    except UsageError as error:
        raise UsageError(error.what, fix=did_you_mean(name, (*find_kits().kits, PLUGIN))) from None
    for folder in (kit.root / "template", templates_dir() / name):
        if (folder / "copier.yml").is_file():
            return folder
    return templates_dir() / _FALLBACK


def parse_answers(given: list[str]) -> dict[str, JsonValue]:
    """`key=value` texts as answers; values are YAML, so numbers are numbers.

    Raises:
        UsageError: not `key=value`.
    """
    answers: dict[str, JsonValue] = {}
    for text in given:
        key, found, value = text.partition("=")
        if not found or not key:
            raise UsageError(f"{text!r} is not key=value", fix="--answer name=press-3")
        answers[key] = value
    return answers


def new(
    kit: str,
    folder: Path,
    answers: Mapping[str, JsonValue],
    *,
    ask: bool,
    tell: Callable[[str], None] = print,
) -> list[str]:
    """Makes a project (or, for `plugin-kit`, a package) in an empty or absent folder.

    Args:
        ask: whether open questions are put to the person; else defaults hold.
        tell: says what is wrong with answers, before they are asked for again.

    Returns:
        The files made.

    Raises:
        UsageError: the folder is not empty, an unknown kit or answer, or an answer that does
            not fit.
        KeyboardInterrupt: the person would rather not; nothing is made.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("this folder is not empty", where=str(folder), fix="name a new folder")
    template = template_of(kit)
    full = {"name": slug(folder.resolve().name), **answers}
    questions = _questions(template)
    if "kit" in questions:
        full["kit"] = kit
    for key in full:
        if key not in questions:
            raise UsageError(
                f"the template of {kit!r} has no question {key!r}", fix=did_you_mean(key, questions)
            )
    before: dict[str, JsonValue] = {}
    while True:
        with _rendered(template, full, before, ask=ask) as (made, said):
            try:
                _check_answers(made)
            except UsageError as error:
                if not ask or said == before:
                    raise
                # what was typed is kept: who gives sixteen answers does not give them twice
                before = said
                tell(f"{error.what}\n  fix:   {error.fix}\nasked again, with your answers:")
                continue
            files = _digests(made)
            memory = Memory(template=kit, version=kits.__version__, answers=said, files=files)
            shutil.copytree(made, folder, dirs_exist_ok=True)
        write_atomically(folder / MEMORY, memory.model_dump_json(indent=1).encode())
        return sorted(files)


def update(folder: Path, *, dry_run: bool) -> list[FileChange]:
    """Brings what the template has changed since; files a person changed stay as they are.

    Raises:
        ConfigError: the folder was not made by `kit new`.
    """
    path = folder / MEMORY
    try:
        memory = Memory.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError(
            "this folder does not say which template it was made from",
            where=str(path),
            fix="make a new project with `kit new` and move your kit.yaml into it",
        ) from None
    except ValidationError as error:
        what, fix = misfit("what this folder was made from", error, "update Kitwright here")
        fix = fix or "put the file back as `kit new` wrote it"
        raise ConfigError(what, where=str(path), fix=fix) from None
    template = template_of(memory.template)
    known = _questions(template)
    answers = {k: v for k, v in memory.answers.items() if k in known}
    with _rendered(template, answers, {}, ask=False) as (made, said):
        fresh = _digests(made)
        changes = [_change(folder, name, fresh[name], memory.files.get(name)) for name in fresh]
        if not dry_run:
            for change in changes:
                _apply(made, folder, change)
            memory = Memory(
                template=memory.template, version=kits.__version__, answers=said, files=fresh
            )
            write_atomically(path, memory.model_dump_json(indent=1).encode())
    return [c for c in changes if c.change != "kept"]


def slug(text: str) -> str:
    """A project name from a folder's name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:32].strip("-") or "project"


def _change(folder: Path, name: str, fresh: str, made: str | None) -> FileChange:
    path = folder / name
    if not path.exists():
        # deleted on purpose, unless the template never had it
        return FileChange(name, "added" if made is None else "kept")
    present = digest_of(path.read_bytes())
    if fresh in (made, present):
        return FileChange(name, "kept")
    return FileChange(name, "updated" if present == made else "conflict")


def _apply(made: Path, folder: Path, change: FileChange) -> None:
    if change.change == "kept":
        return
    suffix = ".new" if change.change == "conflict" else ""
    write_atomically(folder / f"{change.path}{suffix}", (made / change.path).read_bytes())


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): digest_of(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _questions(template: Path) -> dict[str, JsonValue]:
    loaded = load_yaml((template / "copier.yml").read_text(encoding="utf-8"))
    return {key: value for key, value in loaded.items() if not key.startswith("_")}


def _check_answers(made: Path) -> None:
    """That a project can be opened; a template of something else has none."""
    if not (made / CONFIG_NAME).exists():
        return
    try:
        Project.open(made)
    except ConfigError as error:
        raise UsageError(
            f"these answers make no valid project: {error.what}", fix=error.fix
        ) from None


def _for_terminal(template: Path, copy: Path) -> Path:
    """A copy whose questions have lines of the terminal's width: copier shows no more of a line than fits."""
    shutil.copytree(template, copy)
    path = copy / "copier.yml"
    told = load_yaml(path.read_text(encoding="utf-8"))
    width = max(_LEAST_WIDTH, _columns() - _MARK_WIDTH)
    for question in told.values():
        if isinstance(question, dict) and isinstance(question.get("help"), str):
            question["help"] = "\n".join(textwrap.wrap(str(question["help"]), width))
    path.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    return copy


def _columns() -> int:
    """As what copier asks with finds them, which heeds no COLUMNS."""
    with suppress(OSError, ValueError):
        return os.get_terminal_size(sys.stdout.fileno()).columns or _USUAL_WIDTH
    return _USUAL_WIDTH


@contextmanager
def _rendered(
    template: Path, answers: Mapping[str, JsonValue], before: Mapping[str, JsonValue], *, ask: bool
) -> Iterator[tuple[Path, dict[str, JsonValue]]]:
    """The template rendered into a temporary folder, with all answers, asked and default.

    Args:
        answers: are not asked for; `before`: are proposed.
    """
    try:
        from copier import run_copy
        from copier.errors import CopierAnswersInterrupt, CopierError, InteractiveSessionError
    except ImportError:
        raise not_installed("copier", "train") from None

    with tempfile.TemporaryDirectory(prefix="kit-new-") as temporary:
        made = Path(temporary) / "made"
        asked = _for_terminal(template, Path(temporary) / "asked") if ask else template
        try:
            worker = run_copy(
                str(asked), made, data=dict(answers), user_defaults=dict(before),
                defaults=not ask, quiet=True,
            )  # fmt: skip
        except CopierAnswersInterrupt:
            raise KeyboardInterrupt from None  # it holds the template's inside, which says nothing
        except InteractiveSessionError:
            raise UsageError(
                "the questions end here: nothing more can be typed, and nothing was made",
                fix="--defaults takes the usual answers, --answer KEY=VALUE gives one",
            ) from None
        except (CopierError, ValueError) as error:
            raise UsageError(f"an answer does not fit: {error}", fix="kit new --help") from None
        said = {k: v for k, v in worker.answers.combined.items() if k in _questions(template)}
        yield made, json.loads(json.dumps(said, default=str))
