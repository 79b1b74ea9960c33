"""Who gets in at all: everybody on one's own machine, people with accounts, or everybody in a network, on purpose."""

import ssl
from pathlib import Path
from typing import Literal

from engine.errors import BadRequest

Mode = Literal["alone", "accounts", "everybody"]


def mode_of(*, loopback: bool, has_admin: bool, has_users: bool, accounts: bool, open_lan: bool) -> Mode:
    """Raises BadRequest rather than let strangers in by oversight."""
    if open_lan and (accounts or has_users):
        raise BadRequest(
            "people.open_lan", "This studio has accounts; --open-lan would let everybody in.", "Leave it out."
        )
    if accounts or has_admin or (loopback and has_users):
        return "accounts"
    if loopback:
        return "alone"
    if open_lan:
        return "everybody"
    raise BadRequest(
        "people.needed",
        "Others can reach this address, and the studio has no admin yet.",
        "Start it with --accounts to make the first admin, with `launch.py people add NAME --role admin` beforehand,"
        " or with --open-lan, if everybody who reaches it may use it.",
    )


def refuse_tunnel(share: bool) -> None:
    """Raises BadRequest. Gradio opens its tunnel in `launch`, which a mounted page has not, and its relay reads passwords."""
    if share:
        raise BadRequest(
            "people.share",
            "--share is not offered: Gradio's tunnel would carry passwords through somebody else's server.",
            "Start with --listen --accounts behind a reverse proxy; docs/sharing.md has recipes.",
        )


def check_certificate(certificate: Path | None, key: Path | None) -> None:
    """Raises BadRequest for files that cannot be served with."""
    if bool(certificate) != bool(key):
        raise BadRequest("tls.half", "TLS needs a certificate and its key.", "Give both --tls-cert and --tls-key.")
    if certificate and key:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: b"")
        except (OSError, ValueError):
            raise BadRequest(
                "tls.unreadable",
                "The certificate or its key cannot be used.",
                "Give PEM files that belong together, without a passphrase.",
            ) from None
