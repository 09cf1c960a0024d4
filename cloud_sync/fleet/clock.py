"""The time, signed with the TUF timestamp key: a device with a wrong clock can set itself right."""

from __future__ import annotations

from cloud_sync.fleet import tuf
from cloud_sync.hub import Hub
from kits.core.hub_api import SignedTime, TimeStatement
from kits.core.sample import utc_now


def signed_time(hub: Hub, nonce: str) -> SignedTime:
    """Says what time it is, to who sent the nonce.

    Raises:
        ConfigError: the hub lacks the key the root names.
    """
    payload = TimeStatement(nonce=nonce, time=utc_now()).model_dump_json()
    with hub.database.session() as session:
        allowed = tuf.online_key_ids(session)
    # before the first root the one key there is signs; no device has anything to check it with
    signer = hub.keys.signer(allowed) if allowed else hub.keys.signers()[0]
    signature = signer.sign(payload.encode())
    return SignedTime(payload=payload, signature=signature.signature, key_id=signature.keyid)
