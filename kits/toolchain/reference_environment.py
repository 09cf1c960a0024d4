"""`environment.md`: the environment variables that the programs read, as a table.

A test compares it with what the code asks the environment for. Variables that are only handed on
to other programs, like `CUDA_VISIBLE_DEVICES`, are not in it.
"""

from __future__ import annotations

from kits.toolchain.reference_tables import NOTE, table

VARIABLES: tuple[tuple[str, str, str], ...] = (
    (
        "KITWRIGHT_HUB_DATA", "cloud-sync",
        "the hub's data, for every command without `--data`",
    ),
    (
        "KITWRIGHT_MAIL_PASSWORD", "cloud-sync serve, worker, effect test",
        "password of the mail server; `notify.mail.password_env` names another variable",
    ),
    (
        "KITWRIGHT_WEBHOOK_SECRET", "cloud-sync serve, worker, effect test",
        "what signs webhooks, `whsec_…`; `notify.webhook.secret_env` names another variable",
    ),
    (
        "KITWRIGHT_CMMS_KEY", "cloud-sync serve, worker, cmms test",
        "lets the hub into the CMMS: Odoo's API key, ERPNext's `KEY:SECRET`, a webhook's `whsec_…`; "
        "`cmms.key_env` names another variable",
    ),
    (
        "KITWRIGHT_CMMS_SECRET", "cloud-sync serve",
        "what messages to `/v1/cmms/NAME` are signed with, `whsec_…`; `cmms.inbound_secret_env` names "
        "another variable",
    ),
    (
        "KITWRIGHT_CRM_NAME_SECRET", "cloud-sync crm add, crm secret",
        "a secret of a CRM connection: NAME is the connection's, in capitals, `-` as `_`; SECRET is `WEBHOOK`, "
        "`TOKEN` or another that the kind needs",
    ),
    (
        "KITWRIGHT_HUB_TOKEN", "kit",
        "API token for commands with `--hub`; `--token` goes before it",
    ),
    (
        "KITWRIGHT_INSECURE_HTTP", "kit",
        "`1`: speaks plain HTTP to a hub beyond this machine; everyone on the way can read the token",
    ),
    (
        "KIT_KEY_PASSPHRASE", "kit",
        "passphrase of the keys that sign releases, where nobody can type it",
    ),
    (
        "XDG_CONFIG_HOME", "kit",
        "keys, tokens and what is trusted lie in `kitwright/` below it; `~/.config` by default",
    ),
    (
        "OMP_NUM_THREADS", "kit train",
        "threads of a computation at the most; without it as many as the process was given (affinity, a container's or "
        "unit's quota) and other programs leave free",
    ),
    (
        "YOLO_OFFLINE, YOLO_AUTOINSTALL, YOLO_CONFIG_DIR, YOLO_VERBOSE", "kit train",
        "set for the detector's library so that it neither fetches nor installs anything; what you set "
        "goes before",
    ),
    (
        "ORT_DISABLE_TELEMETRY, HF_HUB_DISABLE_TELEMETRY, RAY_USAGE_STATS_ENABLED, MLFLOW_DISABLE_TELEMETRY", "all",
        "set to `1`, `1`, `0` and `true`, so that onnxruntime, the loader of models, Ray and MLflow's client report to nobody; "
        "what you set goes before",
    ),
    (
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT, MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "kit train, kit report",
        "with `--mlflow` set to `2`, `20` and `true`: its client tries for minutes by itself, and prints between what is printed; "
        "what you set goes before",
    ),
    (
        "PYTHONSAFEPATH", "kit",
        "set, unless you have set it: processes that `kit` starts import nothing from the folder you are in (Python 3.11 or "
        "later)",
    ),
    (
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT", "cloud-sync",
        "for `storage_url: s3://…`, read by the S3 client; also its other `AWS_…` variables",
    ),
    ("SUDO_USER", "all", "set by sudo: who types, for the audit log and for notes; else the account that the command runs as"),
    ("NO_COLOR", "all", "no colours, whatever the terminal can do"),
    ("PATH", "cloud-sync", "where mosquitto is looked for, then in `/usr/local/sbin` and `/usr/sbin`"),
    ("KITWRIGHT_JOB_MARK", "kit", "set by the hub for what a job starts: a hub that comes back after a crash knows by it what was left behind"),
    ("NOTIFY_SOCKET", "edge-agent", "set by systemd: where the agent says that it lives"),
)  # fmt: skip


def render_environment() -> str:
    """`environment.md`."""
    rows = [
        f"{', '.join(f'`{name}`' for name in names.split(', '))} | {program} | {meaning}"
        for names, program, meaning in VARIABLES
    ]
    return "\n".join([
        "# Environment variables\n",
        NOTE,
        "Nothing else of the programs' settings comes from the environment: the rest is in the "
        "[configuration files](config.md) and in options. A service reads its variables from a "
        "file: [the hub](../how-to/run-the-hub-as-a-service.md#variables-of-the-service).\n",
        table("variable|read by|meaning", rows),
    ])  # fmt: skip
