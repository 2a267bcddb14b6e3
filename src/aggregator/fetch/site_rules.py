"""The robots.txt of sites: remembered, else looked up in the database, else asked for.

However many threads want one at once, it is asked for by one of them, under the manners of its host, and the others
wait for that. What it said holds for a day at most, for later runs as well.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from weakref import WeakValueDictionary

from aggregator.fetch.guard import Trust, origin
from aggregator.fetch.parts import FetchParts
from aggregator.fetch.request import HttpRequest
from aggregator.fetch.robots import (
    MAX_ROBOTS_BYTES,
    ROBOTS_ACCEPT,
    Rules,
    read_rules,
    robots_after,
    robots_claim,
    robots_url,
)
from aggregator.records import LoggedRequest, Reason, RobotsFile
from aggregator.store_ports import StoreTransaction

MOST_REMEMBERED_BYTES = 16 * 1024 * 1024
"""Memory for rules, by estimate: those of some hundred sites. Others are read from the database anew, in milliseconds.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """The rules of a site. `asked` tells whether its robots.txt was asked for just now, with the turn at its host."""

    rules: Rules
    asked: bool


class SiteRules:
    """The rules of sites for as long as a run. Any thread may ask."""

    def __init__(self, parts: FetchParts) -> None:
        """Work with the parts of the fetch stage."""
        self._parts = parts
        self._remembered: OrderedDict[str, Rules] = OrderedDict()
        self._remembered_bytes = 0
        self._being_found: WeakValueDictionary[str, _Turn] = WeakValueDictionary()
        self._lock = threading.Lock()

    def of(self, url: str, host: str, trusted_origin: str | None, *, admitted: bool) -> Found:
        """Return the rules for `url`. `admitted` tells whether `host` has given a turn that may be spent on this.

        Raises ValueError for what is no URL of a page (see `guard.origin`).
        """
        site = origin(url)
        with self._lock:
            turn = self._being_found.setdefault(site, _Turn())
        with turn.lock:
            rules = self._known(site)
            if rules is not None:
                return Found(rules, asked=False)
            with self._parts.read() as transaction:
                kept = transaction.pages.robots(site)
            if kept is not None and kept.expires_at > self._parts.clock.now():
                return Found(self._remember(kept, host), asked=False)
            asked = self._ask(site, host, kept, trusted_origin, admitted=admitted)
            return Found(self._remember(asked, host), asked=True)

    def _known(self, site: str) -> Rules | None:
        with self._lock:
            rules = self._remembered.get(site)
            if rules is None or rules.robots.expires_at <= self._parts.clock.now():
                return None
            self._remembered.move_to_end(site)
            return rules

    def _remember(self, robots: RobotsFile, host: str) -> Rules:
        rules = read_rules(robots)
        if rules.crawl_delay_s is not None:
            self._parts.gate.space(host, rules.crawl_delay_s)
        with self._lock:
            earlier = self._remembered.pop(robots.origin, None)
            self._remembered_bytes -= earlier.memory_bytes if earlier is not None else 0
            self._remembered[robots.origin] = rules
            self._remembered_bytes += rules.memory_bytes
            while self._remembered_bytes > MOST_REMEMBERED_BYTES:
                _, oldest = self._remembered.popitem(last=False)
                self._remembered_bytes -= oldest.memory_bytes
        return rules

    def _ask(
        self, site: str, host: str, earlier: RobotsFile | None, trusted_origin: str | None, *, admitted: bool
    ) -> RobotsFile:
        parts = self._parts
        claim = robots_claim(site, earlier, parts.clock.now())
        parts.writer.call(lambda transaction: transaction.pages.keep_robots(claim))
        request = HttpRequest(
            url=robots_url(site),
            trust=Trust.NETWORK,
            trusted_origin=trusted_origin,
            accept=ROBOTS_ACCEPT,
            timeout_s=parts.settings.timeout_s,
            max_body_bytes=MAX_ROBOTS_BYTES,
        )
        download = parts.asker.ask(request, host, admitted=admitted)
        robots = robots_after(site, download, earlier, parts.clock.now())
        line = LoggedRequest(
            kind="robots",
            reason=Reason.ROBOTS,
            download=download,
            outcome="rules" if robots.refused is None else "no rules",
            next_fetch_at=robots.expires_at,
            decided_by="how long a robots.txt holds" if robots.refused is None else "backoff after a failure",
        )

        def keep(transaction: StoreTransaction) -> None:
            transaction.pages.keep_robots(robots)
            transaction.log.add([line])

        parts.writer.call(keep)
        return robots


class _Turn:
    """Held by whoever finds the rules of a site. It goes when nobody wants them any more."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
