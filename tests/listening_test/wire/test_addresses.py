"""Who is counted together, and what of a proxy's word is believed."""

import pytest

from earmark.listening_test.wire.addresses import client_group, forwarded


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "", "x"])
def test_this_machine_is_nobody(address: str) -> None:
    assert client_group(address) is None


def test_a_network_of_ipv6_is_one_client_and_an_address_of_ipv4_is_one() -> None:
    assert client_group("2001:db8::1") == client_group("2001:db8::ffff:ffff:ffff:ffff")
    assert client_group("2001:db8:0:1::1") != client_group("2001:db8::1")
    assert client_group("fe80::1%eth0") is not None
    assert client_group("198.51.100.7") == client_group("::ffff:198.51.100.7")
    assert client_group("198.51.100.7") != client_group("198.51.100.8")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("6.6.6.6,198.51.100.7:5123", "198.51.100.7"),
        ('"[2001:db8::1]:80"', "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("", None),
        ("198.51.100.7, unknown", None),
        ("<script>", None),
        (f"{'0' * 16_000}6.6.6.6", None),
    ],
)
def test_the_nearest_proxy_is_believed_and_no_other(header: str, found: str | None) -> None:
    assert forwarded(header) == found
