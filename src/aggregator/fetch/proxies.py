"""Which HTTP proxy a URL is asked through: as the settings say, or the environment. Pure.

The environment's variables have no standard; what curl, Go and Python agree on is taken here. A variable in lower case
wins over its twin in upper case, an empty one means "none", ALL_PROXY serves where the scheme's own is absent, and
NO_PROXY names the hosts that are asked directly. Inside a CGI script HTTP_PROXY holds what the visitor sent as his
header "Proxy" (CVE-2016-5385), so there it is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from aggregator.errors import ConfigError
from aggregator.fetch.urls import DEFAULT_PORTS

NEVER = "none"
"""The setting that means: no proxy, whatever the environment says."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. `auth` is user name and password; `url` holds neither, so that it can be shown."""

    url: str
    auth: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """Its name or address, for sentences."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class ProxyRules:
    """The proxy for each scheme, and the hosts that are asked without: the entries of NO_PROXY, "*" for all."""

    http: Proxy | None = None
    https: Proxy | None = None
    direct: tuple[str, ...] = ()

    def proxy_for(self, url: str) -> Proxy | None:
        """Return the proxy for a URL in canonical form, or None where it is asked directly."""
        parts = urlsplit(url)
        proxy = self.https if parts.scheme == "https" else self.http
        if proxy is None:
            return None
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
        return None if any(_covers(entry, host, port) for entry in self.direct) else proxy

    @property
    def proxies(self) -> frozenset[Proxy]:
        """All proxies that there are."""
        return frozenset(proxy for proxy in (self.http, self.https) if proxy is not None)


def proxy_rules(setting: str, environment: Mapping[str, str]) -> ProxyRules:
    """Return what `setting` says: a proxy's URL, "none", or, when it is empty, to look into `environment`.

    A proxy that is set serves all URLs. A user name and a password may stand before its host. Raises ConfigError for
    anything but an HTTP proxy; its text names where the value stands, and does not show it.
    """
    setting = setting.strip()
    if setting.lower() == NEVER:
        return ProxyRules()
    if setting:
        proxy = _proxy(setting, "the setting [fetch] proxy")
        return ProxyRules(proxy, proxy)
    direct = _variable("no_proxy", environment)[1]
    return ProxyRules(
        http=_from_environment("http_proxy", environment),
        https=_from_environment("https_proxy", environment),
        direct=tuple(re.findall(r"[^\s,]+", direct.lower())),
    )


def _from_environment(name: str, environment: Mapping[str, str]) -> Proxy | None:
    for candidate in (name, "all_proxy"):
        found, value = _variable(candidate, environment)
        if found:
            return _proxy(value, f"the environment's {found}") if value else None
    return None


def _variable(name: str, environment: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the name under which a variable is found, None if it is not, and its value."""
    upper = name.upper()
    may_be_a_visitors = name == "http_proxy" and "REQUEST_METHOD" in environment
    for spelling in (name,) if may_be_a_visitors else (name, upper):
        if spelling in environment:
            return spelling, environment[spelling].strip()
    return None, ""


def _proxy(value: str, where: str) -> Proxy:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        port = parts.port or DEFAULT_PORTS["http"]
    except ValueError:
        raise ConfigError(f"{where} is no URL of a proxy: write http://host:port") from None
    if parts.scheme != "http":
        raise ConfigError(
            f"{where} names a proxy of the kind {parts.scheme}, and only HTTP proxies can be used: "
            f'write http://host:port, or set [fetch] proxy = "{NEVER}" to use none'
        )
    if not parts.hostname or re.search(r"[\s\\]", parts.netloc):
        raise ConfigError(f"{where} names no host: write http://host:port")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    auth = (unquote(parts.username or ""), unquote(parts.password or "")) if "@" in parts.netloc else None
    return Proxy(f"http://{host}:{port}", auth)


def _covers(entry: str, host: str, port: int) -> bool:
    """Return whether an entry of NO_PROXY, in lower case, holds for a host: a domain, an address, or a network."""
    if entry == "*":
        return True
    named = re.fullmatch(r"(?P<host>\[.+\]|[^:]+):(?P<port>\d+)", entry)
    if named is not None:
        return int(named["port"]) == port and _covers(named["host"], host, port)
    entry = entry.strip("[]")
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:  # one of them is a name
        domain = entry.removeprefix("*").strip(".")
        name = host.rstrip(".")
        return bool(domain) and (name == domain or name.endswith(f".{domain}"))
