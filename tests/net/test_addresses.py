import pytest

from idbridge.net import addresses


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",  # noqa: S104 - an address to refuse, nothing is bound to it
        "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254", "172.16.0.1",
        "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "192.175.48.1", "198.18.0.1",
        "198.51.100.1", "203.0.113.1", "224.0.0.1", "233.252.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::1", "2001:2::1",
        "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1",
        "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "2a00:1450::1%eth0", "fec0::1", "ff02::1", "4000::1",
    ],
)  # fmt: skip
def test_what_is_not_a_plain_place_on_the_public_internet_is_refused(text: str) -> None:
    address = addresses.parse(text)

    assert address is not None
    assert not addresses.is_public(address)


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "223.255.255.254", "2606:4700::1111", "2a00:1450:4001::200e"])
def test_public_unicast_addresses_are_public(text: str) -> None:
    address = addresses.parse(text)

    assert address is not None
    assert addresses.is_public(address)


@pytest.mark.parametrize(
    "text", ["", "0x7f.1", "2130706433", "127.1", "0177.0.0.1", "127.0.0.01", "localhost", "[::1]"]
)
def test_what_only_some_parsers_read_as_an_address_is_none(text: str) -> None:
    assert addresses.parse(text) is None
