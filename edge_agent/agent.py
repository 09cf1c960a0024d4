"""Composition of the agent: builds the parts, joins them, starts and ends them in order.

Capture → predict → decide → act → outbox runs in the thread that calls `run`; writer, sender,
updater, recorder, actions, watch and status page have their own. Ending drains in the same order, so
nothing that was captured is lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from pydantic import JsonValue

from edge_agent import figures, status_json, systemd
from edge_agent.actions.dispatcher import Dispatcher, make_actions
from edge_agent.alarms.opening import open_watching
from edge_agent.alert_book import AlertBook
from edge_agent.certificates import Certificates
from edge_agent.clock import TRUST
from edge_agent.config import AgentConfig
from edge_agent.engine.ladder import Ladder
from edge_agent.engines import Engines
from edge_agent.enroll import Identity, hub_client, load_identity
from edge_agent.errors import SourceError
from edge_agent.first_bundle import adopt, await_bundle
from edge_agent.line import Line
from edge_agent.log import log, warn
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.process import lock, within_means
from edge_agent.renewal import Renewal
from edge_agent.reporting import Reporter
from edge_agent.selection import Selection
from edge_agent.sources import make_source
from edge_agent.sources.base import Source
from edge_agent.status import StatusServer
from edge_agent.summary import Summary, lost_rows, summary_of
from edge_agent.sync.delivery import make_sender, open_outbox
from edge_agent.sync.draining import Draining
from edge_agent.sync.sender import Sender
from edge_agent.update.background import beside
from edge_agent.update.download import Downloader
from edge_agent.update.fetch import HubClient
from edge_agent.update.hub_change import TRUST_FOLDER, follow
from edge_agent.update.hub_metadata import HubMetadata
from edge_agent.update.install import Installer
from edge_agent.update.lives import Lives
from edge_agent.update.offers import Offers
from edge_agent.update.slots import Slots
from edge_agent.update.standing import Standing
from edge_agent.update.surroundings import Surroundings
from edge_agent.update.time_floor import TimeFloor
from edge_agent.update.trust import Trust
from edge_agent.update.updater import Updater
from edge_agent.vitals import Vitals
from edge_agent.watch import Watch
from kits import __version__
from kits.core.hub_api import Desired, Reported
from kits.core.ready import ReadyBundle
from kits.core.tls import Clock


class Agent:
    """One agent on one state folder.

    Args:
        source: instead of the configured one.
        checkpoint: called with a name before and after each effect of an installation.

    Raises:
        AlreadyRunningError: another agent holds the folder.
        AgentConfigError: the identity is damaged.
    """

    def __init__(
        self,
        config: AgentConfig,
        *,
        source: Source | None = None,
        checkpoint: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self.config = config
        self._lock = lock(config.state_dir)
        self._stop = threading.Event()
        self.identity = load_identity(config.identity_path)
        self.disk, self.outbox, self.writer = open_outbox(config)
        self.alerts = AlertBook(self.writer.put, config.state_dir / "alerts.json")
        self.source = source or self._make_source()
        self.dispatcher = Dispatcher(make_actions(config.actions, config.state_dir), self.alerts)
        self.selection = Selection(config.selection)
        self.watching = open_watching(
            config, self.source, self.selection,
            put=self.writer.put, mark=self.outbox.mark, alerts=self.alerts,
        )  # fmt: skip
        self.line = Line(
            config, self.dispatcher, self.selection, self.writer.put, self.alerts, self.watching
        )
        self.slots = Slots(config.state_dir)
        if self.identity is not None:
            follow(self.slots, config.state_dir, self.identity.hub_id)
        self.time_floor = TimeFloor(config.state_dir / "time_floor.json", on_rise=TRUST.raise_floor)
        self.lives = Lives(config.state_dir / "lives.json", config.update.crash_window_s)
        hub = _hub_client(config, self.identity, self._certain_time)
        self.draining = Draining(lambda: self.writer.stuck)
        self.reporter = Reporter(self.figures, (self._queue_report, self._publish_report))
        ladder = Ladder(config.engine, config.state_dir / "engines")
        self.engines = Engines(ladder, self.line, self.alerts, self._report_again)
        around = Surroundings(
            self.reporter.report,
            self.alerts,
            download=Downloader(hub).download if hub is not None else None,
            draining=self.draining.complaint,
            background=beside(self._wake_updater),
            load_limit_s=config.engine.load_limit_s,
            checkpoint=checkpoint,
        )
        self.installer = Installer(
            self.slots, self.line, self.engines.load, config.update, self.lives, around
        )
        offers = self._make_offers(hub) if hub is not None else None
        self.updater = Updater(
            self.installer, self.slots, offers, config.update.poll_s,
            on_desired=self._heed,
        )  # fmt: skip
        certificates = Certificates(config.state_dir)
        self.certificates = certificates if certificates.present else None
        self.renewal = self._make_renewal(hub)
        self.sender = self._make_sender()
        self.vitals = Vitals(self.source.health, self.line, self.writer, self.sender, self.alerts)
        self.watch = Watch(self, self._stop)
        self._status: StatusServer | None = None
        self.samples = 0

    def _make_source(self) -> Source:
        config = self.config
        if not isinstance(config.source, ImapSourceConfig):
            return make_source(config.source, self.alerts)
        from edge_agent.mail.opening import Post, open_mailbox

        return open_mailbox(
            config.source,
            config.state_dir,
            post=Post(
                self.writer.put,
                self.outbox.mark,
                partial(self.outbox.give_up_blob, reason="erased"),
            ),
            alerts=self.alerts,
            at_work=self._at_work,
        )

    def _at_work(self) -> ReadyBundle | None:
        loaded = self.line.active  # the source is made before the line
        return loaded.ready if loaded is not None else None

    def _certain_time(self) -> datetime:
        """What a peer's certificate must outlive: with a clock far ahead none would ever do."""
        return self.time_floor.time

    def _make_renewal(self, hub: HubClient | None) -> Renewal | None:
        if hub is None or self.certificates is None:
            return None
        floor = self.time_floor
        return Renewal(
            self.certificates, hub, self.alerts, clock=floor.now, signed=lambda: floor.signed
        )

    def _make_offers(self, hub: HubClient) -> tuple[HubClient, Offers]:
        root = self.identity.root if self.identity is not None else None
        trust = Trust(self.config.state_dir / TRUST_FOLDER, root, HubMetadata(hub), self.time_floor)
        look = Standing(self.slots, trust, self.alerts).look
        return hub, Offers(self.slots, self.installer, trust.signed, self.alerts, look)

    def _make_sender(self) -> Sender | None:
        who = self.identity
        if who is None or not self.config.sync.enabled:
            return None
        hint = self.updater.hint
        return make_sender(self.config, who, self.outbox, hint, self._certain_time)

    # -- life ------------------------------------------------------------------------------------

    def run(
        self, *, max_samples: int = 0, until_empty: bool = False, sync_timeout_s: float = 60.0
    ) -> Summary:
        """Runs until the source ends, `max_samples` are done or `stop` is called.

        Args:
            until_empty: afterwards waits until the hub has everything and no installation is on
                its way.

        Raises:
            MachineError: there is no memory, or no thread, to start with.
            SourceError: the source cannot be opened at all.
        """
        limit_s = self.config.update.start_limit_s
        with within_means(str(self.config.state_dir)), systemd.starting(limit_s):
            self._start()
        crashed = True
        try:
            self._await_first_bundle()
            self._consume(max_samples)
            settled = self._settle(sync_timeout_s) if until_empty else True
            crashed = False
        except (SourceError, KeyboardInterrupt):
            crashed = False  # ended by a person or its source; the rest may be the bundle's fault
            raise
        finally:
            self._end(crashed=crashed)
        return summary_of(self, settled=settled)

    def stop(self) -> None:
        """Ends `run` soon; safe to call from any thread."""
        self._stop.set()
        self.source.close()

    def _start(self) -> None:
        self.writer.start()
        self.installer.start()
        if not self.slots.state.active and self.config.bundle is not None:
            adopt(self.config.bundle, self.installer, self.alerts)
        if self.line.active is None:
            self.alerts("no-bundle", "warning", "no bundle is active: the safe side decides")
        if self.sender is not None:
            self.sender.start()
        self.updater.start()
        if self.renewal is not None:
            self.renewal.start()
        self._report_again()
        if self.config.status.enabled:
            self._status = self._serve_status()
        self.engines.look()
        # before the watch, which feeds a watchdog that waits from then on
        systemd.notify("READY=1")
        self.watch.start()
        log("agent_started", version=__version__, source=self.config.source.kind)

    def _serve_status(self) -> StatusServer | None:
        try:
            return StatusServer(self.config.status, self.status, self.figures)
        except OSError as error:
            warn("status_page_unavailable", port=self.config.status.port, error=error)
            return None

    def _await_first_bundle(self) -> None:
        """A recording waits for the first bundle; parts before a live camera do not wait."""
        if self.line.has_bundle() or self.source.live or not self.updater.has_hub:
            return
        await_bundle(self.line, self.config.update.first_bundle_wait_s, self._stop, self.alerts)

    def _consume(self, max_samples: int) -> None:
        try:
            for captured in self.source.samples():
                self.line.process(captured)
                self.samples += 1
                if self._stop.is_set() or (max_samples and self.samples >= max_samples):
                    break
        except SourceError as error:
            self.alerts("source-lost", "error", error.what)
            raise
        finally:
            self.source.close()

    def _settle(self, timeout_s: float) -> bool:
        """Waits for hub and installation; True when the hub has everything."""
        end = time.monotonic() + timeout_s
        self.line.close()
        while time.monotonic() < end and not self._stop.is_set():
            if self.writer.flush(1.0) and self.outbox.empty() and not self.installer.busy:
                return True
            if self.sender is None:
                return False
            self._stop.wait(0.05)
        return False

    def _end(self, *, crashed: bool) -> None:
        systemd.notify("STOPPING=1")
        self._stop.set()
        self.engines.close()
        self.line.close()
        self.dispatcher.close()
        self.updater.close()
        if self.renewal is not None:
            self.renewal.close()
        self.alerts.settle()
        self.writer.close()
        if self.sender is not None:
            self.sender.close()
        if self._status is not None:
            self._status.close()
        self.outbox.close()
        self.outbox_state = self.figures()  # nothing is written from here on
        if not crashed:
            self.lives.end()
        self._lock.close()
        log("agent_stopped", samples=self.samples, lost_rows=lost_rows(self))

    # -- updates ---------------------------------------------------------------------------------

    def _heed(self, desired: Desired) -> None:
        """What the hub wants besides bundles."""
        self.watching.ask(desired.windows)
        self.watching.desk.follow(desired.cases)
        room = getattr(self.source, "room", None)  # a mailbox has one
        if room is not None:
            room.follow(desired)

    def _wake_updater(self) -> None:
        self.updater.wake()

    def _queue_report(self, reported: Reported) -> None:
        self.updater.queue_report(reported)

    def _publish_report(self, reported: Reported) -> None:
        if self.sender is not None:
            self.sender.report(reported.model_dump_json().encode())

    def _report_again(self) -> None:
        """The last word about an installation, with what runs now."""
        self.installer.retreat.voice.say_again(self.slots.state.job)

    # -- figures ---------------------------------------------------------------------------------

    def figures(self) -> dict[str, float]:
        """The metrics of `health.METRICS`, now."""
        return figures.figures(self)

    def status(self) -> dict[str, JsonValue]:
        """What `/status.json` says."""
        return status_json.status(self)

    @property
    def status_port(self) -> int | None:
        """Where the status page listens."""
        return self._status.port if self._status is not None else None


def _hub_client(config: AgentConfig, identity: Identity | None, clock: Clock) -> HubClient | None:
    if identity is None or not config.sync.enabled:
        return None
    return hub_client(config.hub, identity, config.identity_path, clock=clock)
