"""Where a redirect leads, and what may travel along. Pure.

A chain of redirects starts with the trust of its first URL and keeps it only while it stays on that URL's origin. What
it lost it does not get back: who leads us away does not choose what we ask there under the user's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from aggregator.fetch.failures import Failure
from aggregator.fetch.guard import Trust, origin, url_refusal
from aggregator.fetch.moves import same_place
from aggregator.fetch.urls import without_userinfo
from aggregator.records import Outcome

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a chain. `url` is in its canonical form, without fragment and user information.

    `at_home`: the chain never left the origin of its first URL, so credentials may be sent. `permanent`: it consists of
    301 and 308 only. `earlier` are the URLs before this one.
    """

    url: str
    trust: Trust
    at_home: bool = True
    permanent: bool = True
    earlier: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The host's name, for sentences."""
        return urlsplit(self.url).hostname or ""


def next_hop(hop: Hop, status: int, target: str, *, allow_private: bool) -> Hop | Failure:
    """Return the request that follows a redirect to `target`, an absolute URL in canonical form, or why none does."""
    url = without_userinfo(target)
    earlier = (*hop.earlier, hop.url)
    if url in earlier:
        return Failure(Outcome.BAD_REDIRECT, f"{hop.host} redirects in a circle")
    if len(earlier) > MAX_REDIRECTS:
        return Failure(Outcome.BAD_REDIRECT, f"{hop.host} redirects more than {MAX_REDIRECTS} times")
    if hop.url.startswith("https:") and not url.startswith("https:"):
        return Failure(Outcome.BAD_REDIRECT, f"{hop.host} redirects from https to http, where anybody can read along")
    # The same host with https in the place of http is no other place, only a safer way to it.
    stays = origin(url) == origin(hop.url) or same_place(hop.url, url)
    trust = hop.trust if stays else Trust.NETWORK
    # At home, user information in the target says nothing new and is dropped; elsewhere it is somebody's trick.
    refusal = url_refusal(url if stays else target, trust, allow_private=allow_private)
    if refusal is not None:
        return Failure(Outcome.REFUSED, f"refused: {refusal}")
    return Hop(
        url=url,
        trust=trust,
        at_home=hop.at_home and stays,
        permanent=hop.permanent and status in _PERMANENT,
        earlier=earlier,
    )
