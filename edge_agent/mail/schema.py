"""The tables of a mailbox's ledger, and what keeps each from growing for ever: data only.

| table | grows with | is bounded by |
|---|---|---|
| `meta` | replies sent, wishes of erasure | notes go with the mail's row, or with the record's entries |
| `positions` | folders | the configuration |
| `mails` | each mail | `keeping.mails_days`, `keeping.mails`; not yet acted on: `MAX_WAITING` |
| `known` | each mail whose row went | `keeping.known` |
| `spoken`, `keys` | correspondents | `keep_text_days` |
| `untold` | rows for the outbox | `MAX_UNTOLD`; they go when the outbox has them |
| `calls` | calls to a help desk | `hook.MAX_CALLS` |
| `replies` | replies | a day |
| `erased` | bytes of erased persons | a day |
| `chain` | each decision and what followed | `keeping.record_days`, `keeping.record` |
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS positions (
    name TEXT PRIMARY KEY, validity INTEGER NOT NULL, uid INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS mails (
    sample_id TEXT PRIMARY KEY, message_id TEXT NOT NULL, who TEXT NOT NULL, state TEXT NOT NULL,
    folder TEXT NOT NULL, validity INTEGER NOT NULL, uid INTEGER NOT NULL,
    verdict TEXT NOT NULL, label TEXT NOT NULL, bundle TEXT NOT NULL, audit INTEGER NOT NULL,
    at REAL NOT NULL, filed_to TEXT NOT NULL, plan TEXT NOT NULL, row TEXT NOT NULL,
    content BLOB, media_type TEXT NOT NULL, worth REAL NOT NULL,
    sealed BLOB, draft_id TEXT NOT NULL, fate TEXT NOT NULL, gone_at REAL, said_label TEXT NOT NULL,
    attempts INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS mails_by_message ON mails (message_id);
CREATE INDEX IF NOT EXISTS mails_by_who ON mails (who, at);
CREATE INDEX IF NOT EXISTS mails_to_do ON mails (at) WHERE state='decided';
CREATE INDEX IF NOT EXISTS mails_by_draft ON mails (draft_id) WHERE draft_id<>'';
CREATE INDEX IF NOT EXISTS drafts_open ON mails (at) WHERE draft_id<>'' AND fate='';
CREATE INDEX IF NOT EXISTS mails_done ON mails (at) WHERE state='acted';
CREATE TABLE IF NOT EXISTS known (
    number INTEGER PRIMARY KEY, mail BLOB NOT NULL UNIQUE, day INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS spoken (who TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS untold (
    number INTEGER PRIMARY KEY, klass TEXT NOT NULL, worth REAL NOT NULL, body TEXT NOT NULL,
    media_type TEXT NOT NULL, content BLOB);
CREATE TABLE IF NOT EXISTS calls (
    sample_id TEXT PRIMARY KEY, body TEXT NOT NULL, attempts INTEGER NOT NULL, due REAL NOT NULL);
CREATE TABLE IF NOT EXISTS replies (who TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS replies_by_who ON replies (who, at);
CREATE TABLE IF NOT EXISTS erased (digest TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS chain (number INTEGER PRIMARY KEY, hash TEXT NOT NULL, entry TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS keys (who TEXT PRIMARY KEY, key BLOB NOT NULL);
"""
