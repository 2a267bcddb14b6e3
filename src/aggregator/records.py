"""Every frozen record that crosses a boundary, in the order of the flow.

    Subscription → FeedToFetch → Download → ParseJob → ParsedFeed → ArticleChange ⇒ database
                 ⇒ PageToFetch → PageJob → PageText ⇒ database
                 ⇒ ImageToFetch → ImageUpdate ⇒ database
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
class ApiRecipe:
    """How to read a JSON endpoint as if it were a feed: JMESPath expressions, evaluated by a worker.

    `entries` leads to the list of entries; `fields` pairs the name of an entry's field (title, url, guid, published …)
    with the expression that finds it within an entry. Further pages are asked for while there are any, `max_pages` in
    all: at the URL or with the cursor that `next_page` finds in the document, or by counting `page_parameter` up from
    `first_page` by `page_step`. A cursor that is no URL goes into the query as `page_parameter`.
    """

    entries: str
    fields: tuple[tuple[str, str], ...]
    next_page: str | None = None
    page_parameter: str | None = None
    first_page: int = 1
    page_step: int = 1
    max_pages: int = 1


@dataclass(frozen=True, slots=True)
class Subscription:
    """One `[[feeds]]` or `[[apis]]` table of feeds.toml; `api` is there for the latter.

    `headers` and `auth` may hold secrets, and `query` holds nothing else: parameters that are in the URL while a
    request is made (see `fetch.secret_query`). They are looked up then and reach no database, log or export; `repr`
    leaves them out. `full_text` and `keep_images_s` are None where the table leaves them to the settings.
    """

    url: str
    title: str = ""
    category: str | None = None
    tags: tuple[str, ...] = ()
    interval_s: float | None = None
    full_text: bool | None = None
    keep_images_s: float | None = None
    enabled: bool = True
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    auth: tuple[str, str] | None = field(default=None, repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    api: ApiRecipe | None = None


# --- the fetch stage -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave for conditional requests, byte for byte as received (RFC 9110, section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


class FeedState(StrEnum):
    """How a feed is, as far as its last answers tell."""

    NEW = "new"
    ACTIVE = "active"
    MOVED = "moved"
    """it answers well, at another address than the one subscribed to"""
    THROTTLED = "throttled"
    """the server asked for fewer requests"""
    BLOCKED = "blocked"
    """the server refuses us (401, 403); it is asked again, ever more rarely"""
    FAILING = "failing"
    GONE = "gone"
    """410, several times: it is no longer asked"""


@dataclass(frozen=True, slots=True)
class PublisherHints:
    """What a document asks of those who poll it. Hours and days are those of UTC.

    `ttl_s` is RSS's <ttl>, `update_period_s` the `sy:updatePeriod` divided by the `sy:updateFrequency`. `skip_hours`
    holds 0 to 23, `skip_days` 0 (Monday) to 6.
    """

    ttl_s: float | None = None
    update_period_s: float | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedMemory:
    """What earlier answers of a feed taught, and what the schedule makes its decisions of.

    `full_at` is the time of the last full answer to a request without validators, or of a probe that failed; `fulls`
    counts such answers in a row. `not_modified` counts the answers since then that nothing changed, `probes` the
    unconditional requests in a row that such answers made us send in vain. `gone` counts answers of 410 in a row, the
    first of them at `gone_since`; `throttles` those that asked for fewer requests. `harmful_sha256` names a body that
    harmed the process that read it. `move_seen` counts how often in a row
    `move_url` was named as the new address, with a feed there. `newest_at` is the latest date in any document,
    `entries` the size of the one last read; `arrivals` are the times of its last articles, the latest last, at most
    `MAX_ARRIVALS`. `overflows` counts how often articles had fallen out of the document before they were seen, last at
    `overflowed_at`.
    """

    full_at: datetime | None = None
    fulls: int = 0
    not_modified: int = 0
    probes: int = 0
    gone: int = 0
    gone_since: datetime | None = None
    throttles: int = 0
    harmful_sha256: str | None = None
    move_url: str | None = None
    move_seen: int = 0
    newest_at: datetime | None = None
    entries: int = 0
    arrivals: tuple[datetime, ...] = ()
    overflows: int = 0
    overflowed_at: datetime | None = None
    hints: PublisherHints = PublisherHints()


MAX_ARRIVALS = 40


@dataclass(frozen=True, slots=True)
class FeedToFetch:
    """A feed that is due, as the store hands it out.

    `url` is what the user subscribed to, `asked_url` where it is asked for now: the same, or where it moved to, whose
    host is `host`. `validators` were given by `validators_url` and are sent to it only.
    """

    feed_id: int
    url: str
    asked_url: str
    host: str
    state: FeedState = FeedState.NEW
    validators: Validators = Validators()
    validators_url: str | None = None
    body_sha256: str | None = None
    failures: int = 0
    interval_s: float | None = None
    last_success_at: datetime | None = None
    memory: FeedMemory = FeedMemory()


class Reason(StrEnum):
    """Why a request is made."""

    FIRST = "first request"
    DUE = "due"
    RETRY = "again after a failure"
    PROBE = "probe: nothing new for suspiciously long"
    ADDED = "feeds add"
    NEXT_PAGE = "next page"
    FULL_TEXT = "full text"
    PICTURE = "picture"
    ROBOTS = "robots.txt"


class Outcome(StrEnum):
    """How one request ended. Each request ends in exactly one."""

    OK = "ok"
    NOT_MODIFIED = "not modified"
    HTTP_ERROR = "http error"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    RESTING = "host rests"
    """a redirect led to a host that asked for fewer requests; it was not asked"""
    REFUSED = "refused"
    TOO_LARGE = "too large"
    BAD_REDIRECT = "bad redirect"
    BAD_RESPONSE = "bad response"
    BAD_URL = "bad url"


@dataclass(frozen=True, slots=True)
class Download:
    """What one GET, redirects followed, brought back, or why it brought nothing.

    `url` was asked, `final_url` answered. `permanent_url` is where an unbroken chain of 301 and 308 led. `conditional`
    tells whether validators were sent to the URL that answered. `validators` are those of `final_url`. `date`, `age`,
    `cache_control`, `expires` and `retry_after` are headers as received. `body` is decoded (no gzip left) and never
    longer than the cap; `received_bytes` counts what crossed the wire. `error` is a sentence for a person, present
    whenever `outcome` is neither OK nor NOT_MODIFIED.
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
    date: str | None = None
    age: str | None = None
    permanent_url: str | None = None
    conditional: bool = False
    body: bytes = field(default=b"", repr=False)
    received_bytes: int = 0
    error: str | None = None

    @property
    def answered(self) -> bool:
        """Whether the server gave what was asked for, or said that nothing changed."""
        return self.outcome in (Outcome.OK, Outcome.NOT_MODIFIED)


@dataclass(frozen=True, slots=True)
class ParseJob:
    """The bytes of one feed on their way to a worker. `content_type` is what the HTTP header said.

    With a recipe the body is a document of an API, and `more_pages` are those that followed it.
    """

    url: str
    body: bytes = field(repr=False)
    content_type: str | None = None
    api: ApiRecipe | None = None
    more_pages: tuple[bytes, ...] = field(default=(), repr=False)


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
    hints: PublisherHints = PublisherHints()


@dataclass(frozen=True, slots=True, order=True)
class TextRank:
    """What a text of an article is worth. Of several feeds' texts the greatest is kept, whichever came first.

    That of the publisher's own feed goes before all others (`is_own`, see `publisher`), then the one that says most. Of
    equal texts it is that of the feed with the lowest id, so `feed_order` is the id with a minus before it.
    """

    is_own: bool
    content_chars: int
    summary_chars: int
    content_hash: str
    feed_order: int


@dataclass(frozen=True, slots=True)
class KnownSighting:
    """An entry of this feed that the store has: under which keys, with which text, as which article.

    `leads` tells whether the article's own text is the one of this feed, `rank` what that text is worth. `listed` tells
    whether the document last read had the entry. None is what is not known.
    """

    sighting_id: int
    article_id: int
    entry_key: str
    content_hash: str
    leads: bool
    rank: TextRank | None = None
    listed: bool = True
    alias_key: str | None = None
    match_key: str | None = None
    url: str | None = None
    title: str | None = None
    published_raw: str | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownArticle:
    """An article that the store has at an address, and what its present text is worth.

    `sightings` are those in the feed whose document is looked at. None is what is not known.
    """

    article_id: int
    rank: TextRank
    title: str | None = None
    published_at: datetime | None = None
    sightings: tuple[KnownSighting, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownArticles:
    """What the store knows that may be the same as what a document of the feed `feed_id` holds.

    `by_alias_key` and `by_match_key` find sightings of this feed whose GUID has changed (see `fetch.identity`).
    `pruned_keys` are keys, of whatever kind, of articles that were pruned and must not come back.
    """

    by_entry_key: Mapping[str, KnownSighting] = field(default_factory=dict)
    by_alias_key: Mapping[str, KnownSighting] = field(default_factory=dict)
    by_match_key: Mapping[str, KnownSighting] = field(default_factory=dict)
    article_by_url_key: Mapping[str, KnownArticle] = field(default_factory=dict)
    pruned_keys: frozenset[str] = frozenset()
    feed_id: int = 0


@dataclass(frozen=True, slots=True)
class EntryKeys:
    """What an entry may be recognised by: surely by `entry`, probably by the others, within its feed (see `identity`).

    `fallbacks` are the keys that stand in for `entry` where several entries of the feed share that.
    """

    entry: str
    url: str | None = None
    alias: str | None = None
    match: str | None = None
    fallbacks: tuple[str, ...] = ()


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
    PRUNED = "pruned"
    """an entry whose article was pruned: nothing is written, and it has no sighting"""


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """What is to be done about one entry. Ids are those of what is known already.

    `leads` tells whether the article shall have this entry's text: it always does when it is new; a second feed's text
    takes its place when it says more. `renewed` tells that a known sighting is listed again, or that keys, link or date
    are other ones.
    """

    kind: ChangeKind
    entry: ParsedEntry
    keys: EntryKeys
    content_hash: str
    effective_at: datetime
    article_id: int | None = None
    sighting_id: int | None = None
    leads: bool = True
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class Slices:
    """Which entries of a document were left in it, and which were cut out because they are known, byte for byte.

    Both hold fingerprints, in the order of the document (see `fetch.slicing`).
    """

    left: tuple[bytes, ...] = ()
    cut: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """The sightings that a feed's document has, and when the document before was read, if ever."""

    feed_id: int
    sighting_ids: frozenset[int]
    last_listed_at: datetime | None


@dataclass(frozen=True, slots=True)
class FetchedFeed:
    """A feed after its request. `parsed` is None where there was nothing new to parse, `body_sha256` names the body.

    `casualty` is there instead of `parsed` when the document harmed the process that read it. `slices` is there where
    the document could be taken apart; then `parsed` holds the entries that were left in it. `more_pages` are further
    documents of an API.
    """

    feed: FeedToFetch
    download: Download
    reason: Reason
    body_sha256: str | None = None
    slices: Slices | None = None
    more_pages: tuple[Download, ...] = ()
    parsed: ParsedFeed | None = None
    casualty: Casualty | None = None


@dataclass(frozen=True, slots=True)
class HostLesson:
    """What a host taught that holds for everything on it: until when it is left alone, and how far apart requests go.

    `strikes` counts the lessons since it last was content. `reason` is for a person.
    """

    host: str
    rests_until: datetime | None
    strikes: int
    spacing_s: float
    reason: str
    learned_at: datetime


@dataclass(frozen=True, slots=True)
class FeedUpdate:
    """What a request taught about a feed, and the line for the log. None leaves what the database has.

    `reason` says why it was asked, `decided_by` what set `next_fetch_at`; both are for a person. `moved_url` is where
    it is asked for from now on, and `has_moved` whether that is new. `overflowed` tells that articles were missed.
    """

    feed_id: int
    url: str
    state: FeedState
    outcome: str
    failures: int
    next_fetch_at: datetime
    download: Download
    reason: Reason
    decided_by: str
    memory: FeedMemory
    validators: Validators | None = None
    body_sha256: str | None = None
    moved_url: str | None = None
    has_moved: bool = False
    overflowed: bool = False
    parsed: ParsedFeed | None = None
    new_articles: int = 0
    revised_articles: int = 0
    error: str | None = None


# --- pictures ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImageToFetch:
    """A picture whose turn has come. `trusted_origin` is the origin of the feed that named it, if the user chose it.

    `sha256` is there where the picture is stored and is looked at again, with the validators that came with it.
    """

    image_id: int
    url: str
    host: str
    trusted_origin: str | None = None
    failures: int = 0
    validators: Validators = Validators()
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file: `path` is relative to the images folder, `/` between its parts; `sha256` names the content."""

    sha256: str
    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ImageUpdate:
    """What a request for a picture brought: a stored file, or the reason why not and when to try again.

    With neither a blob nor `gave_up` nor `unchanged` it is asked for again at `next_fetch_at`.
    """

    image_id: int
    fetched_at: datetime
    next_fetch_at: datetime
    download: Download
    outcome: str
    status: int | None = None
    validators: Validators = Validators()
    unchanged: bool = False
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
class PictureLabel:
    """What the user's own image model sees in a picture, and how sure it is, 0 to 1."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class PictureResult:
    """What the pixels told. Width and height are those of the upright picture. `problem` names a failure.

    `phash` is a 64-bit perceptual hash as 16 hexadecimal digits. `missing` tells that there was no file to look at.
    `colour` is the dominant one as "#rrggbb", `blurhash` a blurred stand-in (BlurHash). `shows` is the kind of picture,
    one of `PICTURE_SHOWS`, and `shows_score` how sure that is, calibrated, 0 to 1. `junk` says in plain words why this
    is no article's picture ("tracking pixel", "blank" …); None if it may be one. `labels` are by the user's own model.
    """

    image_id: int
    width: int = 0
    height: int = 0
    format: str = ""
    phash: str | None = None
    thumbnails: tuple[Thumbnail, ...] = ()
    problem: str | None = None
    missing: bool = False
    colour: str = ""
    blurhash: str = ""
    shows: str = ""
    shows_score: float = 0.0
    junk: str | None = None
    labels: tuple[PictureLabel, ...] = ()


PICTURE_SHOWS = ("photo", "graphic", "chart or map", "logo", "screenshot of text")
"""Kinds of picture that are told apart by their pixels; empty where a picture could not be read."""


# --- pages ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PageToFetch:
    """The page of an article whose feed asks for full text. `trusted_origin` as in `ImageToFetch`."""

    article_id: int
    url: str
    host: str
    trusted_origin: str | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class PageJob:
    """The bytes of a page on their way to a worker."""

    url: str
    body: bytes = field(repr=False)
    content_type: str | None = None


OG_IMAGE = "og:image"
"""The `source` of a picture that an article's page names, and not its feed."""


@dataclass(frozen=True, slots=True)
class PageText:
    """What a page says, read by `extractor` (its name and version); `problem` says why nothing could be read.

    `text` is plain, paragraphs parted by blank lines; `images` are those that the page names for itself (og:image).
    """

    extractor: str = ""
    title: str = ""
    text: str = ""
    images: tuple[ImageCandidate, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PageUpdate:
    """What became of a page. With neither a `page` without problem nor `gave_up` it is asked for again.

    `download` is None where it was not asked for. `trusted_origin` is that of the `PageToFetch`.
    """

    article_id: int
    url: str
    fetched_at: datetime
    next_fetch_at: datetime
    outcome: str
    download: Download | None = None
    page: PageText | None = None
    error: str | None = None
    gave_up: bool = False
    trusted_origin: str | None = None


@dataclass(frozen=True, slots=True)
class RobotsFile:
    """What the robots.txt of an origin said. `rules` is its text; `refused` says why nothing there may be asked for."""

    origin: str
    fetched_at: datetime
    expires_at: datetime
    rules: str = ""
    status: int | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One line of the ledger about a request that is not for a feed. `kind` is page, image or robots.

    It is feed for a further page of an API, which `feed_id` names.
    """

    kind: str
    reason: Reason
    download: Download
    outcome: str
    next_fetch_at: datetime | None = None
    decided_by: str = ""
    feed_id: int | None = None


# --- text ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ArticleJob:
    """An article whose text is to be analysed. `text` is plain, `category` that of its feeds, `tags` the publisher's.

    `models` is the path of the file that says which models are in use (see `analyze.text_models`).
    """

    article_id: int
    input_hash: str
    title: str
    text: str
    declared_language: str | None = None
    category: str | None = None
    tags: tuple[str, ...] = ()
    url: str | None = None
    models: str = ""


@dataclass(frozen=True, slots=True)
class ScoredTopic:
    """A topic, and how sure it is: calibrated, 0 to 1."""

    topic: str
    score: float


@dataclass(frozen=True, slots=True)
class ArticleAnalysis:
    """What the text told. `topics` has the best first, and is empty where nothing speaks for any.

    `model_id` is the row of the model that labelled it; `is_unsure` tells that the best topic's score is below the
    threshold of the settings.
    """

    article_id: int
    input_hash: str
    language: str | None
    language_score: float
    model_id: int = 0
    topics: tuple[ScoredTopic, ...] = ()
    is_unsure: bool = False


@dataclass(frozen=True, slots=True)
class TopicExample:
    """An article to learn topics from, or to measure them on.

    `category` is that of its feeds, `tags` and `url` are the publisher's (all weak labels), `correction` is what the
    user said.
    """

    article_id: int
    feed_id: int
    title: str
    text: str
    category: str | None = None
    tags: tuple[str, ...] = ()
    url: str | None = None
    correction: str | None = None


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model of topics that was trained here: its row, and its file below the folder of models.

    `seeds` is the version of the word list that it was trained with and labels with.
    """

    model_id: int
    language: str
    file: str
    sha256: str
    seeds: str


@dataclass(frozen=True, slots=True)
class LastTraining:
    """When topics were last learnt, from how many articles; `last_correction` changes with every correction."""

    tried_at: datetime
    articles: int
    was_adopted: bool
    last_correction: str | None


@dataclass(frozen=True, slots=True)
class LearnJob:
    """A language whose topics are to be learnt, or measured. The examples are read from `database`, a URL.

    `champion_file` is the model in use, below `models_dir`, `seeds` the version of the word list. `articles` is how
    many there are in the language, and `reason` why it is learnt now, for a person. `is_forced` adopts the challenger
    whatever was measured.
    """

    database: str
    models_dir: str
    language: str
    topics: tuple[str, ...]
    lexicon_dir: str | None
    unsure_below: float
    seeds: str
    articles: int = 0
    reason: str = ""
    champion_file: str | None = None
    champion_sha256: str | None = None
    last_correction: str | None = None
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What became of a training. `reason` says in a sentence why the challenger was adopted, or why not.

    `articles` counts different texts, those that stand in several feeds once. Shares and scores are 0 to 1, None where
    there was nothing to measure on: `accuracy` of the challenger and `champion_accuracy` of the model in use (before
    the first model, of the word list), on the same held-out weak labels and corrections; `changed` is the share of
    labels that would change. `file` is below the models folder.
    """

    language: str
    is_adopted: bool
    reason: str
    method: str = ""
    articles: int = 0
    weak_labels: int = 0
    corrections: int = 0
    accuracy: float | None = None
    champion_accuracy: float | None = None
    macro_f1: float | None = None
    calibration_error: float | None = None
    changed: float | None = None
    file: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class TopicResult:
    """How well one topic is told: shares 0 to 1, and how many held-out articles have it."""

    topic: str
    precision: float
    recall: float
    f1: float
    articles: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many held-out articles of the topic `truth` were taken for `guess`."""

    truth: str
    guess: str
    articles: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well topics are told of articles of feeds that were held out. `problem` says why nothing could be measured,
    or why the word list was, and not a model. A confusion with the guess "" is with no topic at all.

    `calibration_error` is the expected one in ten bins of equal width. `unsure` is the share below the threshold.
    """

    language: str
    articles: int = 0
    corrections: int = 0
    accuracy: float | None = None
    macro_f1: float | None = None
    calibration_error: float | None = None
    unsure: float | None = None
    topics: tuple[TopicResult, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word or phrase that tells what an article is about; `score` is its weight among the article's, 0 to 1."""

    term: str
    score: float


@dataclass(frozen=True, slots=True)
class ArticleKeywords:
    """The keywords of an article, the weightiest first."""

    article_id: int
    keywords: tuple[Keyword, ...]


@dataclass(frozen=True, slots=True)
class StoryArticle:
    """An article as clustering sees it. `at` is its effective time; `text` is its summary, plain.

    `url` is the key of its address (two articles with the same are one), None where it has none. `story_id` is the
    story that it tells at present. `is_settled` says that this does not change any more: the article lies before the
    span that is clustered anew, and is here so that others can join it. `is_dated` says that the feed told its time;
    otherwise `at` is when we first saw it.
    """

    article_id: int
    feed_id: int
    at: datetime
    language: str
    title: str
    text: str
    url: str | None
    story_id: int | None = None
    is_settled: bool = False
    is_dated: bool = True


@dataclass(frozen=True, slots=True)
class StoryMember:
    """An article within a story. `similarity` is the cosine to the story's centroid, 0 to 1.

    `duplicate_of` is the earliest article of which it is a near-duplicate.
    """

    article_id: int
    similarity: float
    duplicate_of: int | None = None


@dataclass(frozen=True, slots=True)
class ToldStory:
    """A story with all of its articles that were given, in their order; `story_id` is None for a new one.

    `title` is that of the lead article, or the first words of its summary if it has none. `sources` counts the
    feeds that tell it.
    """

    story_id: int | None
    language: str
    title: str
    lead_article_id: int
    first_at: datetime
    last_at: datetime
    sources: int
    members: tuple[StoryMember, ...]


@dataclass(frozen=True, slots=True)
class StoryMerge:
    """A story that is no more, and the living one that has most of its articles."""

    story_id: int
    merged_into: int


@dataclass(frozen=True, slots=True)
class StoriesTold:
    """Every story of the articles given, each article in exactly one, and which old stories went into others."""

    stories: tuple[ToldStory, ...]
    merges: tuple[StoryMerge, ...]


@dataclass(frozen=True, slots=True)
class TellJob:
    """A span of time with articles that no story has yet. All that is needed is read from `database`, a URL.

    Articles from `from_at` to `to_at` are told anew; those up to a window of `window_s` earlier are settled, and later
    ones up to a window are told with them.
    """

    database: str
    from_at: datetime
    to_at: datetime
    window_s: float


@dataclass(frozen=True, slots=True)
class StoryNews:
    """What is new about the stories of a span: of each story that changed the members that are not as they were.

    `told` are the articles that were looked at for the first time, with the hash of the text that was; `keywords` are
    theirs.
    """

    stories: tuple[ToldStory, ...] = ()
    merges: tuple[StoryMerge, ...] = ()
    told: tuple[tuple[int, str], ...] = ()
    keywords: tuple[ArticleKeywords, ...] = ()


# --- what went wrong, and what was done ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuarantinedItem:
    """An item that harmed the process that worked on it. `kind` is feed, page, image or article."""

    kind: str
    item_id: int
    url: str | None
    stage: str
    reason: str
    detail: str
    input_hash: str | None = None


@dataclass(frozen=True, slots=True)
class ModelId:
    """A method that labels: its kind (text, picture or vision), its name, and a hash of all that its answers depend on.

    `language` is there where it serves one language alone.
    """

    kind: str
    name: str
    version: str
    language: str | None = None


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
