"""A real mailbox on this machine: dovecot on the loopback address, with users and folders of a trial's own.

Responsible for configuration, start and end of the server, and for the few things a person does at a mailbox: look
what lies where, put mails in, take one out. It is for demos and tests: passwords are plain, nothing is synced to disk,
and the folder goes with the server.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from kits.core.addresses import free_port
from kits.core.errors import MachineError

if TYPE_CHECKING:
    from imapclient import IMAPClient

PASSWORD = "geheim"  # noqa: S105 - of a made-up shop
SPECIAL: Mapping[str, str] = {"Drafts": "\\Drafts", "Sent": "\\Sent", "Trash": "\\Trash"}
_VERSION = (2, 4)
"""The first whose configuration this is."""
_STARTS_S, _ENDS_S = 15.0, 10.0
_CONFIG = """dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {folder}/base
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap{submits}
listen = 127.0.0.1
{tls}
auth_allow_cleartext = yes
auth_failure_delay = 0
auth_mechanisms = plain login{by_token}
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
mail_uid = {uid}
mail_gid = {gid}
mail_driver = {driver}
mail_home = {folder}/mail/%{{user}}
mail_path = ~/mails
mail_max_userip_connections = 0
mail_fsync = never
login_trusted_networks = 127.0.0.1
{capability}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
{boxes}
}}
passdb passwd-file {{
  passwd_file_path = {folder}/users
}}
{tokens}
userdb static {{
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
{submission}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
{quota}
"""
_TOKENS = """oauth2 {{
  introspection_mode = auth
  introspection_url = {url}
  username_attribute = username
}}
"""
_SUBMISSION = """submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_relay_trusted = no
hostname = localhost
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {port}
  }}
  inet_listener submissions {{
    port = 0
  }}
}}
"""
_QUOTA = """mail_plugins {{
  quota = yes
}}
protocol imap {{
  mail_plugins {{
    imap_quota = yes
  }}
}}
quota mailbox {{
  driver = count
  storage_size = {kib}k
}}
"""


def find_dovecot() -> Path | None:
    """The program, or None. Debian puts it where not everybody's PATH leads."""
    found = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def why_no_mailbox(program: Path | None) -> str:
    """Why no mailbox can be had on this machine, with what to install; empty: it can.

    Args:
        program: as `find_dovecot` found it.
    """
    if program is None:
        return "no dovecot on this machine (apt install dovecot-imapd)"
    try:
        import imapclient  # noqa: F401  whether it is there
    except ModuleNotFoundError:
        return "nothing here speaks IMAP (pip install 'kitwright[mail]')"
    try:
        told = subprocess.run(  # noqa: S603  found on this machine's own path
            [str(program), "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"dovecot does not run here: {error}"
    version = re.match(r"(\d{1,4})\.(\d{1,4})", told)
    if version is None or (int(version[1]), int(version[2])) < _VERSION:
        return f"dovecot {told.split(' ')[0].strip() or '?'} is here, and 2.4 is needed"
    return ""


@dataclass
class MailboxServer:
    """The server, until `close`.

    Args:
        special: folder → special use, empty for none; all are there from the beginning.
        lacks: capabilities it does not show.
        separator: between the names of folders.
        prefix: of all folders but INBOX.
        certificate: certificate and key; with them TLS is spoken on `tls_port`.
        driver: how mails are stored; `sdbox` is the quicker one for a folder of ten thousand.
        quota_kib: what all folders of a user hold together, KiB; 0: as much as the disk.
        users: login names, all with `PASSWORD`; the first is who looks and delivers.
        tokens_at: who is asked, with `Authorization: Bearer TOKEN`, whose a token is (`{"username": …}`); with it one
            signs in by token, too (XOAUTH2, OAUTHBEARER).
        relay: port of the SMTP server here that is given what users send by `submission_port`; 0: nothing can be sent.
            Needs dovecot-submissiond.
    """

    special: Mapping[str, str] = field(default_factory=lambda: SPECIAL)
    lacks: Sequence[str] = ()
    separator: str = "/"
    prefix: str = ""
    certificate: tuple[Path, Path] | None = None
    driver: str = "maildir"
    quota_kib: int = 0
    users: Sequence[str] = ("shop", "other")
    tokens_at: str = ""
    relay: int = 0

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        # its processes run as others and must come through
        self.folder.chmod(0o755)
        self.port, self.tls_port, self.submission_port = free_port(), free_port(), free_port()
        for name in ("base", "state", "mail"):
            (self.folder / name).mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._write()

    # -- life ------------------------------------------------------------------------------------

    def start(self) -> MailboxServer:
        """Starts it, waits until somebody can log in, and gives itself back.

        Raises:
            MachineError: it is not installed, or does not come up; carries the end of its log.
        """
        from imapclient import IMAPClient

        program = find_dovecot()
        if program is None:
            raise MachineError("dovecot is not installed", fix="apt install dovecot-imapd")
        self._process = subprocess.Popen(  # noqa: S603  found on this machine's own path
            [str(program), "-F", "-c", str(self.folder / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + _STARTS_S
        while time.monotonic() < end:
            with contextlib.suppress(OSError, IMAPClient.Error), self.login():
                return self
            time.sleep(0.01)
        log = self.folder / "log"
        told = log.read_text(errors="replace")[-2000:] if log.exists() else "it left no log"
        self.stop()
        raise MachineError("the mail server did not come up", where=told)

    def stop(self) -> None:
        """Ends it with its connections; its mails stay."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDS_S)
        self._kill()

    def _kill(self) -> None:
        if self._process is None:
            return
        # those that serve a client outlive it
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def close(self) -> None:
        """Ends it and takes away what it left: nothing of that has to be put in order before."""
        self._kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> MailboxServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- what a person does ----------------------------------------------------------------------

    @contextlib.contextmanager
    def login(self, user: str = "") -> Iterator[IMAPClient]:
        """A connection of a user, by default of the first."""
        from imapclient import IMAPClient

        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=30)
        try:
            client.login(user or self.users[0], PASSWORD)
            yield client
        finally:
            with contextlib.suppress(OSError, IMAPClient.Error):
                client.logout()

    def deliver(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Lays mails into a folder, in this order."""
        with self.login() as client:
            for mail in mails:
                client.append(folder, mail)

    def mails(self, folder: str) -> list[bytes]:
        """All mails of a folder; none when there is no such folder."""
        return list(self._fetched(folder, "BODY.PEEK[]").values())

    def ids(self, folder: str) -> list[str]:
        """Message-IDs of a folder, in order."""
        found = self._fetched(folder, "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]")
        return [
            head.decode("ascii", "replace").partition(":")[2].strip() for head in found.values()
        ]

    def counts(self) -> dict[str, int]:
        """Folder → mails in it, empty ones left out."""
        with self.login() as client:
            names = [
                str(name) for flags, _, name in client.list_folders() if b"\\Noselect" not in flags
            ]
            found = {name: client.folder_status(name, ["MESSAGES"]) for name in names}
        return {
            name: int(status[b"MESSAGES"]) for name, status in found.items() if status[b"MESSAGES"]
        }

    def take_out(self, folder: str, message_id: str, to: str = "") -> None:
        """Moves the mail of this Message-ID to another folder, which is made when absent, or deletes it."""
        with self.login() as client:
            if to and not client.folder_exists(to):
                client.create_folder(to)
            client.select_folder(folder)
            uids = client.search(["HEADER", "Message-ID", message_id])
            if to and uids:
                client.copy(uids, to)
            client.delete_messages(uids)
            client.expunge()

    def _fetched(self, folder: str, part: str) -> dict[int, bytes]:
        with self.login() as client:
            if not client.folder_exists(folder):
                return {}
            client.select_folder(folder, readonly=True)
            uids = client.search()
            found = client.fetch(uids, [part]) if uids else {}
        key = part.replace(".PEEK", "").encode()
        return {uid: found[uid][key] for uid in sorted(found)}

    # -- configuration ---------------------------------------------------------------------------

    def _write(self) -> None:
        root, me = os.getuid() == 0, pwd.getpwuid(os.getuid()).pw_name
        owner = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.getuid())
        tls = "ssl = no"
        if self.certificate is not None:
            chain, key = self.certificate
            tls = f"ssl = yes\nssl_server_cert_file = {chain}\nssl_server_key_file = {key}"
        lacking = "\n".join(f"  {name} = no" for name in self.lacks)
        written = _CONFIG.format(
            folder=self.folder,
            tls=tls,
            internal="dovecot" if root else me,
            # of files that its processes share: nobody but root may give them to another group
            group="dovecot" if root else grp.getgrgid(os.getgid()).gr_name,
            login="dovenull" if root else me,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            driver=self.driver,
            capability=f"imap_capability {{\n{lacking}\n}}" if lacking else "",
            separator=self.separator,
            prefix=self.prefix,
            boxes="\n".join(_box(name, use) for name, use in self.special.items()),
            port=self.port,
            tls_port=self.tls_port if self.certificate else 0,
            by_token=" xoauth2 oauthbearer" if self.tokens_at else "",
            tokens=_TOKENS.format(url=self.tokens_at) if self.tokens_at else "",
            submits=" submission" if self.relay else "",
            submission=_SUBMISSION.format(relay=self.relay, port=self.submission_port)
            if self.relay
            else "",
            quota=_QUOTA.format(kib=self.quota_kib) if self.quota_kib else "",
        )
        (self.folder / "dovecot.conf").write_text(written)
        lines = [f"{user}:{{PLAIN}}{PASSWORD}\n" for user in self.users]
        (self.folder / "users").write_text("".join(lines))
        if root:
            os.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)


def _box(name: str, use: str) -> str:
    special = f"    special_use = {use}\n" if use else ""
    return f'  mailbox "{name}" {{\n    auto = subscribe\n{special}  }}'
