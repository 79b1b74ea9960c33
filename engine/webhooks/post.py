"""One call of a webhook: to an address that was judged, without redirects, in bounded time."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress

from engine.webhooks.address import Allowed, Target, addresses

SECONDS = 10.0  # for all of it, but the look-up of the name


def post(where: Target, body: bytes, headers: Mapping[str, str], allowed: Allowed, seconds: float = SECONDS) -> int:
    """The status of the answer; nothing else of it is read. Raises BadRequest for an address that must not be called, and
    OSError or HTTPException where there was no answer."""
    found = addresses(where)
    for address in found:  # of a name with a public and a private address, neither is called
        allowed.check(where, address)
    connected = socket.create_connection((found[0], where.port), timeout=seconds)
    late = threading.Timer(seconds, cut, [connected])  # a timeout of the socket begins anew with each byte
    late.daemon = True
    late.start()
    try:
        line = (
            ssl.create_default_context().wrap_socket(connected, server_hostname=where.host)
            if where.secure
            else connected
        )
        with line:
            return asked(where, line, body, headers)
    finally:
        late.cancel()
        connected.close()


def asked(where: Target, line: socket.socket, body: bytes, headers: Mapping[str, str]) -> int:
    kind = http.client.HTTPSConnection if where.secure else http.client.HTTPConnection  # they differ in the usual port
    connection = kind(where.host, where.port)
    connection.sock = line  # so it connects to nothing by itself
    connection.request("POST", where.path, body, dict(headers))
    return connection.getresponse().status


def cut(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
