"""IP addresses that an outgoing connection may go to.

Decides whether an address is a place on the public internet. The library's own answer is not enough: Python calls
addresses global that carry a private one inside, such as NAT64 (RFC 6052) and 6to4 (RFC 3056), so what is public is
listed by refusing all else (RFC 6890 and its registries).
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_REFUSED: Final = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # shared behind a carrier's NAT
        "168.63.129.16/32",  # an address of a cloud's own host that is public in form only
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.175.48.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "198.18.0.0/15",
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "2001::/23",  # Teredo and the other protocol assignments
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)


def parse(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that ``text`` writes in its usual form, ``None`` if it is no address."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether ``address`` is a unicast address of the public internet and carries no other address inside."""
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_UNICAST or address.scope_id is not None):
        return False
    return address.is_global and not any(address in network for network in _REFUSED)
