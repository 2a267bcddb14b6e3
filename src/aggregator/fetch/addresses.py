"""The IP addresses that a URL from the network must not reach. Pure.

The special addresses are those of the IANA registries (RFC 6890 and its updates), written out here because the tables
of the `ipaddress` module differ between the Python versions that we run on.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address


@dataclass(frozen=True, slots=True)
class _Special:
    """A range of addresses that nobody publishes news on. `private` ones may be allowed by the user's settings."""

    what: str
    networks: tuple[IPv4Network | IPv6Network, ...]
    private: bool = False

    def holds(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self.networks if network.version == address.version)


def _special(what: str, *networks: str, private: bool = False) -> _Special:
    parsed = tuple(IPv6Network(text) if ":" in text else IPv4Network(text) for text in networks)
    return _Special(what, parsed, private)


# Whoever can ask there gets the keys of the machine. Amazon, Google, Azure, Alibaba, Oracle, OpenStack.
_METADATA = _special(
    "the address of a cloud's metadata service",
    *("169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "100.100.100.200/32", "168.63.129.16/32"),
    *("192.0.0.192/32", "fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128"),
    "fe80::a9fe:a9fe/128",
)

# The first match names the address, so single addresses stand before the ranges around them.
_SPECIALS: tuple[_Special, ...] = (
    _METADATA,
    _special("the unspecified address", "0.0.0.0/32", "::/128"),
    _special("an address of this network", "0.0.0.0/8"),
    _special("a loopback address", "127.0.0.0/8", "::1/128", private=True),
    _special("a private address", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", private=True),
    _special("a private address", "fec0::/10", "64:ff9b:1::/48", private=True),
    _special("an address of a carrier's inner network", "100.64.0.0/10", private=True),
    # No network of anybody's choice: a machine gives it to itself, and clouds keep their services there.
    _special("a link-local address", "169.254.0.0/16", "fe80::/10"),
    _special("a documentation address", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
    _special("a documentation address", "2001:db8::/32", "3fff::/20"),
    _special("a benchmarking address", "198.18.0.0/15", "2001:2::/48"),
    _special("the broadcast address", "255.255.255.255/32"),
    _special("a multicast address", "224.0.0.0/4", "ff00::/8"),
    _special("a reserved address", "192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4"),
    _special("a reserved address", "2001:10::/28", "2001:20::/28"),
)

# IPv6 addresses that carry an IPv4 address: the prefix, how far right the 32 bits start, and what they are xored with.
_CARRIERS: tuple[tuple[IPv6Network, int, int], ...] = (
    (IPv6Network("::ffff:0:0/96"), 0, 0),  # IPv4-mapped, RFC 4291
    (IPv6Network("::ffff:0:0:0/96"), 0, 0),  # IPv4-translated, RFC 2765
    (IPv6Network("::/96"), 0, 0),  # IPv4-compatible, RFC 4291
    (IPv6Network("64:ff9b::/96"), 0, 0),  # NAT64, RFC 6052
    (IPv6Network("2002::/16"), 80, 0),  # 6to4, RFC 3056
    (IPv6Network("2001::/32"), 64, 0),  # Teredo's server, RFC 4380
    (IPv6Network("2001::/32"), 0, 0xFFFF_FFFF),  # Teredo's client, RFC 4380
)
# ISATAP (RFC 5214) carries one below any prefix.
_ISATAP_MARKS = (0x0000_5EFE, 0x0200_5EFE)
# Whatever is outside of these has not been given out to anybody.
_REACHABLE_V6 = (IPv6Network("2000::/3"), IPv6Network("64:ff9b::/96"), IPv6Network("::ffff:0:0/96"))


def address_problem(address: str, *, allow_private: bool = False) -> str | None:
    """Return why a URL from the network may not reach this IP address, "10.0.0.1 is a private address", or None.

    With `allow_private`, loopback, private and carrier-grade NAT addresses pass; the rest stays refused.
    """
    parsed = _parsed(address)
    if parsed is None:
        return f"{address} is not an IP address"
    special = _special_of(parsed)
    if special is not None:
        return None if special.private and allow_private else f"{address} is {special.what}"
    for carried in _carried(parsed):
        special = _special_of(carried)
        if special is not None and not (special.private and allow_private):
            return f"{address} stands for {carried}, {special.what}"
    if isinstance(parsed, IPv6Address) and not any(parsed in network for network in _REACHABLE_V6):
        return f"{address} is a reserved address"
    return None


def metadata_problem(address: str) -> str | None:
    """Return that this IP address is a cloud's metadata service, however it is dressed, or None."""
    parsed = _parsed(address)
    if parsed is None or not any(_METADATA.holds(one) for one in (parsed, *_carried(parsed))):
        return None
    return f"{address} is {_METADATA.what}"


def is_address(host: str) -> bool:
    """Whether a URL's host is an IP address written out, and not a name or one of the odd spellings of an address."""
    return _parsed(host) is not None


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address.partition("%")[0])
    except ValueError:
        return None


def _special_of(address: IPv4Address | IPv6Address) -> _Special | None:
    return next((special for special in _SPECIALS if special.holds(address)), None)


def _carried(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    bits = int(address)
    found = [
        IPv4Address(((bits >> shift) & 0xFFFF_FFFF) ^ mask) for prefix, shift, mask in _CARRIERS if address in prefix
    ]
    if (bits >> 32) & 0xFFFF_FFFF in _ISATAP_MARKS:
        found.append(IPv4Address(bits & 0xFFFF_FFFF))
    return found
