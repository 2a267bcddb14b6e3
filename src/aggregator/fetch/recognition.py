"""Which of the sightings that the store has are the entries of a document. Pure.

An entry is looked for as it was written, then by its own key, and then by what else it may be known under: a key that
stands in for a shared one, an alias, a match, its address. A sighting that is in the document under its own key is
never taken for another entry, no sighting is taken for two, and one whose link, title and date are all different is
another article. Decision 0019 has the reasons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.fetch.canonical import is_distinctive, url_key
from aggregator.fetch.identity import GUID, TEXT, URL, normal_title
from aggregator.records import EntryKeys, KnownArticle, KnownArticles, KnownSighting, ParsedEntry

Entries = Mapping[EntryKeys, ParsedEntry]
"""The distinct entries of a document, in its order, by their keys."""


@dataclass(frozen=True, slots=True)
class _Document:
    """What is looked at: the keys of its entries, how many have each, and each address, and what the store knows."""

    known: KnownArticles
    present: frozenset[str]
    uses: Mapping[str, int]
    claims: Mapping[str | None, int]
    still_listed: frozenset[int]
    taken: set[int]

    def free(self, sighting: KnownSighting | None) -> KnownSighting | None:
        """Return a sighting that may be an entry under another key: nothing in the document is it already."""
        if sighting is None or sighting.sighting_id in self.taken or sighting.entry_key in self.present:
            return None
        return sighting


def recognise(entries: Entries, known: KnownArticles, still_listed: frozenset[int]) -> dict[EntryKeys, KnownSighting]:
    """Return the sightings of those entries that the store has.

    `still_listed` are the sightings of entries that were cut out of the document before it was read: they are in it.
    """
    present = frozenset(keys.entry for keys, entry in entries.items() if _may_bear(keys.entry, entry, known))
    uses = Counter(key for keys in entries for key in (keys.entry, *keys.fallbacks))
    claims = Counter(keys.url for keys in entries)
    document = _Document(known, present, uses, claims, still_listed, set(still_listed))
    found: dict[EntryKeys, KnownSighting] = {}
    for look in (_as_written, _by_own_key, _by_fallbacks, _by_alias, _by_match, _by_address):
        for keys, entry in entries.items():
            if keys not in found and (sighting := look(keys, entry, document)) is not None:
                found[keys] = sighting
                document.taken.add(sighting.sighting_id)
    return found


def article_elsewhere(keys: EntryKeys, entry: ParsedEntry, known: KnownArticles) -> KnownArticle | None:
    """Return the article that other feeds have at the address of an entry that `recognise` did not find in its own.

    At an address like /weather another title at another time is another article.
    """
    article = known.article_by_url_key.get(keys.url) if keys.url else None
    if article is None or article.sightings:
        return None
    has_changed = _title_changed(article.title, entry) and _date_changed(article.published_at, entry)
    return None if has_changed and not is_distinctive(_page_of(keys.url)) else article


def was_pruned(keys: EntryKeys, pruned: frozenset[str]) -> bool:
    """Tell whether an entry is one whose article was pruned: one mark is not enough where a feed uses it for all."""
    if not pruned:
        return False
    hits = [key for key in (keys.entry, *keys.fallbacks) if key in pruned]
    if keys.match in pruned or any(key.startswith(TEXT) for key in hits):
        return True
    if not hits or (keys.url is not None and keys.url not in pruned):
        return False
    return is_distinctive(_page_of(keys.url)) or any(_is_telling(key) for key in hits)


def _may_bear(key: str, entry: ParsedEntry, known: KnownArticles) -> bool:
    """Tell whether the sighting under `key` may be this entry: not if a feed numbers its places, not its articles."""
    sighting = known.by_entry_key.get(key)
    return sighting is None or not _is_another_article(sighting, entry)


# --- where to look --------------------------------------------------------------------------------------------------


def _as_written(keys: EntryKeys, entry: ParsedEntry, document: _Document) -> KnownSighting | None:
    """Find an entry by any of its own keys, link, title and date being what they were."""
    for key in (keys.entry, *keys.fallbacks):
        sighting = document.known.by_entry_key.get(key)
        if key != keys.entry and not key.startswith(TEXT):
            sighting = document.free(sighting)
        # One that is still listed is repeated by this entry, in bytes that are others.
        if sighting is not None and (key.startswith(TEXT) or _says_the_same(sighting, entry)):
            return sighting
    return None


def _by_own_key(keys: EntryKeys, entry: ParsedEntry, document: _Document) -> KnownSighting | None:
    sighting = document.known.by_entry_key.get(keys.entry)
    if sighting is None or sighting.sighting_id in document.taken or _is_another_article(sighting, entry):
        return None
    return sighting


def _by_fallbacks(keys: EntryKeys, entry: ParsedEntry, document: _Document) -> KnownSighting | None:
    for key in keys.fallbacks:
        sighting = document.free(document.known.by_entry_key.get(key))
        if sighting is not None and document.uses[key] == 1 and not _is_contradicted(sighting, entry):
            return sighting
    return None


def _by_alias(keys: EntryKeys, entry: ParsedEntry, document: _Document) -> KnownSighting | None:
    sighting = document.free(document.known.by_alias_key.get(keys.alias)) if keys.alias else None
    return None if sighting is None or _is_contradicted(sighting, entry) else sighting


def _by_match(keys: EntryKeys, entry: ParsedEntry, document: _Document) -> KnownSighting | None:  # noqa: ARG001 - the
    # signature is that of all ways to look.
    return document.free(document.known.by_match_key.get(keys.match)) if keys.match else None


def _by_address(keys: EntryKeys, entry: ParsedEntry, document: _Document) -> KnownSighting | None:
    """Find an entry as the article at its address, where that has left the document and no other entry claims it."""
    article = document.known.article_by_url_key.get(keys.url) if keys.url else None
    if article is None or document.claims[keys.url] > 1:
        return None
    free = [sighting for sighting in article.sightings if document.free(sighting) is not None]
    if not free or len(free) < len(article.sightings):
        return None
    if is_distinctive(_page_of(keys.url)):
        return None if _is_contradicted(free[-1], entry) else free[-1]
    has_changed = _title_changed(free[-1].title, entry) or _date_changed(free[-1].published_at, entry)
    return None if has_changed else free[-1]


# --- what speaks for and against ------------------------------------------------------------------------------------


def _says_the_same(sighting: KnownSighting, entry: ParsedEntry) -> bool:
    """Tell whether link, title and date are as they were written."""
    return (sighting.url, sighting.title, sighting.published_raw) == (entry.url, entry.title, entry.published_raw)


def _is_contradicted(sighting: KnownSighting, entry: ParsedEntry) -> bool:
    """Tell whether title and date are both different: too much for an edit that changes the GUID as well."""
    return _title_changed(sighting.title, entry) and _date_changed(sighting.published_at, entry)


def _is_another_article(sighting: KnownSighting, entry: ParsedEntry) -> bool:
    """Tell whether an entry under a known key is a new article of a feed that uses one GUID, or one link, for all.

    Title, date and link must all have changed. Where entry or sighting has no date or no page, that counts as a change
    unless the key itself looks like that of one article; one of the two must really have changed.
    """
    if not _title_changed(sighting.title, entry):
        return False
    date_changed = _date_changed(sighting.published_at, entry)
    before, after = url_key(sighting.url), url_key(entry.url)
    link_changed = before is not None and after is not None and before != after
    if date_changed and link_changed:
        return True
    if not (date_changed or link_changed) or _is_telling(sighting.entry_key):
        return False
    if link_changed:
        return sighting.published_at is None or entry.published_at is None
    return before is None or after is None or not is_distinctive(_page_of(after))


def _title_changed(before: str | None, entry: ParsedEntry) -> bool:
    return before is not None and before != entry.title and normal_title(before) != normal_title(entry.title)


def _date_changed(before: datetime | None, entry: ParsedEntry) -> bool:
    """Tell whether there are two dates and they differ, in seconds, which is how the store keeps them."""
    after = entry.published_at
    return before is not None and after is not None and before.replace(microsecond=0) != after.replace(microsecond=0)


def _is_telling(entry_key: str) -> bool:
    """Tell whether a key looks like that of one article, such as a number or an address with a headline in it."""
    name = entry_key.removeprefix(GUID).removeprefix(URL)
    return is_distinctive(_page_of(url_key(name) or name))


def _page_of(address: str | None) -> str:
    """Return what follows the host; a host may hold numbers that tell nothing about an article."""
    host, slash, path = (address or "").partition("/")
    return slash + path if slash else host.partition("?")[1] + host.partition("?")[2] or host
