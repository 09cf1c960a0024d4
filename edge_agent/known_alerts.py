"""The alerts that a device can raise, as a table: data only.

`AlertBook` turns conditions into them; those of the hub itself have a table of their own.
"""

from __future__ import annotations

from kits.core.alerts import AlertInfo

ALERTS: tuple[AlertInfo, ...] = (
    AlertInfo(
        "source-lost", ("error",),
        "the camera, stream or folder gives nothing that can be read; it is tried again",
        "look at cable, power and address; `edge-agent doctor` tries the source",
    ),
    AlertInfo(
        "picture-size", ("warning",),
        "a camera or stream gives pictures of another size than was asked for, or than at the start; they are judged all the same",
        "set the camera to the size of the pictures that were learned from; a camera at a slow USB port has only small ones",
    ),
    AlertInfo(
        "picture-frozen", ("error",),
        "a camera or stream gives the same picture to the last bit for a minute: each part gets the verdict of that one",
        "switch the camera off and on; a sensor's noise makes any two pictures differ, also of a line that stands still",
    ),
    AlertInfo(
        "corrupt-sample", ("warning",),
        "a sample could not be read: the safe side decided, or the file or mail was left out",
        "when it repeats: look at the camera, its cable, or whatever writes the files; a mail that the server does not hand over is a person's",
    ),
    AlertInfo(
        "decision-late", ("warning",),
        "no model decided on a part within `reject_deadline_ms`: the safe side did",
        "when it repeats: more parts come than are judged, or the machine is busy; have an action for the verdict of `safe_side`,"
        " or such parts pass on",
    ),
    AlertInfo(
        "parts-missed", ("warning",),
        "files came into a hot folder while the agent was not running, or could not look there: they were not decided",
        "look at the parts of that time; their pictures are in the folder `missed`",
    ),
    AlertInfo(
        "files-not-put-away", ("warning",),
        "files of a hot folder were decided and cannot be moved or deleted; they stay, and are not decided again",
        "let the agent's user write there, or set `source.done: keep` and have the camera's program clear up",
    ),
    AlertInfo(
        "signals-unusable", ("warning",),
        "signals of a machine are not read, the others are: it refuses them, a unit behind a gateway does not answer, or"
        " what it tells is no number",
        "the text says which and why: look at node id, register (counted from 0), unit, or type in `source.signals`; it"
        " is over with the next reading",
    ),
    AlertInfo(
        "source-clock", ("warning",),
        "the clock of a PLC or gateway was set, or is wrong by hours; windows go on without a jump",
        "set the clock there, by NTP if it can",
    ),
    AlertInfo(
        "action-NAME", ("error",),
        "the action of that name fails or is late; each order is a new attempt",
        "look at the receiver, and compare its time with `reject_deadline_ms` and `timeout_ms`",
    ),
    AlertInfo(
        "sensor-fault-ASSET", ("warning",),
        "a sensor of the asset is stuck, cut off or saturated; its windows open no case meanwhile",
        "look at sensor, cable and supply; the text says which one and what is wrong with it",
    ),
    AlertInfo(
        "shelved-ASSET", ("warning",),
        "a person has shelved the asset: it opens no case and causes no action until then",
        "nothing; `edge-agent alarms unshelve ASSET` ends it earlier",
    ),
    AlertInfo(
        "alarm-flood", ("error",),
        "more cases were opened than a person can follow: one cause may be behind all of them",
        "look for what the machines have in common (supply, network, clock); every case is recorded",
    ),
    AlertInfo(
        "cases-not-kept", ("error",),
        "the disk does not take the open cases: after a restart some would be told again or not at all",
        "look at the disk: full, read-only or dying",
    ),
    AlertInfo(
        "window-request-vain", ("warning",),
        "raw signals were asked for, and none could be kept: unknown asset, older than the ring, or "
        "the day's budget is used up",
        "look at the asset's name, `source.keep_s` and `selection.budget_bytes_per_day`",
    ),
    AlertInfo(
        "mailbox-lost", ("error",),
        "the mail server does not answer, ends the connection again and again, or takes nothing for now; it is tried again, and no mail is lost",
        "look at network, `source.host` and `source.port`; `edge-agent doctor` tries the mailbox",
    ),
    AlertInfo(
        "mailbox-refuses", ("error",),
        "the mail server does not let the agent in: password, token or certificate",
        "renew the password or token in the agent's environment; some providers want an app password",
    ),
    AlertInfo(
        "mailbox-full", ("error",),
        "the mailbox is over its quota: the server takes no draft and files no mail; both wait, nothing is lost",
        "empty the trash, archive old mail or raise the quota; it goes on by itself within five minutes",
    ),
    AlertInfo(
        "mail-not-filed", ("error",),
        "the server refused several times to file a mail or to take its draft: the mail stays where it is, or is tried again where the server calls itself busy",
        "look at the folder's name and rights; the text says what was refused",
    ),
    AlertInfo(
        "mail-intent-unknown", ("warning",),
        "an intent in `source.filing.folders` or `source.send.intents` is probably misspelt: the bundle knows another by nearly that name, for which nothing is configured; nothing is filed there, and what persons file there teaches an intent of its own",
        "spell it as in the bundle; capitals, spaces, `_` and `-` need not be the same",
    ),
    AlertInfo(
        "mail-no-drafts-folder", ("error",),
        "no folder of drafts is known in the mailbox: replies are not laid anywhere",
        "set `source.drafts.folder`",
    ),
    AlertInfo(
        "mail-ledger-stuck", ("error",),
        "the disk does not take decisions about mails: no further mail is decided meanwhile, none is lost",
        "make room under `state_dir`, or look whether the disk is read-only or dying; it goes on by itself",
    ),
    AlertInfo(
        "mail-ledger-damaged", ("error",),
        "the record of what was decided about mails was damaged: it was set aside and a new one begun; "
        "mails that lie in the mailbox are a person's, unless `source.since` has them read anew",
        "look at the disk; the old file lies beside the new one in `state_dir/mail`",
    ),
    AlertInfo(
        "mail-gate-closed", ("error",),
        "audits or the hub say that too many automatic decisions are wrong: every mail goes to a person",
        "look at the audit mails that were filed elsewhere, train a new bundle; "
        "`edge-agent mail gate open --because …` opens it again",
    ),
    AlertInfo(
        "draft-failed", ("warning",),
        "a reply could not be drafted; its mail is filed or left as it would be without one",
        "read the agent's log; when it repeats, roll out another bundle",
    ),
    AlertInfo(
        "lookup-fails", ("warning",),
        "a system of the firm does not tell its records; replies are drafted without them",
        "look at the system, `source.lookups` and its secret; it is asked again by itself",
    ),
    AlertInfo(
        "writer-fails", ("warning",),
        "the language model gives no usable answer; replies are drafted from templates and passages alone",
        "look at the model's server and `source.writer`",
    ),
    AlertInfo(
        "suggestions-fail", ("warning",),
        "the language model suggests no intents; mails go to a person without a suggestion, as they are decided",
        "look at the model's server, `source.writer.suggest_timeout_s` and `source.writer.suggests`",
    ),
    AlertInfo(
        "mail-send-fails", ("error",),
        "replies are not sent: the SMTP server does not take them; they lie in the drafts instead",
        "look at `source.send`, and send what lies in the drafts",
    ),
    AlertInfo(
        "mail-send-doubtful", ("warning",),
        "the agent died while it sent a reply: nobody knows whether it went out, so it lies in the drafts too",
        "look whether the customer has it before you send the draft",
    ),
    AlertInfo(
        "mail-hook-fails", ("error",),
        "the help desk's address does not take decisions; calls are repeated for three days",
        "look at the desk, `source.hook.url` and the key",
    ),
    AlertInfo(
        "no-bundle", ("warning",),
        "no bundle is active: the safe side decides on every part",
        "roll one out, or `edge-agent apply BUNDLE`",
    ),
    AlertInfo(
        "first-bundle-late", ("warning",),
        "a recording waited for its first bundle in vain, and the safe side decides",
        "roll a bundle out, or raise `update.first_bundle_wait_s`",
    ),
    AlertInfo(
        "model-failed", ("error",),
        "the model raised an error on a sample, and the safe side decided",
        "read the agent's log; when it repeats, roll out another bundle or `edge-agent rollback`",
    ),
    AlertInfo(
        "model-hangs", ("error",),
        "one sample took longer than `update.hang_s`: the agent ended itself to start anew",
        "when it repeats, roll out another bundle or `edge-agent rollback`",
    ),
    AlertInfo(
        "agent-stands-still", ("error",),
        "capture, inference, the outbox's writer or the sender does not move; the watchdog starts "
        "the agent anew",
        "the text names the part: look at its driver, the disk or the network",
    ),
    AlertInfo(
        "engine-downgrade", ("warning",),
        "a faster engine was there and was left; the text says why",
        "nothing while it is fast enough; else `edge-agent doctor`, and see "
        "[choose an engine](../how-to/choose-an-engine.md)",
    ),
    AlertInfo(
        "bundle-refused", ("error",),
        "a bundle was refused before it decided anything; the one before it goes on",
        "the text says why; see [updates](../explanation/updates.md)",
    ),
    AlertInfo(
        "bundle-rolled-back", ("error",),
        "a bundle failed on probation; the one before it decides again, this one is denied here",
        "look at the samples it decided; `edge-agent allow BUNDLE` lifts the denial",
    ),
    AlertInfo(
        "bundle-unusable", ("error",),
        "the bundle that is to run cannot be loaded, or cannot be kept",
        "roll out another bundle; `edge-agent doctor` says what this machine lacks",
    ),
    AlertInfo(
        "no-room-for-bundle", ("warning",),
        "the disk has no room to download the bundle; the old one decides meanwhile",
        "make room under `state_dir`; the download goes on by itself",
    ),
    AlertInfo(
        "safe-mode", ("error",),
        "the agent crashed repeatedly: no bundle is installed until it has stayed up for "
        "`update.crash_window_s`",
        "read the log (`journalctl -u kitwright-agent`); `edge-agent rollback` if it is the bundle",
    ),
    AlertInfo(
        "metadata-refused", ("error",),
        "what the hub says about releases is expired, older than before, or not signed as it must be",
        "look at the hub's alerts about keys and at both clocks; if these are in order, suspect what "
        "stands between, see [trust](../explanation/trust.md)",
    ),
    AlertInfo(
        "release-withdrawn", ("warning",),
        "the engineer took back what runs here; it goes on, because nothing stops a line",
        "roll out another bundle",
    ),
    AlertInfo(
        "broker-refuses", ("error",),
        "the broker does not let this device in or refuses what it sends, or another program uses "
        "this device's name",
        "`edge-agent doctor`; revoked: enrol again; used twice: find the copy of this device's disk",
    ),
    AlertInfo(
        "hub-away", ("warning",),
        "the broker takes rows, but no hub takes them in for two minutes; they wait on the device",
        "start the hub, or its ingest worker",
    ),
    AlertInfo(
        "certificate-expires", ("warning",),
        "the device's certificate was not renewed, and less than a tenth of its life is left",
        "bring hub and device together, see [enrol a device](../how-to/enrol-a-device.md#renewal)",
    ),
    AlertInfo(
        "certificate-expired", ("error",),
        "the device's certificate has ended: the broker refuses it, rows wait",
        "the same: it is still renewed, over HTTPS",
    ),
    AlertInfo(
        "clock-behind", ("warning",),
        "the clock is before a time that is known to have passed",
        "set the clock, and see to NTP or the battery of the clock",
    ),
    AlertInfo(
        "blob-hours-ignored", ("warning",),
        "pictures travel at any hour: the clock cannot be trusted to keep `sync.blobs_between`",
        "see to NTP or a battery-backed clock",
    ),
    AlertInfo(
        "disk-full", ("warning", "error"),
        "the disk fills up: first no pictures are kept, then no telemetry, at last alerts and labels "
        "only",
        "make room; the marks are `outbox.disk_marks`",
    ),
    AlertInfo(
        "outbox-stuck", ("error",),
        "the disk does not take what is decided, and rows are refused",
        "look at the disk: full, read-only, too slow or dying",
    ),
    AlertInfo(
        "outbox-damaged", ("error",),
        "the file of waiting rows was damaged: it was set aside and a new one begun; the text says "
        "how much waited in it",
        "look at the disk; the old file lies in `state_dir`",
    ),
    AlertInfo(
        "row-not-stored", ("error",),
        "one row could not be stored and was replaced by this alert; its neighbours are stored",
        "report it with the text: it is a fault of a kit or of Kitwright",
    ),
)  # fmt: skip
