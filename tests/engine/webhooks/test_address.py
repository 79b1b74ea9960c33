"""No spelling of a private address is called."""

import socket
from typing import Any

import pytest

from engine.errors import BadRequest
from engine.webhooks.address import Allowed, public, target
from engine.webhooks.post import post

PRIVATE = [
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001"),
    *("127.255.255.254", "0", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "0xc0a80101"),
    *("169.254.169.254", "0xa9fea9fe", "100.64.0.1", "100.127.255.255", "192.0.0.1", "198.18.0.1", "203.0.113.7"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "127.0.0.1.", "１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1"),
    *(
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:10.0.0.1]",
        "[::127.0.0.1]",
    ),
    *("[64:ff9b::127.0.0.1]", "[64:ff9b::a00:1]", "[64:ff9b:1::10.0.0.1]", "[2002:7f00:1::]", "[2002:c0a8:101::1]"),
    *("[fe80::1]", "[fec0::1]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]", "[2001::1]", "[2001:db8::1]"),
    *(
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "printer.local",
        "metadata.google.internal",
        "ｌｏｃａｌｈｏｓｔ",
    ),
]


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize("form", ["http://{}/hook", "https://{}:8443/hook"])
def test_a_private_address_is_refused_when_the_job_is_submitted(host: str, form: str):
    with pytest.raises(BadRequest) as refused:
        Allowed().early(target(form.format(host)))
    assert refused.value.problem.field == "webhook"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://example.com/",
            "file:///etc/passwd",
            "gopher://127.0.0.1:6379/_x",
            "example.com",
            "//example.com/",
            "",
        ),
        *(
            "http://",
            "http:///path",
            "http://user@example.com/",
            "http://a:b@127.0.0.1/",
            "http://example.com@127.0.0.1/",
        ),
        *("http://example.com:0/", "http://example.com:99999/", "http://example.com:x/", "http://exa mple.com/"),
        *("http://example.com\\@127.0.0.1/", "http://example.com/\r\nhost: x", "http://[::1%25lo]/", "http://[::1/"),
        *("http://example.com/\u00e9", "http://" + "a" * 300 + ".com/", "javascript:alert(1)", "http://[v1.x]/"),
    ],
)
def test_what_is_no_plain_url_is_refused(url: str):
    with pytest.raises(BadRequest) as refused:
        target(url)
    assert refused.value.problem.code == "webhook.url"


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "[2606:4700::1111]", "[64:ff9b::808:808]", "[::ffff:8.8.8.8]", "example.com"]
)
def test_a_public_address_is_not(host: str):
    Allowed().early(target(f"https://{host}/a?b=c"))


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "[::1]", "[::ffff:10.1.2.3]", "10.9.9.9", "printer.local"])
def test_the_studios_owner_allows_what_is_private(host: str):
    Allowed(["127.0.0.0/8", "::1", "10.0.0.0/8", "Printer.local"]).early(target(f"http://{host}/"))


def test_what_is_connected_to_is_what_was_judged_and_the_name_is_asked_once(monkeypatch: pytest.MonkeyPatch):
    """DNS rebinding: the name is public when it is judged, and private at any later question."""
    asked, connected = [], []

    def resolver(host: str, port: int, **how: Any) -> list[Any]:
        asked.append(host)
        ip = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    def connect(address: tuple[str, int], **how: Any) -> socket.socket:
        connected.append(address)
        raise OSError("no network here")

    monkeypatch.setattr("socket.getaddrinfo", resolver)
    monkeypatch.setattr("socket.create_connection", connect)
    with pytest.raises(OSError, match="no network"):
        post(target("http://rebound.example/"), b"", {}, Allowed())
    assert (asked, connected) == (["rebound.example"], [("93.184.216.34", 80)])


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["fe80::1%eth0"], ["::ffff:127.0.0.1"]]
)
def test_a_name_that_leads_to_a_private_address_is_not_called(addresses: list[str], monkeypatch: pytest.MonkeyPatch):
    connected = []
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr("socket.create_connection", lambda address, **_: connected.append(address))
    with pytest.raises(BadRequest) as refused:
        post(target("http://inside.example/"), b"", {}, Allowed())
    assert refused.value.problem.code == "webhook.private"
    assert connected == []


def test_nothing_private_is_public():
    from ipaddress import ip_address

    for text in ("127.0.0.1", "::1", "fe80::1", "100.64.0.1", "2002:a00:1::", "64:ff9b::a00:1", "::"):
        assert not public(ip_address(text))
