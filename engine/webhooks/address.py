"""Which addresses may be called: the public ones, and those that the studio's owner allows.

A URL that somebody else wrote could point into the network that the studio stands in (server-side request forgery).
A name is looked up once, and what is judged is the very address that is connected to afterwards: so it does not matter
how the address was spelled, nor whether the name says something else the next time.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from engine.errors import BadRequest

NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
LOCAL = ("localhost", ".localhost", ".local", ".internal", ".home.arpa")


@dataclass(frozen=True)
class Target:
    """Where a URL points. path: with its query."""

    secure: bool
    host: str
    port: int
    path: str


class Allowed:
    """hosts: names, addresses and networks that may be called although they are not public; from the settings."""

    def __init__(self, hosts: Iterable[str] = ()):
        self.names: set[str] = set()
        self.networks = []
        for host in hosts:
            try:
                self.networks.append(ip_network(host, strict=False))
            except ValueError:
                self.names.add(host.lower().rstrip("."))

    def check(self, target: Target, address: str) -> None:
        """Raises BadRequest where the address must not be called. address: as the resolver tells it."""
        found = ip_address(address.split("%")[0])
        meant = embedded(found)
        if target.host in self.names or any(ip in network for network in self.networks for ip in (found, meant)):
            return
        if "%" in address or not public(found):
            raise refused()

    def early(self, target: Target) -> None:
        """What can be said without asking for a name. Raises BadRequest."""
        try:
            for address in addresses(target, socket.AI_NUMERICHOST):
                self.check(target, address)
        except OSError:  # it is a name
            name = f".{target.host}"
            if target.host not in self.names and name.endswith(tuple(f".{end.lstrip('.')}" for end in LOCAL)):
                raise refused() from None


def target(url: str) -> Target:
    """Raises BadRequest for what is no plain http or https URL."""
    try:
        if any(ord(letter) <= 32 or letter in '\\"<>^`{|}' or ord(letter) == 127 for letter in url):
            raise ValueError(url)
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        if parts.scheme not in ("http", "https") or parts.username is not None or parts.password is not None:
            raise ValueError(url)
        if "[" in parts.netloc:
            ip_address(host)
        else:
            host = host.encode("idna").decode("ascii").lower()
        port = parts.port if parts.port is not None else 443 if parts.scheme == "https" else 80
        if not host or "%" in host or not 0 < port < 65536:
            raise ValueError(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        path.encode("ascii")
        return Target(parts.scheme == "https", host, port, path)
    except ValueError:  # UnicodeError, too
        raise BadRequest(
            "webhook.url",
            "This URL cannot be called.",
            "Use http or https with a host name, without a user, a password or blanks.",
            field="webhook",
        ) from None


def addresses(where: Target, flags: int = 0) -> list[str]:
    """Of the host, each once. Raises OSError where there are none."""
    found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def public(found: IPv4Address | IPv6Address) -> bool:
    """True for an address of the internet that stands for one machine."""
    meant = embedded(found)
    if meant is not found:
        return public(meant)
    if isinstance(found, IPv6Address) and (found.is_site_local or found.teredo):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def embedded(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address leads to (mapped, 6to4, NAT64), else itself."""
    if isinstance(found, IPv4Address):
        return found
    if any(found in network for network in NAT64):
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or found


def refused() -> BadRequest:
    return BadRequest(
        "webhook.private",
        "This address is not on the public internet.",
        "The studio's owner can allow it with --webhook-hosts.",
        field="webhook",
    )
