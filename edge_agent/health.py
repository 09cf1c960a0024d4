"""Figures of the agent: one table of metrics.

It feeds `/metrics`, `/status.json` and the health row that goes to the hub. What the values are is
`figures.py`'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from prometheus_client.core import Metric


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """One figure."""

    name: str
    kind: Literal["counter", "gauge"]
    description: str


METRICS: tuple[MetricInfo, ...] = (
    MetricInfo("captured", "counter", "samples captured by the source"),
    MetricInfo("corrupt", "counter", "samples that could not be read"),
    MetricInfo(
        "frames_dropped",
        "counter",
        "frames replaced by fresher ones before being judged, files that came while nobody looked,"
        " windows that a slow model could not take",
    ),
    MetricInfo("source_reconnects", "counter", "times the source was opened again"),
    MetricInfo("source_failures", "counter", "errors of a driver that capture went on after"),
    MetricInfo("source_up", "gauge", "1 while the source gives samples"),
    MetricInfo("readings", "counter", "readings of machine signals"),
    MetricInfo("readings_bad", "counter", "readings marked as bad or that were no numbers: gaps"),
    MetricInfo(
        "readings_unbelieved", "counter", "readings beyond low and high of their signal: gaps"
    ),
    MetricInfo("readings_late", "counter", "readings that came after their window was cut"),
    MetricInfo(
        "readings_overflows",
        "counter",
        "times a machine's own queue lost readings on the way to us",
    ),
    MetricInfo("source_clock_steps", "counter", "times a machine's clock was set"),
    MetricInfo("ring_bytes", "gauge", "memory of the raw readings kept for the minutes before"),
    MetricInfo(
        "ring_shortened", "counter", "times less than keep_s was kept: ring_bytes is too small"
    ),
    MetricInfo("verdict_act", "counter", "samples acted on"),
    MetricInfo("verdict_pass", "counter", "samples passed"),
    MetricInfo("verdict_review", "counter", "samples sent to review"),
    MetricInfo("model_failures", "counter", "samples on which the model failed"),
    MetricInfo("cases_open", "gauge", "assets with an open case"),
    MetricInfo("cases_opened", "counter", "cases opened"),
    MetricInfo("case_steps", "counter", "steps of cases, each a row"),
    MetricInfo(
        "case_steps_suppressed", "counter", "steps without an action: their asset is shelved"
    ),
    MetricInfo(
        "case_steps_lost", "counter", "steps given up because the disk took none for too long"
    ),
    MetricInfo("assets_watched", "gauge", "assets that were seen"),
    MetricInfo("assets_shelved", "gauge", "assets that are shelved"),
    MetricInfo("alarm_floods", "counter", "times more cases were opened than a person can follow"),
    MetricInfo("windows_unwatched", "counter", "windows of assets beyond alarms.max_assets"),
    MetricInfo("windows_folded", "counter", "windows that share the row of a later one"),
    MetricInfo("sensor_faults", "counter", "windows in which a sensor was faulty"),
    MetricInfo("recordings_kept", "counter", "pieces of raw signals kept around alarms"),
    MetricInfo(
        "recordings_refused",
        "counter",
        "such pieces not kept: no budget, too many, or nothing known",
    ),
    MetricInfo("mails_waiting", "gauge", "mails that are decided and not acted on"),
    MetricInfo("mails_filed", "counter", "mails filed without a person"),
    MetricInfo("mails_not_filed", "counter", "mails left where they are: the server refused"),
    MetricInfo("mails_flagged", "counter", "mails flagged as urgent"),
    MetricInfo("mails_drafted", "counter", "replies laid into the drafts"),
    MetricInfo("mails_sent", "counter", "replies sent without a person"),
    MetricInfo("mails_unanswerable", "counter", "mails of machines or ourselves: no reply"),
    MetricInfo("mails_over_rate", "counter", "mails not answered: their sender had enough replies"),
    MetricInfo("mails_audited", "counter", "mails left to a person to learn the true error rate"),
    MetricInfo("mails_held_back", "counter", "mails left to a person because the gate is closed"),
    MetricInfo("mail_gate_open", "gauge", "1 while mails are decided without a person"),
    MetricInfo("drafts_failed", "counter", "replies that could not be drafted"),
    MetricInfo(
        "mails_suggested", "counter", "mails for which a language model suggested an intent"
    ),
    MetricInfo("suggestions_failed", "counter", "mails of which the kit could not say what to ask"),
    MetricInfo(
        "suggestions_without_time", "counter", "mails not suggested for: it took too much time"
    ),
    MetricInfo("drafts_accepted", "counter", "drafts that were sent as they were"),
    MetricInfo("drafts_edited", "counter", "drafts that were sent with changes"),
    MetricInfo("drafts_discarded", "counter", "drafts that were not used"),
    MetricInfo("mails_relabelled", "counter", "mails a person filed under another intent"),
    MetricInfo("mails_confirmed", "counter", "mails a person filed under the same intent"),
    MetricInfo("mails_followed", "gauge", "mails that the ledger holds with draft and plan"),
    MetricInfo("mails_known", "gauge", "mails of which the ledger holds a digest"),
    MetricInfo("mail_record_entries", "gauge", "entries of the record of decisions"),
    MetricInfo("mails_let_go", "counter", "mails done with of which a digest stays"),
    MetricInfo("mail_digests_dropped", "counter", "digests let go of because there were too many"),
    MetricInfo("mail_record_let_go", "counter", "entries of the record that were old or too many"),
    MetricInfo("mail_calls_given_up", "counter", "calls to a help desk that were given up"),
    MetricInfo("late", "counter", "samples decided by the safe side because of the deadline"),
    MetricInfo("latency_p95_ms", "gauge", "95 % point of decode and prediction, milliseconds"),
    MetricInfo("actions_done", "counter", "actions done before their deadline"),
    MetricInfo("actions_late", "counter", "actions not begun or not done before their deadline"),
    MetricInfo("actions_error", "counter", "actions that failed"),
    MetricInfo("pixels_kept", "counter", "samples whose bytes were kept"),
    MetricInfo("pixels_over_budget", "counter", "samples not kept because the budget was used up"),
    MetricInfo("pixels_lost", "counter", "samples whose bytes the disk had no room for"),
    MetricInfo(
        "outbox_known", "gauge", "1 once the outbox could be read; else nobody knows what waits"
    ),
    MetricInfo("outbox_rows", "gauge", "rows waiting for the hub"),
    MetricInfo("outbox_bytes", "gauge", "bytes of those rows and of their blobs"),
    MetricInfo("outbox_blobs", "gauge", "blobs waiting for the hub"),
    MetricInfo("outbox_committed", "gauge", "rows committed in this epoch of the outbox"),
    MetricInfo("outbox_declared_lost", "gauge", "rows of this epoch that gap rows declare lost"),
    MetricInfo("outbox_blobs_lost", "gauge", "blobs of this epoch that gap rows declare lost"),
    MetricInfo("outbox_evicted", "counter", "rows evicted, each declared in a gap row"),
    MetricInfo("outbox_damages", "counter", "outbox files that were damaged and set aside"),
    MetricInfo(
        "outbox_refused", "counter", "rows refused because the writer's queue or the disk was full"
    ),
    MetricInfo("outbox_unwritten", "gauge", "rows in memory that the disk does not take"),
    MetricInfo(
        "outbox_unstorable", "counter", "rows that could not be written, each replaced by an alert"
    ),
    MetricInfo("outbox_thinned", "counter", "telemetry not taken because the disk is nearly full"),
    MetricInfo("outbox_commits", "counter", "groups of rows committed"),
    MetricInfo("outbox_write_failures", "counter", "commits the disk did not take"),
    MetricInfo("sync_connected", "gauge", "1 while the broker is reached"),
    MetricInfo("sync_hub_away", "gauge", "1 while the broker says that no hub takes rows in"),
    MetricInfo("sync_connects", "counter", "connections to the broker"),
    MetricInfo("sync_attempts", "counter", "attempts to connect to the broker"),
    MetricInfo(
        "sync_taken_over", "counter", "times another program took this device's name at the broker"
    ),
    MetricInfo("sync_refused", "counter", "messages the broker refused"),
    MetricInfo("sync_unheard", "counter", "messages the broker took while no hub was listening"),
    MetricInfo("sync_frames", "counter", "frames sent, repeats not counted"),
    MetricInfo("sync_rows", "counter", "rows sent, repeats not counted"),
    MetricInfo("sync_resent", "counter", "frames sent again"),
    MetricInfo("sync_acked_rows", "counter", "rows the hub has committed"),
    MetricInfo("sync_rtt_ms", "gauge", "from a frame to the hub's acknowledgement, milliseconds"),
    MetricInfo("sync_failures", "counter", "faults of the sender that it went on after"),
    MetricInfo("sync_chunks", "counter", "blob chunks sent"),
    MetricInfo("sync_chunk_timeouts", "counter", "blob chunks without an answer in time"),
    MetricInfo("sync_chunk_bytes", "gauge", "size of the chunks of the next blob"),
    MetricInfo("sync_blobs", "counter", "blobs the hub has"),
    MetricInfo("sync_blobs_refused", "counter", "blobs the hub never takes, each declared lost"),
    MetricInfo(
        "clock_trust",
        "gauge",
        "2: disciplined by NTP, 1: a battery-backed clock, 0: not to be trusted",
    ),
    MetricInfo(
        "certificate_days", "gauge", "days until the device's certificate ends; 0 without one"
    ),
    MetricInfo(
        "disk_level",
        "gauge",
        "0: free, 1: no bytes kept, 2: telemetry thinned, 3: stopped, 4: alerts only",
    ),
    MetricInfo("updates_committed", "counter", "bundles that proved themselves on probation"),
    MetricInfo("updates_refused", "counter", "bundles refused before they decided anything"),
    MetricInfo("updates_rolled_back", "counter", "bundles that went back"),
    MetricInfo("updates_failures", "counter", "faults of the updater that it went on after"),
    MetricInfo("crashes", "gauge", "ends of the agent without a stop, within crash_window_s"),
    MetricInfo("clock_behind", "gauge", "1 while the clock is before what the hub has signed"),
    MetricInfo("disk_used_percent", "gauge", "use of the disk under state_dir"),
    MetricInfo("memory_bytes", "gauge", "resident memory of the agent"),
    MetricInfo("alerts_open", "gauge", "alerts raised and not cleared"),
    MetricInfo("watch_failures", "counter", "faults of the supervision that it went on after"),
    MetricInfo("healthy", "gauge", "1 while capture, inference, sender and writer all move"),
)

Figures = Callable[[], Mapping[str, float]]


class Exporter:
    """A collector for prometheus-client over the table."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        values = self._figures()
        for info in METRICS:
            family = CounterMetricFamily if info.kind == "counter" else GaugeMetricFamily
            yield family(
                f"kitwright_agent_{info.name}", info.description, value=values.get(info.name, 0.0)
            )


def machine_figures(folder: Path) -> dict[str, float]:
    """Disk and memory."""
    import psutil

    return {
        "disk_used_percent": float(psutil.disk_usage(str(folder)).percent),
        "memory_bytes": float(psutil.Process().memory_info().rss),
    }
