"""Whom the server takes a request to come from."""

import pytest

from dalle.serving.http.routes import may_be_asked_for
from dalle.serving.http.visitors import address_of, asking, current_visitor, network_of


def scope(*forwarded: str) -> dict:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    return {"type": "http", "client": ("198.51.100.1", 5), "headers": headers}


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, ["192.0.2.9"], "198.51.100.1"),
        (1, [], "198.51.100.1"),
        (1, ["192.0.2.9"], "192.0.2.9"),
        (1, ["10.9.9.9, 192.0.2.9"], "192.0.2.9"),
        (1, ["10.9.9.9", "192.0.2.9"], "192.0.2.9"),
        (2, ["10.9.9.9, 192.0.2.9, 203.0.113.7"], "192.0.2.9"),
        (2, ["192.0.2.9"], "192.0.2.9"),
    ],
)
def test_only_our_own_proxies_are_believed(hops: int, forwarded: list[str], address: str) -> None:
    assert address_of(scope(*forwarded), hops) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("192.0.2.9:5000", "192.0.2.9"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("[2001:db8::1]:5000", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("a:b", "a:b"),
    ],
)
def test_an_address_is_counted_by_its_household(address: str, network: str) -> None:
    assert network_of(address) == network


def test_outside_of_an_event_there_is_no_visitor() -> None:
    assert current_visitor() is None


def test_while_a_request_is_answered_its_visitor_is_the_current_one() -> None:
    with asking(scope()):
        assert current_visitor().name == "198.51.100.1"
    assert current_visitor() is None


@pytest.mark.parametrize(
    ("path", "open_"),
    [
        ("/", True),
        ("/config/", True),
        ("/gradio_api/call/v2/generate", True),
        ("/gradio_api/file=/tmp/gradio/a.png", True),
        ("/gradio_api/file=http://127.0.0.1/", False),
        ("/gradio_api/file=/x/http://127.0.0.1/", False),
        ("/gradio_api/file=etc/passwd", False),
        ("/monitoring", False),
        ("/gradio_api/deep_link", False),
        ("/gradio_api", False),
    ],
)
def test_what_may_be_asked_for(path: str, open_: bool) -> None:
    assert may_be_asked_for(path) is open_
