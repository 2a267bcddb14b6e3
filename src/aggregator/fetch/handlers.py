"""What is changed in feedparser's handling of elements, for its strict and its loose parser alike.

feedparser keeps one large state for a whole document: a tag that an entry leaves open, a namespace that it declares or
an element that feedparser stumbles over changes how the rest is read. Here every entry starts afresh and leaves nothing
behind, so that it reads the same whichever entries stand before it (`slicing` relies on that), and what hostile markup
can cost is bounded.

feedparser takes `media:description`, the caption of a photo, for the description of its article. It is kept apart
here, under `media_description`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

MAX_ENTRIES = 5_000
MAX_ELEMENTS = 200_000
"""Elements of a document that are read; the entries before are kept. Each costs some 60 µs, with text or without."""

_MAX_SKIPPED = 100
_MAX_TAGS = 200
_MAX_AUTHOR_CHARS = 1_000
_MAX_BASE_CHARS = 4_096
_STUMBLES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What feedparser raises where an element is not as it expects. That element is passed over, and nothing else."""

_AFRESH = {
    "incontent": 0,
    "intextinput": 0,
    "inimage": 0,
    "inauthor": 0,
    "incontributor": 0,
    "inpublisher": 0,
    "insource": 0,
    "_summaryKey": None,
    "hasContent": 0,
    "svgOK": 0,
    "title_depth": -1,
}
"""feedparser's state where an entry starts, in a document in which nothing is out of place."""

_SET_BY_ANY_TAG = ("inimage", "intextinput")
_STATE = (*_AFRESH, "infeed", "version")


class EnoughError(Exception):
    """As much of the document is read as ever is: MAX_ENTRIES entries or MAX_ELEMENTS elements."""


class Handlers:
    """Stands before a parser of feedparser's in the order of resolution; what it overrides there is named alike."""

    entries: list[Any]
    elementstack: list[list[Any]]
    sourcedata: dict[str, Any]
    feeddata: dict[str, Any]
    contentparams: dict[str, Any]
    baseuri: str
    version: str
    infeed: int
    inentry: int
    insource: int
    inimage: int
    intextinput: int
    document_url: str
    sanitize_html: bool
    resolve_relative_uris: bool
    skipped: dict[str, list[str]]
    namespaces_around: list[Any]
    elements_left: int = MAX_ELEMENTS
    _around: dict[str, Any]
    _held: dict[str, Any]

    def unknown_starttag(self, tag: str, attributes: list[tuple[str, str]]) -> None:
        """Handle the start of any element; raises EnoughError when there were too many."""
        self.elements_left -= 1
        if self.elements_left < 0:
            raise EnoughError
        # Each base is joined to the one around it; a chain of them would take the square of its length.
        if attributes and len(self.baseuri) + sum(len(v) for k, v in attributes if _is_base(k)) > _MAX_BASE_CHARS:
            attributes = [(key, value) for key, value in attributes if not _is_base(key)]
        if not self.inentry:
            # feedparser sets these back before it calls the handler of a tag.
            self._around = {name: getattr(self, name) for name in _SET_BY_ANY_TAG}
        with suppress(*_STUMBLES):
            super().unknown_starttag(tag, attributes)  # type: ignore[misc]

    def unknown_endtag(self, tag: str) -> None:
        """Handle the end of any element."""
        with suppress(*_STUMBLES):
            super().unknown_endtag(tag)  # type: ignore[misc]

    # --- one entry is nothing to the next ------------------------------------------------------------------------

    def _start_item(self, attributes: dict[str, str]) -> None:
        if len(self.entries) >= MAX_ENTRIES:
            raise EnoughError
        if not self.inentry:
            self._around |= {name: getattr(self, name) for name in _STATE if name not in _SET_BY_ANY_TAG}
            self._held = {"source": dict(self.sourcedata), "content": dict(self.contentparams)}
            self._held["language"] = self.feeddata.get("language")
        vars(self).update(_AFRESH)
        self.sourcedata.clear()
        self.contentparams.clear()
        super()._start_item(attributes)  # type: ignore[misc]

    _start_entry = _start_item

    def _end_item(self) -> None:
        is_entry = self.inentry
        super()._end_item()  # type: ignore[misc]
        if not is_entry:
            return
        version = self.version
        vars(self).update(self._around)
        self.version = self.version or version
        for mapping, held in ((self.sourcedata, "source"), (self.contentparams, "content")):
            mapping.clear()
            mapping.update(self._held[held])
        if self._held["language"] is None:
            self.feeddata.pop("language", None)
        else:
            self.feeddata["language"] = self._held["language"]

    _end_entry = _end_item

    def _get_context(self) -> Any:
        if self.insource:
            return self.sourcedata
        if self.inentry:
            return self.entries[-1]
        inner = "image" if self.inimage else "textinput" if self.intextinput else ""
        holder = self.feeddata.get(inner) if inner else None
        return holder if isinstance(holder, dict) else self.feeddata

    # --- single elements -----------------------------------------------------------------------------------------

    def _end_hour(self) -> None:
        self._skip("skiphours", "hour")

    def _end_day(self) -> None:
        self._skip("skipdays", "day")

    def _skip(self, around: str, element: str) -> None:
        opened = [name for name, *_ in self.elementstack[-2:]]
        text = self.pop(element)  # type: ignore[attr-defined]
        if opened == [around, element] and len(self.skipped[around]) < _MAX_SKIPPED:
            self.skipped[around].append(text)

    def _start_media_description(self, attributes: dict[str, str]) -> None:
        self.push_content("media_description", attributes, "text/html", 1)  # type: ignore[attr-defined]

    def _end_media_description(self) -> None:
        self.pop_content("media_description")  # type: ignore[attr-defined]

    def _end_guid(self) -> None:
        # feedparser takes every GUID that does not say otherwise for an address and resolves it. A base that the
        # document declares belongs to it; the address it was fetched from does not: "4711" must stay the same entry
        # when its feed moves.
        base = self.baseuri
        if base == self.document_url:
            self.baseuri = ""
        super()._end_guid()  # type: ignore[misc]
        self.baseuri = base

    _end_id = _end_guid

    def _add_tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        # Each is compared with all before it.
        tags = self._get_context().get("tags")
        if not isinstance(tags, list) or len(tags) < _MAX_TAGS:
            super()._add_tag(term, scheme, label)  # type: ignore[misc]

    def _sync_author_detail(self, key: str = "author") -> None:
        # feedparser looks for an address in the name; its expression takes the square of the length.
        author = self._get_context().get(key)
        if not isinstance(author, str) or len(author) <= _MAX_AUTHOR_CHARS:
            super()._sync_author_detail(key)  # type: ignore[misc]


def _is_base(attribute: str) -> bool:
    return attribute.lower() in ("xml:base", "base")
