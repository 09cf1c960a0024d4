"""What the failure tests must show: the rows of docs/reliability.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Any]
_NAME = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of the page.

    Attributes:
        tests: names, or beginnings of names; each must match tests, and all those must pass.
        measured: words their figures (by test, of those that ran).
    """

    title: str
    aim: str
    tests: tuple[str, ...]
    measured: Callable[[Mapping[str, Figures]], str]


def words(*templates: str) -> Callable[[Mapping[str, Figures]], str]:
    """Templates over all figures of a goal's tests; one whose figures are missing is left out.

    `{name of a figure}` is its value; of equal names the last test's.
    """

    def measured(found: Mapping[str, Figures]) -> str:
        every = {key: value for figures in found.values() for key, value in figures.items()}
        told = []
        for template in templates:
            try:
                told.append(_NAME.sub(lambda match: shown(every[match[1]]), template))
            except KeyError:
                continue
        return "; ".join(told)

    return measured


def shown(value: object) -> str:
    """A figure with thousands separators."""
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def disks(found: Mapping[str, Figures]) -> str:
    """How long agent and hub took after a full disk."""
    return "; ".join(
        f"{'agent' if 'agent' in test else 'hub'}: back after {figures['back after s']} s"
        for test, figures in found.items()
    )


def attacks(found: Mapping[str, Figures]) -> str:
    """Corrupted bundles of all runs; each other attack is a test of its own."""
    tried, refused = (
        sum(f.get(key, 0) for f in found.values()) for key in ("corrupted", "refused")
    )
    return f"{refused:,} of {tried:,} corrupted bundles refused" if tried else ""


def corners(found: Mapping[str, Figures]) -> str:
    """The lines of `test_network`: rows lost and connections, all together."""
    rows = list(found.values())
    if not rows:
        return ""
    dropped = sum(r["packets dropped"] for r in rows)
    packets = sum(r["packets"] for r in rows) + dropped
    return (
        f"{len(rows)} lines; {dropped:,} of {packets:,} packets dropped;"
        f" {sum(r['rows committed'] for r in rows):,} rows committed,"
        f" {sum(r['rows lost'] for r in rows)} lost, {sum(r['rows stored twice'] for r in rows)} twice;"
        f" at most {max(r['reconnections per 10 s'] for r in rows)} reconnections in 10 s"
    )


def trials(found: Mapping[str, Figures]) -> str:
    """Those of `test_crm_kills` with all their kills, together."""
    rows = list(found.values())
    if not rows:
        return ""
    sums = {name: sum(row[name] for row in rows) for name in rows[0]}
    every = words(
        "{trials} trials, {kills} kills; {leads} leads, {events} changes in {deliveries} deliveries",
        "{wrong} wrong, {unfinished} unfinished, {lost} lost",
        "{writes} writes, {repeated} of them repeated after a kill",
    )
    return every({"": {"trials": len(rows), **sums}})


def clocks(found: Mapping[str, Figures]) -> str:
    """The leaps of `test_crm_set_clock`, all together."""
    rows = list(found.values())
    if not rows:
        return ""
    wrong, late, lost = (sum(row[key] for row in rows) for key in ("wrong", "unfinished", "lost"))
    return f"{len(rows)} leaps, each ahead and back; {wrong} wrong, {late} unfinished, {lost} events lost"


def total(noun: str, *keys: str) -> Callable[[Mapping[str, Figures]], str]:
    """How many of something all tests of a goal counted under any of the keys."""

    def measured(found: Mapping[str, Figures]) -> str:
        count = sum(figures.get(key, 0) for figures in found.values() for key in keys)
        return f"{count:,} {noun}" if found else ""

    return measured


GOALS = (
    Goal(
        "`kill -9` of agent, hub and broker at random points",
        "≥ 500 kills; 0 committed rows lost, 0 stored twice",
        ("test_kills.py::test_five_hundred_kills",),
        words(
            "{kills} kills ({kills of agent} agent, {kills of hub} hub, {kills of broker} broker)",
            "{rows committed} rows committed, {rows lost} lost, {rows stored twice} twice",
            "{redeliveries absorbed} redeliveries absorbed",
        ),
    ),
    Goal(
        "`kill -9` of a hub at a CRM: events out of order, ten times each or once, the CRM down in between",
        "each lead's last score in the CRM, written once per change; 0 lost",
        ("test_crm_kills.py::test_a_hundred_thousand",),
        trials,
    ),
    Goal(
        "`kill -9` and SIGTERM of a hub that walks through a CRM",
        "every lead scored and written, the walk goes on where it was",
        ("test_crm_sweep_kills.py",),
        words(
            "{kills} ends; {leads} leads, {listed} listed; {wrong} wrong, {unfinished} unfinished",
            "{writes} writes, {repeated} of them repeated after an end",
        ),
    ),
    Goal(
        "who opts out, overrides, erases, merges while the lead is read, scored, swept and written",
        "the last word is theirs, in every order",
        ("test_crm_races.py",),
        words("{races} races, {wrong} wrong"),
    ),
    Goal(
        "a hub's clock leaps an hour, a day, five years, and back, while leads change",
        "every lead right, nothing waits for the clock",
        ("test_crm_set_clock.py",),
        clocks,
    ),
    Goal(
        "a hub's disk full while leads change",
        "503 with `Retry-After`, nothing taken that is not kept; back by itself",
        ("test_crm_full_disk.py",),
        words("{leads} leads; {wrong} wrong, {unfinished} unfinished, {lost} events lost"),
    ),
    Goal(
        "`kill -9` of several ingest workers",
        "0 rows lost, 0 stored twice",
        ("test_workers.py::test_workers_are_killed_a_hundred_times",),
        total("kills", "kills"),
    ),
    Goal(
        "killed between the hub's commit and a webhook, 1,000 times",
        "each row told of exactly once to the receiver's key",
        ("test_effects.py::test_a_thousand_crashes_between_commit_and_delivery",),
        words(
            "{crashes} crashes, {rows} rows",
            "{rows told of twice} told of twice, {rows never told of} never",
        ),
    ),
    Goal(
        "every step of an installation and every commit point killed, also with truncated writes",
        "always the old bundle or the new one, never neither",
        (
            "test_update_kills.py::test_killed_at_every_step_and_commit_point_of_an_installation",
            "test_update_kills.py::test_killed_at_every_commit_point_of_going_back",
        ),
        total("deaths, 0 ended with neither", "deaths"),
    ),
    Goal(
        "every commit point of the outbox killed, also with truncated writes",
        "what was committed is there",
        ("test_outbox.py::test_killed_before_every_effect_also_without_unsynced_writes",),
        words("{kills} kills, {power cuts} simulated power cuts"),
    ),
    Goal(
        "broker away for a day: 86,400 rows and 2,000 pictures",
        "drained in ≤ 10 s",
        ("test_outage.py::test_an_outage_of_a_day",),
        words("{rows} rows and {pictures} pictures in {drain s} s", "{rows lost} lost"),
    ),
    Goal(
        "30 days on a budget",
        "all alerts and labels arrive; committed = arrived + declared",
        ("test_outage.py::test_a_month_on_a_budget",),
        words(
            "{rows} rows committed",
            "alerts {alerts arrived} of {alerts committed}, labels {labels arrived} of"
            " {labels committed}",
            "samples {samples arrived} + {samples declared} = {samples committed}",
            "telemetry {telemetry arrived} + {telemetry declared} = {telemetry committed}",
            "pictures {pictures arrived} + {pictures declared} = {pictures}",
        ),
    ),
    Goal(
        "100,000 rows, end to end durable, beside plain paho through the same broker",
        "≥ 20,000 rows/s and ≥ 3 × plain paho",
        ("test_delivery.py::test_a_backlog_of_100_000_rows",),
        words(
            "{loopback: ours, telemetry, rows/s} rows/s (decisions: {loopback: ours, decisions,"
            " rows/s})",
            "{loopback: times plain paho} × plain paho",
            "at 50 ms round trip {rtt_50_ms: ours, telemetry, rows/s} rows/s and"
            " {rtt_50_ms: times plain paho} ×",
        ),
    ),
    Goal(
        "1,000 devices with certificates, a row a second each, one hub",
        "connected in ≤ 30 s, p99 of the acknowledgement ≤ 500 ms, 0 lost",
        ("test_fleet_size.py::test_a_thousand_devices_are_answered_in_half_a_second",),
        words(
            "{devices} devices connected in {connect_s} s",
            "p99 {ack_p99_ms} ms over {seconds} s",
            "{rows} rows, {lost} lost, {twice} twice",
        ),
    ),
    Goal(
        "disk full under agent and hub",
        "alive, alerts kept, recovers by itself in ≤ 60 s",
        (
            "test_full_disks.py::test_an_agent_whose_disk_is_full",
            "test_full_disks.py::test_a_hub_whose_disk_is_full",
        ),
        disks,
    ),
    Goal(
        "1,000 corrupted bundles; old releases; stolen hub keys; expired metadata; wrong clocks",
        "refused every time, the old model goes on",
        ("test_update_attacks",),
        attacks,
    ),
    Goal(
        "retrained model with the same graph and file name; broken engines; builds that hang",
        "new outputs, always; the line goes on",
        ("test_engine.py",),
        words("{retrainings} retrainings, {old_outputs} old outputs"),
    ),
    Goal(
        "bad model to 20 devices: NaN, 10 × latency, empty output, crash loop",
        "≤ 1 touched; back in ≤ 5 min (crash ≤ 60 s); rollout stopped with the reason",
        ("test_bad_models.py::test_every_bad_model_touches_one_of_twenty",),
        words(
            "other devices told: {other devices told} (they asked {they asked} times)",
            "back after {nan: back after s}, {slow: back after s}, {empty: back after s} and"
            " {crash: back after s} s",
        ),
    ),
    Goal(
        "200 MB over a line that is cut every 3.75 MB (30 s at 1 Mbit/s)",
        "≤ 2 % sent twice",
        (
            "test_downloads.py::test_a_bundle_of_200_mb_over_a_line_that_is_cut",
            "test_updates.py::test_200_mb_over_a_link_of_1_mbit_cut_every_30_s",
        ),
        words("{cuts} cuts, {sent twice %} % sent twice"),
    ),
    Goal(
        "second client with the same identity",
        "alarm, no storm",
        ("test_identities.py::test_a_second_device_with_the_same_identity",),
        words("alarm after {alarm after s} s, {connections per 10 s} connections in 10 s"),
    ),
    Goal(
        "revoked device",
        "cut in ≤ 10 s",
        ("test_identities.py::test_a_revoked_device_is_cut_off",),
        words("cut after {cut after s} s"),
    ),
    Goal(
        "device whose certificate has ended",
        "renews and goes on",
        ("test_identities.py::test_a_device_whose_certificate_has_ended",),
        words("back after {back after s} s"),
    ),
    Goal(
        "strangers, foreign topics and sessions at the broker",
        "refused",
        ("test_access.py",),
        words("cut after {cut_after_s} s"),
    ),
    Goal(
        "5 to 30 % packet loss, 50 to 800 ms round trip",
        "0 lost; ≤ 1 reconnection in 10 s",
        ("test_network.py::test_a_very_bad_line[",),
        corners,
    ),
    Goal(
        "a week at one row a second, in minutes",
        "memory + < 5 %, descriptors + 0",
        ("test_week.py::test_a_week",),
        words(
            "{rows} rows",
            "memory: agent {agent: growth %} %, device {device: growth %} %, hub {hub: growth %} %,"
            " broker {broker: growth %} %",
            "descriptors: {agent: descriptors more}, {device: descriptors more},"
            " {hub: descriptors more}, {broker: descriptors more}",
        ),
    ),
)
