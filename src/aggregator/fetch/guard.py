"""What may be asked, by whom it was chosen: the decisions about URLs, and about the addresses behind them. Pure.

The last word about an address is `reach_refusal`, and the connection asks it about the address that it really has (see
`dial`). `url_refusal` says no earlier, and in clearer words, where the URL itself shows what is wrong with it.
"""

from __future__ import annotations

import unicodedata
from enum import Enum
from urllib.parse import urlsplit

from aggregator.fetch.addresses import address_problem, is_address, metadata_problem
from aggregator.fetch.urls import DEFAULT_PORTS, canonical_url

_WEB_PORTS = (80, 443)
_LOWEST_FREE_PORT = 1024
# Above the well-known ports: those that browsers block (the Fetch standard's "bad ports"), and those where databases,
# queues and other machinery listen that takes commands from whoever connects.
_SERVICE_PORTS = frozenset(
    {
        *(1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697),
        10080,
        *(1433, 1521, 3306, 5432, 5984, 6379, 7001, 8086, 9042, 9160, 11211, 27017, 27018, 27019, 28015),
        *(2181, 2375, 2376, 2377, 2379, 2380, 4369, 5672, 6443, 8500, 9092, 9200, 9300, 10250, 10255, 61613, 61616),
        *(1883, 3260, 3389, 5900, 5901, 5985, 5986),
    }
)


class Trust(Enum):
    """Who chose a URL.

    CONFIGURED: the user did, in feeds.toml. SAME_ORIGIN: it was found on the network, and has the origin of such a URL.
    NETWORK: anything else, found in a feed, a page or a redirect.
    """

    CONFIGURED = "configured"
    SAME_ORIGIN = "same origin"
    NETWORK = "network"


def reach_refusal(host: str, address: str, trust: Trust, *, allow_private: bool = False) -> str | None:
    """Return why a URL of this trust, with this host, may not reach this IP address, or None.

    What the user configured reaches every address but one: a name, whose address others choose, does not lead to a
    cloud's metadata service. SAME_ORIGIN reaches private addresses as well as public ones, and NETWORK only with
    `allow_private`.
    """
    if trust is Trust.CONFIGURED:
        problem = None if is_address(host) else metadata_problem(address)
        return None if problem is None else f"{problem}, where no name may lead"
    problem = address_problem(address, allow_private=allow_private or trust is Trust.SAME_ORIGIN)
    return None if problem is None else _from_the_network(problem)


def url_refusal(url: str, trust: Trust, *, allow_private: bool = False) -> str | None:
    """Return why a URL of this trust may not be asked, or None. `url` has passed `url_problem`.

    A host that is a name passes here, whatever it resolves to: its addresses are checked when they are known.
    """
    if trust is Trust.CONFIGURED:
        return None
    parts = urlsplit(url)
    if "@" in parts.netloc:
        return "a URL from the network must not carry a user name or password"
    # On the origin of a configured URL the port is the user's choice.
    if trust is Trust.NETWORK and parts.port is not None and not _is_sane_port(parts.port):
        return f"a URL from the network must not name port {parts.port}, which is not the web's"
    problem = _host_problem(parts.hostname or "", allow_private=allow_private or trust is Trust.SAME_ORIGIN)
    return None if problem is None else _from_the_network(problem)


def _from_the_network(problem: str) -> str:
    return f"{problem} and the URL came from the network"


def _is_sane_port(port: int) -> bool:
    return port in _WEB_PORTS or (port >= _LOWEST_FREE_PORT and port not in _SERVICE_PORTS)


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

    The host is in ASCII, and the port is left out where it is the scheme's own. Raises UrlError, a ValueError, where
    the URL is none that could be asked.
    """
    parts = urlsplit(canonical_url(url))
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{bracketed}{port}"
