"""The alerts that the hub itself can raise, as a table: data only.

`alerts.py` raises and closes them; those of devices are in `edge_agent.known_alerts`.
"""

from __future__ import annotations

from kits.core.alerts import AlertInfo

ALERTS: tuple[AlertInfo, ...] = (
    AlertInfo(
        "bundle-needs-signature", ("info",),
        "a retraining beat the champion; it closes when the bundle is released, or another one is the champion",
        "`kit approve BUNDLE --hub URL`, see [keys](../how-to/sign-and-rotate-keys.md)",
    ),
    AlertInfo(
        "drift", ("warning",),
        "the scores of a project's champion have moved beyond chance; it stands as long as they have, and is told again a week after"
        " somebody has seen it",
        "look at the newest samples: light, camera, material; review some, and retrain if it stays",
    ),
    AlertInfo(
        "beyond-promise", ("warning",),
        "a project's champion acts, or asks a person, more often than the rates measured at its thresholds and"
        " `costs.prevalence` explain: as where the light was changed before it came into service; of mails: decides far less or"
        " more without a person than was measured; it stands as long as it does",
        "look at the newest samples: light, focus, camera, material, product; of mails a campaign, a new product, another language;"
        " when they are right, review some and retrain",
    ),
    AlertInfo(
        "retraining-pays", ("info",),
        "a retraining of a project is worth it: enough was reviewed or decided since the newest version of its data, and it pays"
        " or the champion errs more often than it measured; looked at once a day, over when it was done",
        "`cloud-sync retrain run PROJECT`; the challenger waits for your signature, if it is better",
    ),
    AlertInfo(
        "rollout-held", ("warning",),
        "a rollout does not spread, because devices that took the bundle cannot be heard; it is over when they are heard of; after"
        " 72 hours the rollout stops",
        "look at the devices it names: power, network, whether the agent runs; `cloud-sync rollout abort N` ends the rollout",
    ),
    AlertInfo(
        "rollout-stopped", ("error",),
        "a rollout has failed: too many of its devices did, or the first one",
        "`cloud-sync rollout status N` says why of each device; mend that, then start a new one",
    ),
    AlertInfo(
        "rows-missing", ("error",),
        "rows of a device are neither here nor declared lost since `limits.hole_alert_min`; told again when more are",
        "bring the device on line; what another hub had taken before, or this one after the backup it was restored from,"
        " never comes: acknowledge it; see"
        " [the ledger](../how-to/account-for-every-row.md#the-ledger)",
    ),
    AlertInfo(
        "device-silent", ("error",),
        "nothing was heard of a device for `limits.silent_alert_h` (72 hours: longer than a weekend); over when it is heard of, and"
        " told again a week after somebody has seen it",
        "look at its power, its network and whether the agent runs; one that is gone for good: `cloud-sync device revoke NAME`",
    ),
    AlertInfo(
        "unreadable-message", ("error",),
        "a device sent a message that this hub cannot read; it is kept in the quarantine",
        "`cloud-sync quarantine list`; an agent newer than the hub: update the hub",
    ),
    AlertInfo(
        "unreadable-row", ("error",),
        "a device sent rows that this hub does not understand, or that no table takes; they are kept as events, and are no samples,"
        " alerts or cases, also later",
        "an agent newer than the hub: update the hub; else [what is kept](../how-to/account-for-every-row.md#messages-that-cannot-be-read)",
    ),
    AlertInfo(
        "hub-disk-full", ("error",),
        "less than `limits.disk_reserve_bytes` is free: nothing is taken, devices keep their rows",
        "make room, or keep less: `cloud-sync retention plan`",
    ),
    AlertInfo(
        "storage-away", ("error",),
        "the storage of pictures cannot be used; they wait on the hub's disk, rows go on",
        "look at `storage_url`, its credentials and the network; it goes on by itself",
    ),
    AlertInfo(
        "hub-not-listening", ("error",),
        "the broker does not let the hub listen, or has no shared subscriptions",
        "`cloud-sync broker config` prints what a broker of your own must allow; without shared "
        "subscriptions run one ingest",
    ),
    AlertInfo(
        "broker-memory", ("error",),
        "the broker held more than `broker.memory_mb` and was started again; named are the devices "
        "that left messages in it",
        "look at those devices: a faulty one, or one that is not yours any more: "
        "`cloud-sync device revoke`",
    ),
    AlertInfo(
        "notice-undeliverable", ("warning",),
        "a webhook or mail was given up",
        "mend the receiver, then `cloud-sync effect replay`",
    ),
    AlertInfo(
        "cmms-unreachable", ("warning",),
        "the CMMS has not said five times in a row what became of its orders",
        "`cloud-sync cmms test`; it goes on by itself, and no order is forgotten",
    ),
    AlertInfo(
        "cmms-cause-unknown", ("warning",),
        "the CMMS closed a case with a cause code that `cmms.causes` does not name: it has no label",
        "add the code to `cmms.causes`, and state the cause on the page of the case",
    ),
    AlertInfo(
        "crm-unreachable", ("warning",),
        "a CRM has failed five times in a row; what is to be read and written waits, and nothing is lost",
        "`cloud-sync crm test NAME`; it goes on by itself",
    ),
    AlertInfo(
        "crm-scores-refused", ("warning",),
        "a CRM is read, but has not taken scores five times in a row; they wait, and nothing is lost",
        "`cloud-sync crm test NAME` says what is missing, often a right or a field; it goes on by itself",
    ),
    AlertInfo(
        "crm-day-used-up", ("warning",),
        "the requests that a CRM allows in a day are used up, but for what is left to your other programs: leads wait, and nothing is lost",
        "it goes on by itself when the CRM counts anew, often at midnight; which program asks so much is for the CRM to say; `cloud-sync crm set NAME leave_of_day=SHARE` leaves more to others, or less",
    ),
    AlertInfo(
        "crm-not-opened", ("warning",),
        "a connection whose leads are scored cannot be opened, as a secret is missing or its settings cannot be read: they wait",
        "`cloud-sync crm secret NAME`, or `cloud-sync crm set NAME KEY=VALUE`; it goes on by itself",
    ),
    AlertInfo(
        "crm-version-ends", ("warning", "error"),
        "the version of a CRM's API that a connection asks ends within 180 days, or has ended; told again a week after somebody has "
        "seen it while that is so",
        "update Kitwright, or name a later version: `cloud-sync crm set NAME options.version=VERSION`, then `cloud-sync crm test NAME`: "
        "[versions](crm.md#versions-of-the-crms-apis)",
    ),
    AlertInfo(
        "crm-leads-hidden", ("warning",),
        "a CRM suddenly shows far fewer leads than before: they are held, none of them is taken for gone",
        "has the hub's user lost a right in the CRM? It goes on by itself; if they are gone indeed: `cloud-sync crm gone NAME`",
    ),
    AlertInfo(
        "crm-objections-unheard", ("error",),
        "leads of a CRM come without the field in which the bundle reads who is not to be scored: who said so before stays out, "
        "and nobody else is heard; or another bundle scores a project now, say the one before, which does not read that field",
        "show the field to the hub's user again, or name the one that says so: `cloud-sync crm set NAME opt_out=FIELD`",
    ),
    AlertInfo(
        "crm-lead-dead", ("warning",),
        "leads of a CRM cannot be scored or written; told once, until all are well again",
        "the page Leads says why; mend it there or in the CRM, then try again",
    ),
    AlertInfo(
        "crm-bundle-refused", ("error",),
        "a bundle was released that computes something else here than where it was made: the one before stays; or the one in force cannot be "
        "loaded any more (damaged, or made by another version): its leads wait",
        "publish it anew with this version of Kitwright, or `cloud-sync leads forward PROJECT`",
    ),
    AlertInfo(
        "lead-drift", ("warning",),
        "leads are won more or less often than their scores say, beyond chance; told once, and again a week after somebody has seen it while it lasts",
        "retrain: `cloud-sync retrain plan PROJECT`; until then the order counts more than the probability",
    ),
    AlertInfo(
        "lead-pace", ("warning",),
        "fewer leads are won by now, or more, than their scores and the time that takes let expect, beyond chance, and more than some weeks "
        "explain in which hardly anybody was won (holidays): months before `lead-drift` can tell. Its text says whether they are won later or "
        "more seldom, where days on which leads were won tell that; told once, and again a week after somebody has seen it while it lasts",
        "where its text does not say which it is, ask the team: if customers take longer, leads that stay open are worth more than their scores "
        "say, by their age; if fewer buy, all scores are too high. A retraining follows either: it goes by how many leads are still open. Where "
        "its note does not say that outcomes take longer, wait until leads that came since then were followed as long as that",
    ),
    AlertInfo(
        "lead-skew", ("warning",),
        "leads as they come are unlike those that the bundle learned from, beyond chance and by far: a column that was filled in is hardly "
        "ever, numbers lie elsewhere, values were never met; told once, and again a week after somebody has seen it while it lasts",
        "ask who fills that column in, and when: later than the score, leave it out (`model.columns.exclude`) and train anew; by a program, minutes later, set `complete_after_min`; not sent any "
        "more, mend the form or the mapping: [the watches](../how-to/work-with-leads.md#outcomes-come-back)",
    ),
    AlertInfo(
        "lead-base-rate", ("info",),
        "leads are won more or less often than when the bundle learned, beyond chance; its scores may follow that",
        "nothing, while `lead-drift` is not raised too; a retraining learns the new level",
    ),
    AlertInfo(
        "mail-promise-broken", ("error",),
        "audits of mails refuted the promise of a bundle; its gate is closed, every mail goes to a person",
        "look at the audits that were wrong, then train anew, or open the gate with a reason: "
        "[the promise](../how-to/watch-a-mailbox.md#the-promise)",
    ),
    AlertInfo(
        "erasure-not-heard", ("warning",),
        "a device has not said for 30 days that it erased a correspondent; it is told no more",
        "bring it on line and erase again, or revoke it: [erase a customer](../how-to/erase-a-customer.md)",
    ),
    AlertInfo(
        "crm-no-secret", ("error",),
        "a CRM tells of changes by messages, and its connection has no secret to know them by: none is taken",
        "`cloud-sync crm secret NAME`; see [connect a CRM](../how-to/connect-a-crm.md)",
    ),
    AlertInfo(
        "erased-traces", ("warning",),
        "the database's files were not written anew after somebody was erased: they have more than 512 MiB, or there is no"
        " room for a second copy; unused room of their pages may hold what rows once said",
        "make room if that is missing, and restart the hub at a quiet hour: up to 8 GiB it does so before it serves; beyond, run"
        " VACUUM (on PostgreSQL VACUUM FULL) yourself",
    ),
    AlertInfo(
        "hub-clock-leapt", ("warning",),
        "the clock of the hub's machine leapt two days ahead or more, or the hub was off for so long: what is old is removed "
        "a day in an hour at most until that is caught up",
        "`timedatectl`: is the clock right? It closes by itself",
    ),
    AlertInfo(
        "crm-other-time", ("error",),
        "messages of a CRM are signed for a time that is more than five minutes from this machine's, or is not written as "
        "their scheme has it: they are put off",
        "`timedatectl`: set the clock right, or have the sender write seconds or milliseconds as the alert says; it closes with the next message that is taken",
    ),
    AlertInfo(
        "crm-messages-refused", ("warning",),
        "messages that come for a connection are refused one after the other and none is taken: the CRM has another secret than the "
        "hub, or is not who the options name; changes are found by asking and by the daily sweep only",
        "`cloud-sync crm secret NAME`; of strangers' messages nothing; it closes with the next message that is taken",
    ),
    AlertInfo(
        "crm-messages-unreadable", ("warning",),
        "messages of a connection are its own and cannot be read, one after the other: they are refused, and changes are found by "
        "asking and by the daily sweep only",
        "[what is expected](crm.md#messages-of-your-own-program); it closes with the next message that is read",
    ),
    AlertInfo(
        "crm-other-address", ("error",),
        "a CRM signs its messages for another address than `public_url`: none is taken",
        "set `public_url` in `hub.yaml` to the address that the CRM calls, and start the hub again",
    ),
    AlertInfo(
        "revocation-list", ("error",),
        "the list of revoked certificates ends within 7 days and could not be renewed",
        "make `pki/` of the hub's data writable; `cloud-sync doctor`",
    ),
    AlertInfo(
        "revocation-list-ended", ("error",),
        "that list has ended: the broker runs without it; revoked devices can connect and do nothing",
        "the same",
    ),
    AlertInfo(
        "online-key-missing", ("error",),
        "the hub cannot sign the daily timestamp of its releases: after 7 days devices take no more",
        "restore `keys/hub.pem` from a backup, or `kit key rotate hub --hub URL`",
    ),
    AlertInfo(
        "root-expires", ("warning", "error"),
        "the signed list of keys ends within 30 days (error: within 7); then devices take no more "
        "releases",
        "`kit key renew root --hub URL`",
    ),
    AlertInfo(
        "targets-expires", ("warning", "error"),
        "the signed list of releases ends within 30 days (error: within 7); then devices take no more "
        "releases",
        "`kit key renew targets --hub URL`",
    ),
)  # fmt: skip
