"""What may be asked: the shape of a URL, and the addresses that a URL from the network must not reach. Pure.

The decision about addresses stands in `address_problem`, and the connection asks it about the address that it really
has (see `transport`). `url_refusal` says no earlier, and in clearer words, where the URL itself shows the address.

The special addresses are those of the IANA registries (RFC 6890 and its updates), written out here because the tables
of the `ipaddress` module differ between the Python versions that we run on.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOWEST_FREE_PORT = 1024


class Trust(Enum):
    """Who chose a URL.

    CONFIGURED: the user did, in feeds.toml, or it has the same origin as such a URL. NETWORK: anything else, found in
    a feed, a page or a redirect.
    """

    CONFIGURED = "configured"
    NETWORK = "network"


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


# The first match names the address, so single addresses stand before the ranges around them.
_SPECIALS: tuple[_Special, ...] = (
    _special(
        "the address of a cloud's metadata service",
        *("169.254.169.254/32", "169.254.170.2/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"),
        *("fd00:ec2::254/128", "fd20:ce::254/128"),
    ),
    _special("the unspecified address", "0.0.0.0/32", "::/128"),
    _special("an address of this network", "0.0.0.0/8"),
    _special("a loopback address", "127.0.0.0/8", "::1/128", private=True),
    _special("a private address", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", private=True),
    _special("a private address", "fec0::/10", "64:ff9b:1::/48", private=True),
    _special("an address of a carrier's inner network", "100.64.0.0/10", private=True),
    _special("a link-local address", "169.254.0.0/16", "fe80::/10", private=True),
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

    With `allow_private`, loopback, private, link-local and carrier-grade NAT addresses pass; the rest stays refused.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
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


def url_problem(url: str) -> str | None:
    """Return why nobody could ask for this URL, whoever chose it, or None. Only http and https are spoken here."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in url):
        return "the URL holds a control character"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"the URL cannot be read: {error}"
    if parts.scheme not in _DEFAULT_PORTS:
        return f"only http and https URLs can be fetched, not {parts.scheme or 'one without a scheme'}"
    if port == 0:
        return "the URL names port 0"
    return _authority_problem(parts)


def _authority_problem(parts: SplitResult) -> str | None:
    if not parts.hostname:
        return "the URL names no host"
    # Programs disagree about where such a host ends.
    if "\\" in parts.netloc or " " in parts.netloc:
        return "the URL's host holds a backslash or a space"
    return None


def url_refusal(url: str, trust: Trust, *, allow_private: bool = False) -> str | None:
    """Return why a URL of this trust may not be asked, or None. `url` has passed `url_problem`.

    A host that is a name passes here, whatever it resolves to: its addresses are checked when they are known.
    """
    if trust is Trust.CONFIGURED:
        return None
    parts = urlsplit(url)
    if "@" in parts.netloc:
        return "a URL from the network must not carry a user name or password"
    if parts.port is not None and parts.port not in (80, 443) and parts.port < _LOWEST_FREE_PORT:
        return f"a URL from the network must not name port {parts.port}"
    problem = _host_problem(parts.hostname or "", allow_private=allow_private)
    return None if problem is None else from_the_network(problem)


def from_the_network(problem: str) -> str:
    """Return the sentence for a person about an `address_problem`."""
    return f"{problem} and the URL came from the network"


def _host_problem(host: str, *, allow_private: bool) -> str | None:
    # Full-width digits and dots become plain ones here, as they do when the name is encoded.
    plain = unicodedata.normalize("NFKC", host).replace("\N{IDEOGRAPHIC FULL STOP}", ".")
    if "%" in plain:
        return f"{plain} is an unclear name"
    if ":" in plain:
        return address_problem(plain, allow_private=allow_private)
    name = plain.rstrip(".")
    if _ends_in_a_number(name):
        # Systems read 0x7f.1, 2130706433 and 0177.0.0.1 as 127.0.0.1; nobody honest writes so.
        return address_problem(name, allow_private=allow_private)
    if name.rpartition(".")[2] == "localhost" and not allow_private:
        return f"{name} is this machine"
    return None


def _ends_in_a_number(name: str) -> bool:
    """Whether the URL standard of the WHATWG ("ends in a number checker") would take the host for an IPv4 address."""
    last = name.rpartition(".")[2]
    return last.isdecimal() or last.startswith("0x")


def origin(url: str) -> str:
    """Return scheme, host and port of a URL, `https://example.org` or `http://[::1]:8080` (RFC 6454, section 6.2).

    The port is left out where it is the scheme's own. Raises ValueError where `url_problem` finds one.
    """
    problem = url_problem(url)
    if problem is not None:
        raise ValueError(problem)
    parts = urlsplit(url)
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{bracketed}{port}"
