"""A memory of what was rendered, bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

MAX_TAGS = 65_536


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that the site can answer with. `etag` is strong: it is drawn from the content."""

    content_type: str
    etag: str
    last_modified: datetime
    body: bytes = field(default=b"", repr=False)


def resource(content_type: str, body: bytes, last_modified: datetime) -> Resource:
    """Return the resource with the tag that its content gives it."""
    return Resource(content_type, f'"{sha256(body).hexdigest()[:24]}"', last_modified, body)


class RenderedCache:
    """Keeps bodies up to a number of bytes, the least recently used going first, and the tags of many more.

    A key is a path, its value good for one `state`. Tags outlive bodies, so that a conditional request for one of ten
    thousand feeds is answered without drawing it up again.
    """

    def __init__(self, max_body_bytes: int) -> None:
        """`max_body_bytes` bounds the bodies kept."""
        self.body_bytes = 0
        self._max_body_bytes = max_body_bytes
        self._bodies: OrderedDict[str, tuple[int, Resource]] = OrderedDict()
        self._tags: OrderedDict[str, tuple[int, Resource]] = OrderedDict()

    def body(self, path: str, state: int) -> Resource | None:
        """Return the whole resource, or None if it is not kept for that state."""
        kept = self._bodies.get(path)
        if kept is None or kept[0] != state:
            return None
        self._bodies.move_to_end(path)
        return kept[1]

    def tag(self, path: str, state: int) -> Resource | None:
        """Return the resource without its body, or None if it is not known for that state."""
        kept = self._tags.get(path)
        return kept[1] if kept is not None and kept[0] == state else None

    def keep(self, path: str, state: int, rendered: Resource) -> None:
        """Keep `rendered`, in the place of what was kept for that path."""
        self._drop_body(path)
        self._bodies[path] = (state, rendered)
        self.body_bytes += len(rendered.body)
        while self.body_bytes > self._max_body_bytes:
            self._drop_body(next(iter(self._bodies)))
        self._tags.pop(path, None)
        self._tags[path] = (state, Resource(rendered.content_type, rendered.etag, rendered.last_modified))
        if len(self._tags) > MAX_TAGS:
            self._tags.popitem(last=False)

    def _drop_body(self, path: str) -> None:
        dropped = self._bodies.pop(path, None)
        if dropped is not None:
            self.body_bytes -= len(dropped[1].body)
