"""The verbs about reviews and retraining."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud_sync.commands.options import (
    DATA,
    DataOption,
    JsonOption,
    LimitOption,
    ProjectOption,
    QuietOption,
    family,
    opened,
    operator,
    table,
)
from kits.core.console import Console

ProjectName = Annotated[str, typer.Argument(help="The project.")]


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    family(app, "review", "Samples that wait for a person.").command("list")(review_list)
    retrain = family(app, "retrain", "Learning from reviews.")
    retrain.command("plan")(retrain_plan)
    retrain.command("run")(retrain_run)


def review_list(
    project: ProjectOption = "",
    login: Annotated[str, typer.Option(help="The queue of this person.")] = "admin",
    limit: LimitOption = 20,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """List what a person should look at, best first."""
    from cloud_sync.learning import review_queue
    from cloud_sync.learning.champions import band_reader
    from cloud_sync.web.accounts import find_person

    with opened(data) as hub, hub.database.session() as session:
        person = find_person(session, login).id
        bands = band_reader(session, hub.storage)
        waiting = review_queue.queue(session, person, project=project, limit=limit, bands=bands)
        total = review_queue.count_waiting(session, person, project)
    rows = [
        (w.sample.id, w.why, w.sample.device, w.sample.label, w.sample.captured_at.isoformat())
        for w in waiting
    ]
    Console(as_json).answer(
        f"{total} wait\n" + table(rows, ("sample", "why", "device", "label", "captured")),
        {
            "waiting": total,
            "samples": [
                {"id": w.sample.id, "why": w.why, "device": w.sample.device} for w in waiting
            ],
        },
    )


def retrain_plan(
    project: ProjectName, data: DataOption = DATA, as_json: JsonOption = False
) -> None:
    """Say whether a retraining is worth it, and why."""
    from cloud_sync.learning.planning import plan

    console = Console(as_json)
    with opened(data) as hub, hub.database.session() as session:
        found = plan(hub, session, project)
    head = f"{project}: {'retrain' if found.retrain else 'wait'}"
    console.answer(
        "\n".join([head, *(f"  {reason}" for reason in found.reasons)]),
        {
            "project": project, "retrain": found.retrain, "reasons": list(found.reasons),
            "new_samples": found.new_samples, "new_labels": dict(found.new_labels),
            "rates": {name: rate.model_dump(mode="json") for name, rate in found.rates.items()},
        },
    )  # fmt: skip
    console.next(
        f"cloud-sync retrain run {project} --data {data}"
        if found.retrain
        else f"cloud-sync leads list --data {data}"
        if found.by_outcomes
        else f"cloud-sync review list --project {project} --data {data}"
    )


def retrain_run(
    project: ProjectName,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Queue a retraining; a running hub works it off."""
    from cloud_sync.learning.retraining import request

    console = Console(as_json, quiet)
    with opened(data) as hub, hub.database.transaction() as session:
        job = request(session, project, by=operator()).id
        url = hub.config.url
    console.answer(f"job {job} is queued", {"job": job, "project": project})
    console.note(f"see {url}/jobs/{job}")
