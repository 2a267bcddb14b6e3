"""Every frozen record that crosses a boundary, in the order of the flow.

    Subscription → FeedToFetch → Download → ParseJob → ParsedFeed → ArticleChange ⇒ database
                 ⇒ ImageToFetch → ImageDownload ⇒ database
                 ⇒ PictureJob → PictureResult ⇒ database
                 ⇒ ArticleJob → ArticleAnalysis ⇒ database

`…ToFetch` and `…Job` leave the store; what ends in an outcome or a result enters it. All times are aware and UTC.
Records that travel to a worker process and back are plain data (str, int, float, bytes, datetime, tuples of them):
they are sent as MessagePack and validated on arrival, never unpickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

# --- what may happen to any item --------------------------------------------------------------------------------------


class Harm(StrEnum):
    """What an item did to the worker process that computed it."""

    CRASHED = "crashed"
    KILLED = "killed"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Casualty:
    """An item that no worker could compute. `detail` is a sentence, or the traceback of our bug."""

    harm: Harm
    detail: str


# --- what the user wants -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subscription:
    """One `[[feeds]]` table of feeds.toml.

    `headers` and `auth` may hold secrets: they are looked up when a request is made and reach no database, log or
    export; `repr` leaves them out.
    """

    url: str
    title: str = ""
    category: str | None = None
    tags: tuple[str, ...] = ()
    interval_s: float | None = None
    full_text: bool = False
    enabled: bool = True
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    auth: tuple[str, str] | None = field(default=None, repr=False)


# --- the fetch stage -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave for conditional requests, byte for byte as received (RFC 9110, section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class FeedToFetch:
    """A feed that is due, as the store hands it out."""

    feed_id: int
    url: str
    host: str
    validators: Validators = Validators()
    body_sha256: str | None = None
    failures: int = 0
    interval_s: float | None = None


class Outcome(StrEnum):
    """How one request ended. Each request ends in exactly one."""

    OK = "ok"
    NOT_MODIFIED = "not modified"
    HTTP_ERROR = "http error"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    TOO_LARGE = "too large"
    BAD_REDIRECT = "bad redirect"
    BAD_RESPONSE = "bad response"
    BAD_URL = "bad url"


@dataclass(frozen=True, slots=True)
class Download:
    """What one GET, redirects followed, brought back, or why it brought nothing.

    `url` was asked, `final_url` answered. `permanent_url` is where an unbroken chain of 301 and 308 led. `body` is
    decoded (no gzip left) and never longer than the cap; `received_bytes` counts what crossed the wire. `error` is a
    sentence for a person, present whenever `outcome` is neither OK nor NOT_MODIFIED.
    """

    url: str
    final_url: str
    outcome: Outcome
    started_at: datetime
    seconds: float
    status: int | None = None
    validators: Validators = Validators()
    content_type: str | None = None
    retry_after: str | None = None
    cache_control: str | None = None
    expires: str | None = None
    permanent_url: str | None = None
    body: bytes = field(default=b"", repr=False)
    received_bytes: int = 0
    error: str | None = None

    @property
    def answered(self) -> bool:
        """Whether the server gave what was asked for, or said that nothing changed."""
        return self.outcome in (Outcome.OK, Outcome.NOT_MODIFIED)


@dataclass(frozen=True, slots=True)
class ParseJob:
    """The bytes of one feed on their way to a worker. `content_type` is what the HTTP header said."""

    url: str
    body: bytes = field(repr=False)
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class ImageCandidate:
    """A picture that an entry names. `source` tells where: media:content, enclosure, content …"""

    url: str
    source: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """One entry of a feed, its text made safe: title, author and summary are plain text, content is sanitised HTML.

    `guid` and `url` are None where the feed gives none. `published_raw` is the date as the feed wrote it,
    `published_at` what it means, or None where it cannot be read.
    """

    guid: str | None
    url: str | None
    title: str
    summary: str = ""
    content: str = ""
    author: str = ""
    language: str | None = None
    published_raw: str | None = None
    published_at: datetime | None = None
    categories: tuple[str, ...] = ()
    images: tuple[ImageCandidate, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed document, read. `problem` says why it could not be read; then there are no entries.

    `format` is the field's name for it: rss20, rss10, atom10, json11 … `note` says what was left out of a feed that
    was read.
    """

    format: str = ""
    title: str = ""
    site_url: str | None = None
    language: str | None = None
    entries: tuple[ParsedEntry, ...] = ()
    problem: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class KnownSighting:
    """An entry of this feed that the store has: under which key, with which text, as which article.

    `leads` tells whether the article's own text is the one of this feed.
    """

    sighting_id: int
    article_id: int
    entry_key: str
    content_hash: str
    leads: bool


@dataclass(frozen=True, slots=True, order=True)
class TextRank:
    """How much a text of an article says. Of several feeds' texts the greatest is kept, whichever came first.

    Of equal texts it is that of the feed with the lowest id, so `feed_order` is the id with a minus before it.
    """

    content_chars: int
    summary_chars: int
    content_hash: str
    feed_order: int


@dataclass(frozen=True, slots=True)
class KnownArticle:
    """An article that the store has at an address, and what its present text is worth."""

    article_id: int
    rank: TextRank


@dataclass(frozen=True, slots=True)
class KnownArticles:
    """What the store knows that may be the same as what a document of the feed `feed_id` holds."""

    by_entry_key: Mapping[str, KnownSighting] = field(default_factory=dict)
    article_by_url_key: Mapping[str, KnownArticle] = field(default_factory=dict)
    feed_id: int = 0


class ChangeKind(StrEnum):
    """What an entry means for the database."""

    NEW = "new"
    """an article that nobody had"""
    SIGHTED = "sighted"
    """an article that was known, for the first time in this feed or under this key"""
    REVISED = "revised"
    """a known entry whose text was edited"""
    SEEN = "seen"
    """a known entry, unchanged"""


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """What is to be done about one entry. Ids are those of what is known already.

    `leads` tells whether the article shall have this entry's text: it always does when it is new; a second feed's text
    takes its place when it says more.
    """

    kind: ChangeKind
    entry: ParsedEntry
    entry_key: str
    url_key: str | None
    content_hash: str
    effective_at: datetime
    article_id: int | None = None
    sighting_id: int | None = None
    leads: bool = True


@dataclass(frozen=True, slots=True)
class FetchedFeed:
    """A feed after its request. `parsed` is None where there was nothing new to parse, `body_sha256` names the body.

    `casualty` is there instead of `parsed` when the document harmed the process that read it.
    """

    feed: FeedToFetch
    download: Download
    body_sha256: str | None = None
    parsed: ParsedFeed | None = None
    casualty: Casualty | None = None


class FeedState(StrEnum):
    """How a feed is, as far as its last answers tell."""

    NEW = "new"
    ACTIVE = "active"
    THROTTLED = "throttled"
    BLOCKED = "blocked"
    FAILING = "failing"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class FeedUpdate:
    """What a request taught about a feed, and the line for the log. None leaves what the database has."""

    feed_id: int
    state: FeedState
    outcome: str
    failures: int
    next_fetch_at: datetime
    download: Download
    conditional: bool
    validators: Validators | None = None
    body_sha256: str | None = None
    parsed: ParsedFeed | None = None
    new_articles: int = 0
    revised_articles: int = 0
    error: str | None = None


# --- pictures ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImageToFetch:
    """A picture whose turn has come. `trusted_origin` is the origin of the feed that named it, if the user chose it."""

    image_id: int
    url: str
    host: str
    trusted_origin: str | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file: `path` is relative to the images folder, `/` between its parts; `sha256` names the content."""

    sha256: str
    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ImageUpdate:
    """What a request for a picture brought: a stored file, or the reason why not and when to try again.

    With neither a blob nor `gave_up` it is asked for again at `next_fetch_at`.
    """

    image_id: int
    fetched_at: datetime
    next_fetch_at: datetime
    status: int | None = None
    blob: Blob | None = None
    format: str | None = None
    error: str | None = None
    gave_up: bool = False


@dataclass(frozen=True, slots=True)
class PictureJob:
    """A stored picture that has no analysis by the current picture model."""

    image_id: int
    sha256: str
    path: str


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A scaled copy. `size` is the configured bound of the longer side, in pixels; `path` as in `Blob`."""

    size: int
    path: str
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PictureResult:
    """What the pixels told. Width and height are those of the upright picture. `problem` names a failure.

    `phash` is a 64-bit perceptual hash as 16 hexadecimal digits.
    """

    image_id: int
    width: int = 0
    height: int = 0
    format: str = ""
    phash: str | None = None
    thumbnails: tuple[Thumbnail, ...] = ()
    problem: str | None = None


# --- text ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ArticleJob:
    """An article that has no analysis by the current text model. `text` is plain, `category` the feed's own."""

    article_id: int
    input_hash: str
    title: str
    text: str
    declared_language: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class ArticleAnalysis:
    """What the text told. Scores are between 0 and 1; `topic` is None where nothing speaks for any."""

    article_id: int
    input_hash: str
    language: str | None
    language_score: float
    topic: str | None
    topic_score: float


# --- what went wrong, and what was done ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuarantinedItem:
    """An item that harmed the process that worked on it. `kind` is feed, image or article."""

    kind: str
    item_id: int
    url: str | None
    stage: str
    reason: str
    detail: str
    input_hash: str | None = None


@dataclass(frozen=True, slots=True)
class ModelId:
    """A method that labels: its kind (text or picture), its name, and its version or the hash of what it depends on."""

    kind: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did and what it cost. `counts` is stage → outcome → items; sizes are bytes, times seconds."""

    command: str
    exit_code: int
    seconds: float
    cpu_s: float
    worker_cpu_s: float
    peak_memory_bytes: int
    peak_worker_bytes: int
    counts: Mapping[str, Mapping[str, int]]
    stages: tuple[Mapping[str, object], ...] = ()
