"""Verbs on data: `data import | list | show | diff | export | erase`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from kits.core.console import Console
from kits.program import make_family
from kits.toolchain.commands.options import HERE, JsonOption, ProjectOption, QuietOption

if TYPE_CHECKING:
    from kits.core.kit import Finding
    from kits.toolchain.erasing import Erased
    from kits.toolchain.importing import ImportReport

_SHOWN = 3
_SAID = 5
"""Different things that are said of one check."""
"""Examples per kind of finding in text; all of them are in the version's findings.json."""


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    data = make_family("Dataset versions: import, look, compare, export, erase.")
    data.command("import")(import_)
    data.command("list")(list_)
    data.command("show")(show)
    data.command("diff")(diff)
    data.command("export")(export_)
    data.command("erase")(erase_)
    app.add_typer(data, name="data")


def import_(
    path: Annotated[Path, typer.Argument(help="Folder, file or zip with your data.")],
    format_: Annotated[
        str, typer.Option("--format", help="auto, kitwright, or a format of `kit list`.")
    ] = "auto",
    only: Annotated[
        Path | None, typer.Option(help="Text file with the training samples to take.")
    ] = None,
    label: Annotated[str, typer.Option(help="Label of all samples, whatever the data says.")] = "",
    note: Annotated[str, typer.Option(help="A remark kept with the version.")] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="A fresh version, not added to the current one.")
    ] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Import data as a new dataset version and make it the current one."""
    from kits.toolchain.importing import ImportOptions, import_data
    from kits.toolchain.labelling.wanted import next_command
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import Project

    console = Console(as_json, quiet)
    options = ImportOptions(format_, only, label, note, replace)
    opened = Project.open(project)
    report = import_data(opened, path, options, make_progress(console))
    console.answer(report_text(report), report_json(report))
    console.next(next_command(opened, report.dataset, "kit check"))


def report_text(report: ImportReport) -> str:
    """An import's outcome for people."""
    from kits.toolchain.datasets import count_table

    replaced = f" + {report.replaced} in a newer state" if report.replaced else ""
    lines = [
        f"dataset {report.dataset.id[:12]} with {len(report.dataset.items)} samples "
        f"(read as {report.format})",
        f"{report.read} read = {report.kept} kept{replaced} + {report.duplicates} duplicates "
        f"+ {report.left_out} left out + {report.refused} refused",
        count_table(report.dataset.counts()),
        *findings_text(report.findings),
    ]
    return "\n".join(lines)


def findings_text(findings: Iterable[Finding]) -> list[str]:
    """Findings by check: what each says once, with a few examples."""
    by_check: dict[tuple[str, str], dict[str, list[Finding]]] = defaultdict(dict)
    for finding in findings:
        by_check[finding.level, finding.check].setdefault(finding.text, []).append(finding)
    lines: list[str] = []
    for (level, check), said in sorted(by_check.items()):
        groups = list(said.values())
        for group in groups[:_SAID]:
            lines += _told(level, check, group)
        rest = sum(map(len, groups[_SAID:]))
        lines += [f"       … {rest} more of {check}: --json"] if rest else []
    return lines


def _told(level: str, check: str, found: Sequence[Finding]) -> list[str]:
    """Findings that say the same, of different samples or files."""
    count = f" ({len(found)} times)" if len(found) > 1 else ""
    lines = [f"{level:4} {check}{count}: {found[0].text}"]
    examples = [e for f in found for e in f.evidence]
    lines += [f"       {example}" for example in examples[:_SHOWN]]
    if len(examples) > _SHOWN:
        lines.append("       … more of them: --json")
    if found[0].fix:
        lines.append(f"       fix: {found[0].fix}")
    return lines


def report_json(report: ImportReport) -> dict[str, JsonValue]:
    """An import's outcome for programs."""
    from kits.toolchain.datasets import describe, findings_as_json

    return {
        "dataset": report.dataset.id,
        "format": report.format,
        "read": report.read,
        "kept": report.kept,
        "replaced": report.replaced,
        "duplicates": report.duplicates,
        "left_out": report.left_out,
        "refused": report.refused,
        "version": describe(report.dataset),
        "findings": findings_as_json(report.findings),
    }


def list_(
    project: ProjectOption = HERE, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Dataset versions, oldest first; `*` marks the current one."""
    from kits.toolchain.datasets import describe
    from kits.toolchain.project import Project

    console = Console(as_json, quiet)
    opened = Project.open(project)
    current = opened.current_dataset_id
    rows: list[JsonValue] = []
    lines = []
    for identity in opened.dataset_ids():
        dataset = opened.dataset(identity)
        n = {split: sum(row.values()) for split, row in dataset.counts().items()}
        shares = " ".join(f"{split} {count}" for split, count in n.items())
        mark = "*" if identity == current else " "
        lines.append(f"{mark} {identity[:12]}  {shares}  {dataset.header.note}".rstrip())
        rows.append({**describe(dataset), "current": identity == current})
    console.answer(
        "\n".join(
            ["1 dataset version" if len(rows) == 1 else f"{len(rows)} dataset versions", *lines]
        ),
        rows,
    )
    console.next("kit data show" if rows else "kit data import PATH")


def show(
    version: Annotated[str, typer.Argument(help="First characters of an id; empty: current.")] = "",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """A dataset version in figures, with what its import found."""
    from kits.toolchain.datasets import count_table, describe, findings_as_json, load_findings
    from kits.toolchain.project import Project

    console = Console(as_json, quiet)
    opened = Project.open(project)
    dataset = opened.dataset(version)
    findings = load_findings(opened, dataset.id)
    about = describe(dataset)
    lines = [
        f"dataset {dataset.id}: {len(dataset.items)} samples in {about['groups']} groups",
        f"split: {dataset.header.split_rule}; seed {dataset.header.seed}",
        *([f"parent: {dataset.header.parent[:12]}"] if dataset.header.parent else []),
        *([f"note: {dataset.header.note}"] if dataset.header.note else []),
        count_table(dataset.counts()),
        *findings_text(findings),
    ]
    console.answer("\n".join(lines), {**about, "findings": findings_as_json(findings)})
    console.next("kit check")


def diff(
    old: Annotated[str, typer.Argument(help="First characters of an id.")],
    new: Annotated[str, typer.Argument(help="Another id; empty: the current version.")] = "",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """What changed from one dataset version to another."""
    from kits.toolchain.datasets import difference
    from kits.toolchain.project import Project

    console = Console(as_json, quiet)
    opened = Project.open(project)
    one, two = opened.dataset(old), opened.dataset(new)
    found = difference(one, two)
    table = {
        "added": found.added,
        "removed": found.removed,
        "relabelled": found.relabelled,
        "moved": found.moved,
    }
    head = ", ".join(f"{len(names)} {what}" for what, names in table.items())
    lines = [f"{one.id[:12]} to {two.id[:12]}: {head}"]
    lines += [f"  {what:10} {name}" for what, names in table.items() for name in names]
    console.answer(
        "\n".join(lines),
        {"old": one.id, "new": two.id, **{what: list(names) for what, names in table.items()}},
    )


def export_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New folder to write to.")],
    version: Annotated[str, typer.Option(help="First characters of an id; empty: current.")] = "",
    format_: Annotated[
        str, typer.Option("--format", help="kitwright, or one the kit can write.")
    ] = "kitwright",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a dataset version to a folder."""
    from kits.toolchain.datasets import export
    from kits.toolchain.project import Project

    console = Console(as_json, quiet)
    opened = Project.open(project)
    dataset = opened.dataset(version)
    n = export(opened, dataset, folder, format_)
    left_out = len(dataset.items) - n
    text = f"{n} samples written to {folder} as {format_}"
    if left_out:
        text += (
            f"; {left_out} left out, as it cannot say what they are: --format kitwright holds all"
        )
    about = {"dataset": dataset.id, "folder": str(folder), "format": format_}
    console.answer(text, {**about, "n": n, "left_out": left_out})
    console.next(f"kit data import {folder} --format {format_}")


def erase_(
    who: Annotated[
        str,
        typer.Argument(
            help="The id in the CRM (4711), the whole key (HubSpot deals:4711), a source, or an e-mail address."
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Erase a person from all dataset versions, their bytes and runs' results; bundles and your own files stay."""
    from kits.toolchain import erasing
    from kits.toolchain.commands.hub_options import confirm
    from kits.toolchain.project import Project

    console = Console(as_json, quiet)
    opened = Project.open(project)
    found = erasing.find(opened, who) if dry_run or not yes else None
    if found is not None and not dry_run:
        question = f"Erase {_erased_text(found)}? Nobody can bring it back"
        confirm(question, yes=yes, as_json=as_json, first="kit data erase --dry-run says what goes")
    done = found if found is not None and dry_run else erasing.erase(opened, who)
    told: dict[str, JsonValue] = {
        "samples": list(done.samples), "versions": list(done.versions), "runs": list(done.runs),
        "files": list(done.files), "erased": not dry_run,
    }  # fmt: skip
    console.answer(f"{'would erase' if dry_run else 'erased'}: {_erased_text(done)}", told)
    if done.files:
        console.note(f"still in what was imported, which is yours: {', '.join(done.files)}")
    if done.runs and not dry_run:
        console.note(f"reports of {', '.join(done.runs)} are built again by `kit report`")


def _erased_text(found: Erased) -> str:
    shown = ", ".join(found.samples[:_SHOWN])
    more = f" and {len(found.samples) - _SHOWN} more" if len(found.samples) > _SHOWN else ""
    return (
        f"{len(found.samples)} samples ({shown}{more}) of {len(found.versions)} dataset versions, "
        f"results in {len(found.runs)} runs"
    )
