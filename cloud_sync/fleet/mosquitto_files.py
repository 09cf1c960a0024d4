"""What mosquitto reads: its configuration, the topic rules, the passwords. Texts only.

The rules name each device with its site, so that a device can speak for no other device and for no
other site; a certificate whose name stands in no rule lets its owner connect and do nothing.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cloud_sync.fleet.broker import HUB_USER, MAX_PACKET_BYTES, Login
from cloud_sync.fleet.dynsec import TOPIC as CONTROL
from cloud_sync.fleet.pki import CRL_LIFE, HUB, Authority
from kits.core.topics import ROOT, DeviceTopics

# device tokens have 256 random bits, so the work factor of the hash need not slow a guesser down
ITERATIONS = 101
SLOW_ITERATIONS = 100_000
"""For a password that a person made up."""
PLUGIN = "mosquitto_dynamic_security.so"
_PLUGIN_PLACES = (
    "/usr/lib/*-linux-gnu*", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib",
)  # fmt: skip

_THERE = "/etc/mosquitto/kitwright"
_COMMON = f"""\
persistence false
# the default of 1000 drops messages that were acknowledged; the bound is in bytes
max_queued_messages 0
max_queued_bytes {{queued_bytes}}
# the hub acknowledges after its commit: the window over the time of a commit is the throughput
max_inflight_messages 1000
max_inflight_bytes {{inflight_bytes}}
max_packet_size {MAX_PACKET_BYTES}
set_tcp_nodelay true
"""


_LOG = """\
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
"""


def broker_secret(password: str, iterations: int = ITERATIONS) -> str:
    """`password` as mosquitto keeps it: `$7$iterations$salt$PBKDF2-HMAC-SHA512`."""
    salt = secrets.token_bytes(12)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def find_plugin() -> str:
    """Path of the dynamic-security plug-in, or an empty string."""
    for place in _PLUGIN_PLACES:
        for found in sorted(Path("/").glob(f"{place.lstrip('/')}/{PLUGIN}")):
            return str(found)
    return ""


def _common(queue_mb: int) -> str:
    return _COMMON.format(queued_bytes=queue_mb << 20, inflight_bytes=queue_mb << 18)


@dataclass(frozen=True, slots=True)
class TlsListener:
    """The listener for devices; `crl` is None when there is no list that is valid now."""

    host: str
    port: int
    ca: Path
    certificate: Path
    key: Path
    crl: Path | None

    def text(self) -> str:
        """Its section: the certificate's CN is user name *and* client id, so nobody takes over
        another device's session."""
        crl = f"crlfile {self.crl}\n" if self.crl else ""
        return f"""\
listener {self.port} {self.host}
cafile {self.ca}
certfile {self.certificate}
keyfile {self.key}
{crl}tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
"""


def configuration(
    folder: Path,
    plain: tuple[str, int],
    tls: TlsListener | None,
    *,
    hub_port: int,
    plugin: str,
    user: str,
    queue_mb: int,
) -> str:
    """`mosquitto.conf`.

    Args:
        folder: where `acl`, `passwords` and `dynsec.json` lie.
        plain: address and port of the listener without encryption.
        hub_port: without TLS the hub's own listener, on this machine.
        plugin: path of the dynamic-security plug-in, used with TLS.
        user: whom mosquitto becomes; empty when it is not started by root.
    """
    text = "# written by cloud-sync at each start; change hub.yaml instead\n"
    # as root mosquitto would become another user, who may not read the files
    text += f"user {user}\n" if user else ""
    if tls is None:
        return f"{text}per_listener_settings true\n{_common(queue_mb)}{_LOG}" + _by_passwords(
            folder, plain, hub_port
        )
    text += _rules_of(folder, "passwords")
    text += f"plugin {plugin}\nplugin_opt_config_file {folder / 'dynsec.json'}\n"
    text += f"{_common(queue_mb)}{_LOG}listener {plain[1]} {plain[0]}\n"
    return text + tls.text()


def _by_passwords(folder: Path, plain: tuple[str, int], hub_port: int) -> str:
    """A device's user name is its client id, so nobody takes over another device's session; the hub, which is
    connected several times, has a listener that takes no device."""
    return f"""\
listener {plain[1]} {plain[0]}
{_rules_of(folder, "passwords")}use_username_as_clientid true
listener {hub_port} 127.0.0.1
{_rules_of(folder, "hub-password")}"""


def _rules_of(folder: Path, passwords: str) -> str:
    return f"""\
allow_anonymous false
password_file {folder / passwords}
acl_file {folder / "acl"}
"""


def acl(logins: Iterable[Login]) -> str:
    """The rules: the hub may do everything, a device only what is its own."""
    rules = [f"user {HUB_USER}\ntopic readwrite {ROOT}/#\ntopic readwrite {CONTROL}/#\n"]
    for login in logins:
        rules.append(f"user {login.name}\n{_rules('topic', login.site, login.name)}")
    return "\n".join(rules)


def _rules(kind: str, site: str, device: str) -> str:
    """Topic by topic: what a device may write under any name it may leave there, retained."""
    written = (f"{kind} write {topic}\n" for topic in DeviceTopics(site, device).written)
    return "".join(written) + f"{kind} read {ROOT}/{site}/{device}/down/#\n"


def passwords(logins: Iterable[Login]) -> str:
    """The password file of the devices' listener."""
    return "".join(f"{login.name}:{login.secret}\n" for login in logins if login.secret)


def hub_password_line(secret: str) -> str:
    """The password file of the listener that is the hub's."""
    return f"{HUB_USER}:{secret}\n"


def external(
    authority: Authority, hosts: Iterable[str], username: str = "", password: str = ""
) -> str:
    """What someone must set up at a broker that the hub does not run, in mosquitto's words.

    Args:
        authority: signs a server certificate for the broker, as its devices trust nobody else.
        hosts: names and addresses the broker is reached at.
        username: what the hub signs in as, with `password`; empty: by its certificate.
    """
    certificate, key = authority.broker_files(hosts)
    files = {
        "ca.pem": authority.ca_file, "crl.pem": authority.crl_file,
        "server.pem": certificate, "server.key": key,
    }  # fmt: skip
    copies = "\n".join(f"#   {path.resolve()}  ->  {_THERE}/{name}" for name, path in files.items())
    return f"""\
# 1. Files to copy, readable by the broker only
{copies}
# crl.pem is renewed every day and ends after {CRL_LIFE.days} days: copy it daily, then send mosquitto
# SIGHUP. A broker with a list past its end lets nobody in. The server's certificate is valid for a
# year; from seven months on this command prints a new one.

# 2. {_THERE}/acl
user {username or HUB}
topic readwrite {ROOT}/#

{_rules("pattern", "+", "%u")}
# 3. mosquitto.conf
allow_anonymous false
acl_file {_THERE}/acl
{_common(256)}
listener 8883
{_THERE_TLS}crlfile {_THERE}/crl.pem
require_certificate true
use_identity_as_username true

{_by_password(username, password) if username else ""}\
# What differs from the broker that the hub runs itself
# - A revoked device stays connected there until somebody ends its session. The hub takes nothing
#   from it, from the moment it is revoked.
# - These patterns bind a device to its name, not to its site; the hub refuses a foreign site.
# - Two devices could use one client id: set it from the certificate where the broker can do that.
# - Nothing there has to survive: no session, no queue, no retained message. The pictures of one device
#   can be retained without bound: watch the broker's memory, and start it again when it grows.
"""


_THERE_TLS = f"""\
cafile {_THERE}/ca.pem
certfile {_THERE}/server.pem
keyfile {_THERE}/server.key
tls_version tlsv1.2
"""


def _by_password(username: str, password: str) -> str:
    """A listener of its own: where certificates are required, mosquitto asks nobody a password."""
    secret = broker_secret(password, SLOW_ITERATIONS) if password else "SECRET"
    made = "" if password else f"# (mosquitto_passwd -c {_THERE}/passwords {username})\n"
    return f"""\
# 4. mosquitto.conf, further: the hub signs in by password, on a listener of its own.
# In hub.yaml: broker.port: 8884, broker.device_port: 8883, broker.tls: true.
# Let nobody but the hub reach this port, and call no device {username}.
password_file {_THERE}/passwords
listener 8884
{_THERE_TLS}require_certificate false

# 5. {_THERE}/passwords
{made}{username}:{secret}

"""
