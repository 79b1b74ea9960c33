"""Strangers get in only where somebody said so, and what a proxy says counts only from the proxies that were named."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access import LOOPBACK, Access
from api.doors import session_cookie
from api.guard import host_of, same_origin
from api.modes import mode_of
from api.proxies import as_the_client_sent_it
from engine.errors import BadRequest


@pytest.mark.parametrize(
    ("loopback", "has_admin", "has_users", "accounts", "open_lan", "expected"),
    [
        (True, False, False, False, False, "alone"),
        (True, False, False, True, False, "accounts"),
        (True, True, True, False, False, "accounts"),
        (True, False, True, False, False, "accounts"),
        (False, True, True, False, False, "accounts"),
        (False, False, False, True, False, "accounts"),
        (False, False, False, False, True, "everybody"),
        (False, False, False, False, False, "people.needed"),
        (False, False, True, False, False, "people.needed"),
        (False, True, True, False, True, "people.open_lan"),
        (False, False, False, True, True, "people.open_lan"),
    ],
)
def test_a_network_is_never_open_by_oversight(
    loopback: bool, has_admin: bool, has_users: bool, accounts: bool, open_lan: bool, expected: str
) -> None:
    try:
        found: str = mode_of(
            loopback=loopback, has_admin=has_admin, has_users=has_users, accounts=accounts, open_lan=open_lan
        )
    except BadRequest as refused:
        found = refused.problem.code
    assert found == expected


def seen(client: str, path: str = "/api/jobs", **headers: str) -> dict[str, Any]:
    access = Access(proxies=frozenset({"10.0.0.1", "::1"}), root_path="/studio")
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "scheme": "http", "client": (client, 1), "path": path, "headers": given}
    return dict(as_the_client_sent_it(scope, access))


def test_a_proxy_is_believed_only_when_it_was_named() -> None:
    said = {"x_forwarded_for": "6.6.6.6, 1.2.3.4", "x_forwarded_proto": "https", "x_forwarded_host": "evil.example"}
    named, stranger = seen("10.0.0.1", **said), seen("10.0.0.2", **said)
    assert (named["client"][0], named["scheme"]) == ("1.2.3.4", "https"), "the last one is what the proxy itself saw"
    assert (stranger["client"][0], stranger["scheme"]) == ("10.0.0.2", "http")
    assert named["headers"] == stranger["headers"] == []
    assert session_cookie(named) == "__Host-atelier_session"
    assert session_cookie(stranger) == "atelier_session"
    assert seen("::ffff:10.0.0.1", x_forwarded_for="1.2.3.4, 10.0.0.1")["client"][0] == "1.2.3.4"
    assert seen("10.0.0.1", x_forwarded_for="nonsense", x_forwarded_proto="javascript")["client"][0] == "10.0.0.1"


def test_a_path_before_ours_may_be_left_or_taken_off() -> None:
    assert seen("1.1.1.1", "/studio/api/jobs")["path"] == seen("1.1.1.1", "/api/jobs")["path"] == "/api/jobs"
    assert seen("1.1.1.1", "/studio")["path"] == ""
    assert seen("1.1.1.1", "/studious")["path"] == "/studious"


HOSTS = st.one_of(
    st.text(max_size=40),
    st.builds(
        lambda parts, port: "".join(parts) + port,
        st.lists(
            st.sampled_from(["127.0.0.1", "localhost", "evil", ".", "@", "[::1]", "#", "/", "\\", "%", ":", " ", "。"])
        ),
        st.sampled_from(["", ":7860", ":"]),
    ),
)


@given(HOSTS)
def test_no_spelling_of_another_host_passes_for_ours(host: str) -> None:
    if host_of(host) in LOOPBACK:
        name = (
            re.sub(r":[0-9]{0,5}$", "", host.lower()) if host.count(":") == 1 or host.startswith("[") else host.lower()
        )
        assert name in {"127.0.0.1", "localhost", "[::1]"}, host


@given(HOSTS, st.sampled_from(["http://", "https://", "", "null", "file://", "HTTP://"]))
def test_no_spelling_of_another_origin_passes_for_ours(origin: str, scheme: str) -> None:
    from starlette.datastructures import Headers

    headers = Headers(
        {"host": "127.0.0.1:7860", "origin": (scheme + origin).encode("latin-1", "replace").decode("latin-1")}
    )
    if same_origin(headers):
        assert headers["origin"] in ("http://127.0.0.1:7860", "https://127.0.0.1:7860")
