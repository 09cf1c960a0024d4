"""Is it said what the model is for, and by which figure it will be judged?"""

from __future__ import annotations

from collections.abc import Iterator

from kits.core.errors import did_you_mean
from kits.core.kit import Finding
from kits.toolchain.guardrails.context import Context

_WORDS = 5


def check(context: Context) -> Iterator[Finding]:
    """Statement, metric, target, latency limit."""
    config = context.project.config
    yield _statement(config.problem)
    yield from _metric(context)
    yield _target(config.device.target)
    if config.device.latency_limit_ms is None:
        yield Finding(
            "latency-limit",
            "warn",
            "no latency limit: a model that is too slow for the line would not be noticed",
            fix="set device.latency_limit_ms in kit.yaml",
        )
    else:
        text = f"a decision may take {config.device.latency_limit_ms:g} ms"
        yield Finding("latency-limit", "pass", text)


def _statement(problem: str) -> Finding:
    if len(problem.split()) >= _WORDS:
        return Finding("problem", "pass", "the problem is stated", (problem,))
    return Finding(
        "problem",
        "warn",
        "the problem is not stated: nobody can judge later whether it was solved",
        (problem,) if problem else (),
        "write one or two sentences under `problem` in kit.yaml: what goes wrong, what it costs",
    )


def _target(target: str) -> Finding:
    from kits.toolchain.targets import TARGETS

    if target in TARGETS:
        return Finding("device-target", "pass", f"bundles are made for {target}")
    fix = f"correct device.target in kit.yaml: {did_you_mean(target, TARGETS)}"
    return Finding("device-target", "fail", f"nothing is built for {target!r}", (), fix)


def _metric(context: Context) -> Iterator[Finding]:
    metric = context.project.config.metric
    known = context.project.kit.manifest.metrics
    if not metric.name:
        yield Finding(
            "metric",
            "warn",
            "no metric is chosen",
            (f"this kit measures: {', '.join(known)}",),
            "set metric.name in kit.yaml",
        )
        return
    if metric.name not in known:
        yield Finding(
            "metric",
            "fail",
            f"{metric.name!r} cannot be measured by this kit",
            (f"this kit measures: {', '.join(known)}",),
            f"correct metric.name in kit.yaml: {did_you_mean(metric.name, known)}",
        )
        return
    yield Finding("metric", "pass", f"judged by {metric.name}")
    if metric.target is None:
        yield Finding(
            "target",
            "warn",
            f"no value of {metric.name} is named that would be good enough",
            fix="set metric.target in kit.yaml",
        )
    else:
        yield Finding("target", "pass", f"{metric.name} must reach {metric.target:g}")
