"""What the hub does in the background: its parts, started in order and stopped in reverse.

The broker comes first, then who uses it. Nothing is decided here; each part lives in its own package.
"""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack

from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.fleet import devices
from cloud_sync.fleet.admission import Admission
from cloud_sync.fleet.broker import Broker
from cloud_sync.fleet.external import ExternalBroker
from cloud_sync.fleet.keeper import BrokerKeeper
from cloud_sync.fleet.supervisor import Supervisor
from cloud_sync.hub import Hub
from cloud_sync.intake.ingest import Ingest
from cloud_sync.intake.link import MqttLink, unique_id
from cloud_sync.store.working import working

log = logging.getLogger(__name__)


def start_parts(
    hub: Hub,
    broker: Broker,
    parts: ExitStack,
    models: LeadModels | None = None,
    *,
    ingest: bool = True,
    jobs: bool = True,
    ending: threading.Event | None = None,
) -> None:
    """Starts what runs in the background; `parts` stops it in reverse order.

    Args:
        models: the bundles that score leads; None: loads its own.
        ending: set when the hub is told to end, before `parts` is closed.
    """
    from cloud_sync.mails.traces import clear_all_traces

    parts.callback(hub.close)
    version = parts.enter_context(working(hub.database, hub.config.data_dir))
    clear_all_traces(hub)
    hub.database.fill()
    admission = Admission(hub, broker)
    admission.step()  # before the broker starts: it reads rules and revocation list at once
    if not isinstance(broker, ExternalBroker):
        keeper = BrokerKeeper(broker, hub.metrics, ending=ending)
        parts.callback(keeper.stop)
        keeper.start(lambda: devices.none_online(hub))
    link = _start_link(hub, broker, parts, ingest=ingest)
    supervisor = Supervisor(hub, admission, link)
    supervisor.start()
    parts.callback(supervisor.stop)
    start_care(hub, parts)
    start_leads(hub, parts, models or LeadModels(hub))
    if jobs and hub.config.jobs.workers:
        start_jobs(hub, parts)
    log.info("event=hub_started schema=%s broker_port=%d", version, broker.address.port)


def _start_link(hub: Hub, broker: Broker, parts: ExitStack, *, ingest: bool) -> MqttLink:
    if ingest:
        return start_ingest(hub, broker, parts)
    link = MqttLink(broker.address, unique_id("publish"), hub.metrics, subscribe=False)
    link.start()
    parts.callback(link.stop)
    return link


def start_ingest(hub: Hub, broker: Broker, parts: ExitStack) -> MqttLink:
    """Starts the ingest and returns its link."""
    limits = hub.config.limits
    link = MqttLink(
        broker.address, unique_id("ingest"), hub.metrics, queue_size=limits.queued_frames
    )
    taking = Ingest(hub, link)
    taking.start()
    parts.callback(taking.stop)
    return link


def start_care(hub: Hub, parts: ExitStack) -> None:
    """Starts what looks after the rows that came: clocks, holes, age, cases, mails, telling the outside."""
    from cloud_sync.cases.keeper import CaseKeeper
    from cloud_sync.cmms.poll import CmmsPoll
    from cloud_sync.cmms.start import cmms_of, cmms_targets
    from cloud_sync.effects.dispatcher import Dispatcher
    from cloud_sync.effects.start import targets_of
    from cloud_sync.intake.watch import IntakeWatch
    from cloud_sync.mails.keeper import MailKeeper
    from cloud_sync.retention.keeper import RetentionKeeper

    dispatcher = Dispatcher(hub, [*targets_of(hub.config), *cmms_targets(hub)])
    cmms = cmms_of(hub.config.cmms)
    poll = CmmsPoll(hub, cmms) if cmms is not None and hub.config.cmms.poll_s else None
    loops = (IntakeWatch(hub), RetentionKeeper(hub), CaseKeeper(hub, poll), MailKeeper(hub))
    for part in (dispatcher, *loops):
        part.start()
        parts.callback(part.stop)


def start_leads(hub: Hub, parts: ExitStack, models: LeadModels) -> None:
    """Starts what asks CRMs for changes, and reads, scores and writes their leads."""
    from cloud_sync.crm.connection.opening import Opener
    from cloud_sync.crm.connection.sharing import Sharing
    from cloud_sync.crm.inbound.polling import Polling
    from cloud_sync.crm.inbound.sweeping import Sweeping
    from cloud_sync.crm.keeper import LeadKeeper
    from cloud_sync.crm.outbound.writeback import WriteBack
    from cloud_sync.crm.scoring.loop import LeadScoring
    from cloud_sync.crm.upkeep import LeadUpkeep

    sharing = Sharing(hub)
    opener = Opener(hub, models.learned, sharing.share)
    asking = (Polling(hub, opener), Sweeping(hub, opener))
    loops = (*asking, LeadScoring(hub, models, opener), WriteBack(hub, opener))
    for part in (sharing, *loops, LeadKeeper(hub, models), LeadUpkeep(hub, models)):
        part.start()
        parts.callback(part.stop)


def start_jobs(hub: Hub, parts: ExitStack) -> None:
    """Starts the drift watch and as many job runners as the configuration says."""
    from cloud_sync.learning.retraining import KIND, retrain
    from cloud_sync.learning.runner import Runner
    from cloud_sync.learning.watch import DriftWatch

    watch = DriftWatch(hub)
    watch.start()
    parts.callback(watch.stop)
    for _ in range(hub.config.jobs.workers):
        runner = Runner(hub, {KIND: retrain})
        runner.start()
        parts.callback(runner.stop)
