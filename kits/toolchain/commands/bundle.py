"""Verbs that work with bundles: `compile`, `compare`, `bench`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kits.toolchain.commands.options import (
    HERE,
    BundleOption,
    JsonOption,
    ProjectOption,
    ProviderOption,
    QuietOption,
)

if TYPE_CHECKING:
    from kits.toolchain.bench import Bench


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    app.command("compile")(compile_)
    app.command()(compare)
    app.command()(bench)


def compile_(
    target: Annotated[
        str,
        typer.Option(
            help="cpu, openvino, tensorrt, jetson-orin-nano, …; device.target by default."
        ),
    ] = "",
    precision: Annotated[
        str, typer.Option(help="auto, fp32, bf16 (openvino), fp16 or int8.")
    ] = "auto",
    run: Annotated[str, typer.Option(metavar="ID", help="The newest run by default.")] = "",
    max_loss: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Largest relative loss of the goal metric.")
    ] = 0.02,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make the bundle for a device, in the lowest precision that loses nothing that matters."""
    from kits.core.console import Console
    from kits.toolchain.compile import compile_run
    from kits.toolchain.gate import Limits
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import Project

    console = Console(as_json, quiet)
    made = compile_run(
        Project.open(project),
        target=target,
        precision=precision,
        run=run,
        limits=Limits.for_loss(max_loss),
        progress=make_progress(console),
    )
    console.answer(f"{made.precision} for {made.target}: {made.path}", made.as_json())
    for judged in made.judgements:
        kept = judged.evidence
        console.note(
            f"  {judged.precision}: {kept['metric']} {kept['value']:.4g} (FP32 {kept['fp32']:.4g}), "
            f"same verdict for {kept['verdict_agreement']:.1%} of {kept['n']} samples"
        )
    for name, milliseconds in made.latency_ms.items():
        console.note(f"  {name}: {milliseconds:.2f} ms per sample here")
    for refused in made.refused:
        console.note(f"refused {refused['precision']}: {refused['reason']}")
    for text in made.notes:
        console.note(f"note: {text}")
    console.next("kit publish --hub URL")


def compare(
    champion: Annotated[Path, typer.Argument(help="The bundle in use.")],
    challenger: Annotated[Path, typer.Argument(help="The one that wants its place.")],
    max_loss: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Largest relative loss of the goal metric.")
    ] = 0.02,
    max_escape_rise: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Largest rise of the escape rate, beyond chance."),
    ] = 0.01,
    max_new_escapes: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Defects that the champion catches and the challenger may let pass, a count, "
            "beyond chance or not; gate.max_new_escapes of kit.yaml by default.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the bootstrap; data.seed by default.")
    ] = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Is the challenger better than the champion beyond chance: cheaper, or truer in its probabilities? Exit code 6 if not."""
    from kits.core.console import Console
    from kits.toolchain.compare import Allowed
    from kits.toolchain.compare import compare as judge
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import Project
    from kits.toolchain.worth import figure_text

    console = Console(as_json, quiet)
    opened = Project.open(project)
    strict = opened.config.gate.max_new_escapes if max_new_escapes is None else max_new_escapes
    found = judge(
        opened,
        champion,
        challenger,
        allowed=Allowed(max_loss, max_escape_rise, strict),
        seed=seed,
        progress=make_progress(console),
    )
    word = "better" if found.better else "not better"
    console.answer(
        f"{word}: {found.reason} (n={found.n}, dataset {found.dataset[:12]}, seed {found.seed})",
        found.as_json(),
    )
    for note in found.notes:
        console.note(f"  {note}")
    for name in found.champion.metrics:
        if name in found.challenger.metrics:
            one, two = (
                figure_text(name, side.metrics[name], found.currency)
                for side in (found.champion, found.challenger)
            )
            console.note(f"  {name:<18} champion {one}  challenger {two}")
    if not found.better:
        raise typer.Exit(6)
    console.next(f"kit publish {challenger} --hub URL")


def bench(
    bundle: BundleOption = "",
    inputs: Annotated[
        list[Path] | None,
        typer.Option("--input", metavar="PATH", help="Files to use; golden samples by default."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to measure.")] = 5.0,
    threads: Annotated[int, typer.Option(min=0, help="0: the provider's choice.")] = 0,
    provider: ProviderOption = "cpu",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Latency, throughput, memory and cold start on this machine."""
    from kits.core.console import Console
    from kits.toolchain.bench import bench as measure
    from kits.toolchain.predict import find_inputs
    from kits.toolchain.project import bundle_file

    console = Console(as_json, quiet)
    result = measure(
        bundle_file(project, bundle),
        inputs=find_inputs(inputs or ()),
        seconds=seconds,
        threads=threads,
        provider=provider,
    )
    console.answer(_bench_line(result), result.as_json())
    for precision, stages in result.stages.items():
        for stage, q in stages.items():
            figures = "  ".join(f"{name} {value:7.2f}" for name, value in q.items())
            console.note(f"  {precision} {stage:<6} {figures} ms")
        console.note(f"  {precision} {result.throughput_per_s[precision]:.1f} samples per second")
    console.next("kit publish --hub URL")


def _bench_line(result: Bench) -> str:
    first = next(iter(result.stages))
    total = result.stages[first]["total"]
    return (
        f"{first} on {', '.join(result.providers) or 'cpu, without a model'}: p50 {total['p50']:.2f} ms, "
        f"p99 {total['p99']:.2f} ms, {result.rss_mib:.0f} MiB, "
        f"cold start {result.cold_start_ms:.0f} ms (n={result.n})"
    )
