"""The same photo under different stories, and pictures that look like a given one.

    photos of recent articles ─▶ those near by hash, or of the same file ─▶ their articles ─▶ more than one story?

Of the four quarters of a hash, 5 bits that differ can be two or more in two of them only: the other two agree to
within one bit. So 4 × 17 look-ups in an index of quarters name every neighbour at least twice, and hardly anybody else;
within 7 bits every neighbour is named once. A picture that is too plain to be told from others has no quarters there,
and is compared by its file alone.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aggregator.errors import StorageError, UsageError
from aggregator.store.reading import open_read_only, require_current

SAME_BITS = 5
"""Photos whose hashes differ in so few bits are taken for the same. Of 338 photographs and parts of them every copy
that was halved, squeezed, greyed or saved at quality 30 is within it, 97 % of those that lost 1 % on each side, 92 %
brightened by a fifth and 44 % that lost 3 %; of 11.8 million pairs of parts of different photographs none is (within
6 bits 1, within 7 bits 5)."""

LIKE_BITS = 7
"""What the quarters find for sure. It shows more crops, and at times a picture that only looks alike."""


@dataclass(frozen=True, slots=True)
class PhotoUse:
    """An article that shows a photo. `differing_bits` tells how far its copy is from the newest one; `at` is UTC."""

    story_id: int
    story: str
    article_id: int
    title: str
    url: str | None
    feed: str
    at: str
    image_id: int
    differing_bits: int


@dataclass(frozen=True, slots=True)
class ReusedPhoto:
    """A photo that stands under `stories` different stories; its uses are in the order of their times.

    Picture and sizes in pixels are those of its largest copy; `path` and `thumbnail` are below the images folder, and
    None where the file was removed to save space.
    """

    image_id: int
    path: str | None
    thumbnail: str | None
    width: int
    height: int
    stories: int
    uses: tuple[PhotoUse, ...]


@dataclass(frozen=True, slots=True)
class AlikePicture:
    """A picture like another one; `articles` counts those that name it."""

    image_id: int
    differing_bits: int
    url: str
    path: str | None
    thumbnail: str | None
    width: int
    height: int
    articles: int
    first_seen_at: str
    shows: str | None
    junk: str | None


@contextmanager
def reading_photos(database_url: str) -> Iterator[sqlite3.Connection]:
    """Open the database for `reused_photos` and `like_photo`.

    Raises:
        UsageError: there is no database yet, or it is of an older version.
        StorageError: it cannot be read.
    """
    with closing(open_read_only(database_url)) as connection:
        try:
            require_current(connection)
            yield connection
        except sqlite3.DatabaseError as error:
            raise StorageError(f"the database cannot be read: {error}") from error


def reused_photos(connection: sqlite3.Connection, since: datetime, *, any_kind: bool = False) -> Iterator[ReusedPhoto]:
    """Yield the photos of articles since `since` that stand under another story as well, whenever that was.

    The one used last comes first, and each picture is in one group. A group has two stories in one language, because
    one event is a story in each language. What the analysis takes for no photo is left out unless `any_kind`, and junk
    always.
    """
    kinds = "" if any_kind else _A_PHOTO
    since_text = f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    recent = connection.execute(_RECENT.format(kinds=kinds), {"since": since_text}).fetchall()
    taken: set[int] = set()
    for image_id, phash, sha256 in recent:
        if image_id in taken:
            continue
        near = _near(connection, (image_id, phash, sha256), SAME_BITS, f"AND i.junk IS NULL {kinds}")
        copies = {number: bits for number, bits in near.items() if number not in taken}
        taken.update(copies)
        uses = _uses(connection, copies)
        if _is_reused(uses) and uses[-1][1].at >= since_text:
            yield _reused(connection, [use for _, use in uses])


def like_photo(connection: sqlite3.Connection, image_id: int) -> list[AlikePicture]:
    """Return all pictures like the one with the id `image_id`, the nearest first; it is among them, before all others.

    Raises:
        UsageError: there is no such picture, or nobody has looked at it.
    """
    row = connection.execute("SELECT phash, sha256, error FROM images WHERE id = ?", (image_id,)).fetchone()
    if row is None:
        raise UsageError(f"there is no picture with the id {image_id}; the view “images” has them all")
    phash, sha256, error = row
    if phash is None:
        raise UsageError(f"nothing is known of what picture {image_id} shows: {error or 'it was not analysed yet'}")
    near = _near(connection, (image_id, phash, sha256), LIKE_BITS, "")
    found = [
        AlikePicture(number, near[number], *rest) for number, *rest in connection.execute(_ALIKE, (_listed(near),))
    ]
    return sorted(found, key=lambda one: (one.image_id != image_id, one.differing_bits, one.image_id))


Picture = tuple[int, str, str | None]
"""Key, perceptual hash and hash of the file."""


def _near(connection: sqlite3.Connection, picture: Picture, most_bits: int, condition: str) -> dict[int, int]:
    """Return the pictures within `most_bits` of this one, and those of the same file: key → differing bits."""
    image_id, phash, sha256 = picture
    named: Counter[int] = Counter()
    for quarter, digits in connection.execute(_QUARTERS, (image_id,)).fetchall():
        named.update(number for (number,) in connection.execute(_NEARLY, (quarter, *_nearly(digits))))
    often = [number for number, count in named.items() if count >= _QUARTERS_OF_A_HASH - most_bits // 2]
    own = int(phash, 16)
    near = {
        number: (int(other, 16) ^ own).bit_count()
        for number, other in connection.execute(_HASHES.format(condition=condition), (_listed(often),))
    }
    same = connection.execute(_SAME_FILE.format(condition=condition), (sha256,))
    near |= {number: 0 for (number,) in same} | {image_id: 0}
    return {number: bits for number, bits in near.items() if bits <= most_bits}


def _nearly(digits: str) -> list[str]:
    """Return these hexadecimal digits, and all that differ from them in one bit."""
    value = int(digits, 16)
    flips = (0, *(1 << bit for bit in range(4 * len(digits))))
    return [f"{value ^ flip:0{len(digits)}x}" for flip in flips]


def _uses(connection: sqlite3.Connection, copies: Mapping[int, int]) -> list[tuple[str | None, PhotoUse]]:
    """Return the language and the use of each article that names one of `copies` and tells a story, by time."""
    uses = {}
    rows = connection.execute(_USES, (_listed(copies),)).fetchall()
    for language, *values in sorted(rows, key=lambda row: copies[row[-1]], reverse=True):
        use = PhotoUse(*(*values, copies[values[-1]]))
        uses[use.article_id] = (language, use)  # of several copies in an article the nearest
    return sorted(uses.values(), key=lambda one: (one[1].at, one[1].article_id))


def _is_reused(uses: Sequence[tuple[str | None, PhotoUse]]) -> bool:
    stories = {(language, use.story_id) for language, use in uses}
    languages = [language for language, _ in stories]
    return len(set(languages)) < len(languages)


def _reused(connection: sqlite3.Connection, uses: Sequence[PhotoUse]) -> ReusedPhoto:
    used = {use.image_id for use in uses}
    image_id, path, thumbnail, width, height = connection.execute(_LARGEST, (_listed(used),)).fetchone()
    stories = len({use.story_id for use in uses})
    return ReusedPhoto(image_id, path, thumbnail, width, height, stories, tuple(uses))


def _listed(values: Iterable[int]) -> str:
    """Return what `json_each` takes apart: a list of any length in one parameter."""
    return json.dumps(list(values))


_A_PHOTO = "AND (i.shows IS NULL OR i.shows = 'photo')"

_RECENT = """
    SELECT i.id, i.phash, i.sha256
    FROM article a CROSS JOIN article_image ai ON ai.article_id = a.id CROSS JOIN image i ON i.id = ai.image_id
    WHERE a.effective_at >= :since AND i.phash IS NOT NULL AND i.junk IS NULL {kinds}
    GROUP BY i.id ORDER BY MAX(a.effective_at) DESC, i.id DESC"""

_QUARTERS = "SELECT quarter, digits FROM phash_quarter WHERE image_id = ?"

_QUARTERS_OF_A_HASH = 4
_NEARLY = (
    f"SELECT image_id FROM phash_quarter WHERE quarter = ? AND digits IN ({', '.join('?' * len(_nearly('0000')))})"  # noqa: S608 - ours
)
_HASHES = "SELECT i.id, i.phash FROM image i WHERE i.id IN (SELECT value FROM json_each(?)) {condition}"
_SAME_FILE = "SELECT i.id FROM image i WHERE i.path IS NOT NULL AND i.sha256 = ? AND i.phash IS NOT NULL {condition}"

_USES = """
    SELECT y.language, y.id, y.title, a.id, a.title, a.url, COALESCE(f.wanted_title, f.title, f.url), a.effective_at,
           ai.image_id
    FROM article_image ai CROSS JOIN article a ON a.id = ai.article_id
    JOIN feed f ON f.id = a.feed_id JOIN story_article s ON s.article_id = a.id JOIN story y ON y.id = s.story_id
    WHERE ai.image_id IN (SELECT value FROM json_each(?))"""

_LARGEST = """
    SELECT id, path, thumbnail, width, height FROM images WHERE id IN (SELECT value FROM json_each(?))
    ORDER BY path IS NULL, width * height DESC, id LIMIT 1"""

_ALIKE = """
    SELECT id, url, path, thumbnail, width, height, articles, first_seen_at, shows, junk FROM images
    WHERE id IN (SELECT value FROM json_each(?))"""
