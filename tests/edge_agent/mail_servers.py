"""A real dovecot of a test's own: users, folders, TLS, and what a server may lack."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from imapclient import IMAPClient

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
PASSWORD = "geheim"
SPECIAL = {"Drafts": "\\Drafts", "Sent": "\\Sent", "Trash": "\\Trash"}
_made: list[Dovecot] = []


def has_dovecot() -> bool:
    return Path(DOVECOT).exists()


def kill_leftovers() -> None:
    """Ends all servers and takes away what they left."""
    while _made:
        server = _made.pop()
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


@dataclass
class Dovecot:
    """A mail server on the loopback address, in a folder that its processes, which run as others, can reach.

    Args:
        special: folder → special use, empty for none; all are there from the beginning.
        lacks: capabilities it does not show.
        prefix: of all folders but INBOX.
        certificate: certificate and key; with them TLS is spoken on `tls_port`.
        driver: how mails are stored; `sdbox` is the quicker one for a folder of ten thousand.
    """

    special: Mapping[str, str] = field(default_factory=lambda: SPECIAL)
    lacks: Sequence[str] = ()
    separator: str = "/"
    prefix: str = ""
    certificate: tuple[Path, Path] | None = None
    driver: str = "maildir"
    users: Sequence[str] = ("shop", "other")

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.folder.chmod(0o755)
        _made.append(self)
        self.port, self.tls_port = _free_port(), _free_port()
        for name in ("base", "state", "mail"):
            (self.folder / name).mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._write()

    # -- life ------------------------------------------------------------------------------------

    def start(self) -> Dovecot:
        self._process = subprocess.Popen(
            [DOVECOT, "-F", "-c", str(self.folder / "dovecot.conf")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + 15
        while time.monotonic() < end:
            with contextlib.suppress(OSError, IMAPClient.Error), self.login():
                return self
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        """Ends it with its connections."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)
            with contextlib.suppress(ProcessLookupError):  # those that serve a client outlive it
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process = None

    # -- looking and laying in -------------------------------------------------------------------

    @contextlib.contextmanager
    def login(self, user: str = "shop") -> Iterator[IMAPClient]:
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=30)
        try:
            client.login(user, PASSWORD)
            yield client
        finally:
            with contextlib.suppress(Exception):
                client.logout()

    def deliver(self, *mails: bytes, folder: str = "INBOX") -> None:
        with self.login() as client:
            for mail in mails:
                client.append(folder, mail)

    def fill(self, mails: Sequence[bytes]) -> None:
        """Lays many mails into the inbox at once."""
        with self.login() as client:
            for at in range(0, len(mails), 500):
                client.multiappend("INBOX", mails[at : at + 500])

    def renumber(self) -> None:
        """Makes all UIDs worthless, as a server restored from a copy does: it forgets what it knew of them."""
        for name in (
            "dovecot-uidlist",
            "dovecot.index",
            "dovecot.index.log",
            "dovecot.index.cache",
        ):
            for path in (self.folder / "mail").rglob(name):
                path.unlink()
        for path in (self.folder / "mail").rglob("dovecot-uidvalidity*"):
            path.unlink()
        self.stop()
        time.sleep(1.1)  # the validity is made of the second
        self.start()

    def mails(self, folder: str) -> list[bytes]:
        """All mails of a folder; none when there is no such folder."""
        with self.login() as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            uids = client.search()
            found = client.fetch(uids, ["BODY.PEEK[]"]) if uids else {}
            return [found[uid][b"BODY[]"] for uid in sorted(found)]

    def ids(self, folder: str) -> list[str]:
        """Message-IDs of a folder, in order."""
        with self.login() as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            uids = client.search()
            part = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
            found = client.fetch(uids, [part]) if uids else {}
            key = b"BODY[HEADER.FIELDS (MESSAGE-ID)]"
            return [found[u][key].decode().partition(":")[2].strip() for u in sorted(found)]

    # -- configuration ---------------------------------------------------------------------------

    def _write(self) -> None:
        root, me = os.getuid() == 0, pwd.getpwuid(os.getuid()).pw_name
        owner = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.getuid())
        boxes = "\n".join(
            f'  mailbox "{name}" {{\n    auto = subscribe\n'
            + (f"    special_use = {use}\n" if use else "")
            + "  }"
            for name, use in self.special.items()
        )
        tls = "ssl = no"
        if self.certificate is not None:
            chain, key = self.certificate
            tls = f"ssl = yes\nssl_server_cert_file = {chain}\nssl_server_key_file = {key}"
        capability = ""
        if self.lacks:
            words = "\n".join(f"  {name} = no" for name in self.lacks)
            capability = f"imap_capability {{\n{words}\n}}"
        (self.folder / "dovecot.conf").write_text(
            f"""dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {self.folder}/base
state_dir = {self.folder}/state
log_path = {self.folder}/log
protocols = imap
listen = 127.0.0.1
{tls}
auth_allow_cleartext = yes
auth_mechanisms = plain login
default_internal_user = {"dovecot" if root else me}
default_login_user = {"dovenull" if root else me}
first_valid_uid = 1
mail_uid = {owner.pw_uid}
mail_gid = {owner.pw_gid}
mail_driver = {self.driver}
mail_home = {self.folder}/mail/%{{user}}
mail_path = ~/mails
mail_max_userip_connections = 0
mail_fsync = never
login_trusted_networks = 127.0.0.1
{capability}
namespace inbox {{
  inbox = yes
  separator = {self.separator}
  prefix = {self.prefix}
{boxes}
}}
passdb passwd-file {{
  passwd_file_path = {self.folder}/users
}}
userdb static {{
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = {self.tls_port if self.certificate else 0}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
        )
        lines = [f"{user}:{{PLAIN}}{PASSWORD}\n" for user in self.users]
        (self.folder / "users").write_text("".join(lines))
        self._own(self.folder / "mail")

    @staticmethod
    def _own(folder: Path) -> None:
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in (folder, *folder.rglob("*")):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)


def a_mail(
    number: int = 1,
    text: str = "Where is my order?",
    *,
    sender: str = "",
    subject: str = "",
    **headers: str,
) -> bytes:
    """A customer's mail; `headers` with `_` for `-`."""
    message = EmailMessage()
    message["From"] = sender or f"Customer {number} <customer{number}@example.com>"
    message["To"] = "shop@shop.example"
    message["Subject"] = subject or f"Question {number}"
    message["Date"] = "Mon, 04 May 2026 06:00:00 +0000"
    message["Message-ID"] = f"<q{number}@example.com>"
    for name, value in headers.items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
