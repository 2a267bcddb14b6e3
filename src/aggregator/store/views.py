"""The stable views: what people and programs query. Their names and columns are the public contract.

They are dropped and made again whenever one of them changes here, so a view is never older than the program. The SQL is
plain enough for every dialect.
"""

from __future__ import annotations

from dataclasses import dataclass

THUMBNAIL_OF = """(SELECT t.path FROM thumbnail t WHERE t.image_id = {image} ORDER BY t.size LIMIT 1)"""

LEAD_IMAGE = """(SELECT i.{column} FROM article_image ai JOIN image i ON i.id = ai.image_id
             WHERE ai.article_id = a.id AND i.width IS NOT NULL AND i.junk IS NULL ORDER BY ai.position LIMIT 1)"""


STORY_IMAGE = """(SELECT {value} FROM story_article s JOIN story z ON z.id = s.story_id
             JOIN article_image ai ON ai.article_id = s.article_id JOIN image i ON i.id = ai.image_id
             WHERE s.story_id = y.id AND i.width IS NOT NULL AND i.junk IS NULL
             ORDER BY CASE WHEN s.article_id = z.lead_article_id THEN 0 ELSE 1 END, s.similarity DESC, ai.position
             LIMIT 1)"""
"""The picture of the lead article, else that of the article nearest to the middle of the story.

SQLite knows no column from outside in ORDER BY, so the story is joined once more.
"""


@dataclass(frozen=True, slots=True)
class View:
    """A view: its SQL, and a comment for it and for each column, in order."""

    name: str
    comment: str
    columns: tuple[tuple[str, str], ...]
    select: str


VIEWS: tuple[View, ...] = (
    View(
        "articles",
        "The articles, one row each, with what the analysis found.",
        (
            ("id", "key of the article"),
            ("url", "address as the feed gives it"),
            ("title", "headline, plain text"),
            ("summary", "summary, plain text"),
            ("content", "sanitised HTML"),
            ("author", "author, plain text"),
            ("feed", "title of the feed whose text it has: of those that have it, the one that says most"),
            ("feed_url", "address of that feed"),
            ("published_at", "date that the feed gives; empty if it cannot be read"),
            ("first_seen_at", "time when it was first seen"),
            ("effective_at", "the earlier of the two; never in the future"),
            ("language", "ISO 639-1 code, detected or else declared"),
            ("topic", "IPTC Media Topic, or one of your own; empty if nothing speaks for any, or not analysed yet"),
            ("topic_score", "how sure the topic is, 0 to 1; 1 if a person gave it"),
            ("story_id", "story that it tells"),
            ("image", "its picture, a path below the images folder"),
            ("thumbnail", "its smallest thumbnail, a path below the images folder"),
            ("full_text", "text of its page, plain; empty unless its feed asks for full text and the page gave it"),
            ("full_text_from", "where and how that was read: the address that answered, the extractor, the time"),
            ("unsure", "1 if the score of the topic is below the threshold of the settings"),
            ("topic_from", "what gave the topic: the name of the model, or “correction” for a person"),
            ("language_score", "how sure the language is, 0 to 1"),
            ("duplicate_of", "earliest article that says nearly the same; empty if it is the first, or there is none"),
            ("tags", "JSON array: what the publisher files it under"),
        ),
        f"""
        SELECT a.id, a.url, a.title, a.summary, a.content, a.author,
               COALESCE(f.wanted_title, f.title, f.url), f.url,
               a.published_at, a.first_seen_at, a.effective_at,
               COALESCE(n.language, a.declared_language),
               COALESCE(c.topic, l.topic), CASE WHEN c.topic IS NOT NULL THEN 1.0 ELSE l.score END,
               y.story_id,
               {LEAD_IMAGE.format(column="path")},
               {THUMBNAIL_OF.format(image=LEAD_IMAGE.format(column="id"))},
               p.text,
               CASE WHEN p.text IS NULL THEN NULL
                    ELSE COALESCE(p.final_url, p.url) || ', read by ' || p.extractor || ', ' || p.fetched_at END,
               CASE WHEN c.topic IS NULL AND l.is_unsure THEN 1 ELSE 0 END,
               CASE WHEN c.topic IS NOT NULL THEN 'correction' WHEN l.topic IS NOT NULL THEN m.name END,
               n.language_score,
               y.duplicate_of,
               a.tags
        FROM article a
        JOIN feed f ON f.id = a.feed_id
        LEFT JOIN page p ON p.article_id = a.id
        LEFT JOIN analysis n ON n.id = a.analysis_id
        LEFT JOIN model m ON m.id = n.model_id
        LEFT JOIN label l ON l.analysis_id = a.analysis_id AND l.rank = 1
        LEFT JOIN correction c ON c.article_id = a.id
        LEFT JOIN story_article y ON y.article_id = a.id
        """,
    ),
    View(
        "sightings",
        "In which feed, under which GUID and title, an article was seen.",
        (
            ("article_id", "article that was seen"),
            ("feed_url", "feed that it was seen in"),
            ("guid", "id as the feed gives it; empty if it gives none"),
            ("title", "title in this feed, plain text"),
            ("url", "link as the feed gives it"),
            ("published_at", "date in this feed"),
            ("published_raw", "that date as the feed writes it"),
            ("first_seen_at", "time when this feed first had it"),
            ("last_seen_at", "time when this feed last had it"),
        ),
        """
        SELECT s.article_id, f.url, s.guid, s.title, s.url, s.published_at, s.published_raw,
               s.first_seen_at,
               CASE WHEN s.listed AND f.last_success_at > s.last_seen_at THEN f.last_success_at ELSE s.last_seen_at END
        FROM sighting s JOIN feed f ON f.id = s.feed_id
        """,
    ),
    View(
        "revisions",
        "What articles said before they were edited.",
        (
            ("id", "key of the revision; a higher one is later"),
            ("article_id", "article that was edited"),
            ("replaced_at", "time when the edit was seen"),
            ("title", "headline before the edit"),
            ("summary", "summary before the edit"),
            ("content", "content before the edit, sanitised HTML"),
        ),
        "SELECT r.id, r.article_id, r.replaced_at, r.title, r.summary, r.content FROM revision r",
    ),
    View(
        "stories",
        "Events told by one article or several; those that turned out to be part of another are in merged_stories.",
        (
            ("id", "key of the story, which stays when articles and other stories join it"),
            ("title", "headline of its lead article"),
            ("size", "number of articles; 1 for one that nobody else tells"),
            ("sources", "number of feeds"),
            ("first_at", "time of its first article"),
            ("last_at", "time of its last article"),
            ("language", "ISO 639-1 code of the language of all its articles"),
            ("topic", "topic of its lead article"),
            ("lead_article_id", "article nearest to the middle of it"),
            ("image", "picture of its lead article, else of another: a path below the images folder"),
            ("thumbnail", "smallest thumbnail of that, a path below the images folder"),
        ),
        f"""
        SELECT y.id, y.title, y.size, y.sources, y.first_at, y.last_at, y.language,
               COALESCE((SELECT c.topic FROM correction c WHERE c.article_id = y.lead_article_id),
                        (SELECT l.topic FROM article a JOIN label l ON l.analysis_id = a.analysis_id AND l.rank = 1
                         WHERE a.id = y.lead_article_id)),
               y.lead_article_id,
               {STORY_IMAGE.format(value="i.path")},
               {STORY_IMAGE.format(value=THUMBNAIL_OF.format(image="i.id"))}
        FROM story y
        WHERE y.merged_into IS NULL
        """,
    ),
    View(
        "story_articles",
        "Which story each article tells, and how it stands in it.",
        (
            ("story_id", "story that it tells"),
            ("article_id", "article that tells it"),
            ("similarity", "how near it is to the middle of the story: cosine, 0 to 1"),
            ("duplicate_of", "earliest article that says nearly the same; empty if it is the first, or there is none"),
        ),
        "SELECT s.story_id, s.article_id, s.similarity, s.duplicate_of FROM story_article s",
    ),
    View(
        "merged_stories",
        "Stories that turned out to be part of another: what an id that you kept is called today.",
        (
            ("id", "key that the story had"),
            ("merged_into", "story that its articles belong to now"),
            ("merged_at", "time when that turned out"),
        ),
        "SELECT y.id, y.merged_into, y.merged_at FROM story y WHERE y.merged_into IS NOT NULL",
    ),
    View(
        "keywords",
        "Words and phrases that tell what an article is about, against what all others say.",
        (
            ("article_id", "article that it tells about"),
            ("term", "word or phrase, as the article writes it"),
            ("score", "its weight among those of the article, 0 to 1"),
            ("rank", "1 for the weightiest"),
        ),
        "SELECT k.article_id, k.term, k.score, k.rank FROM keyword k",
    ),
    View(
        "corrections",
        "Topics that a person gave, by “aggregator label” or by writing to the table correction.",
        (
            ("article_id", "article whose topic it is"),
            ("topic", "topic that the article really has"),
            ("made_at", "when it was said"),
        ),
        "SELECT c.article_id, c.topic, c.made_at FROM correction c",
    ),
    View(
        "models",
        "What labels: word lists, models trained here, and the ways of looking at pictures.",
        (
            ("id", "key of the model"),
            ("kind", "text, picture or vision"),
            ("name", "name of the method"),
            ("language", "language that it is for, if for one alone"),
            ("version", "a hash of all that its answers depend on"),
            ("created_at", "time of its first use"),
            ("retired_at", "time from which it labels nothing new"),
            ("file", "its file, below the folder of models, if it was trained here"),
            ("sha256", "hash of that file"),
            ("articles", "articles that it labelled last; one that was edited since counts until it is labelled again"),
            ("details", "JSON: what it was trained on, and how well it does"),
        ),
        """
        SELECT m.id, m.kind, m.name, m.language, m.version, m.created_at, m.retired_at, m.file, m.sha256,
               (SELECT COUNT(*) FROM analysis n WHERE n.model_id = m.id), m.details
        FROM model m
        """,
    ),
    View(
        "trainings",
        "Attempts to learn topics from the articles, with what became of each.",
        (
            ("id", "key of the attempt; a higher one is later"),
            ("language", "language whose topics were learnt"),
            ("tried_at", "time of the training"),
            ("articles", "articles that there were in this language"),
            ("adopted", "1 if the new model took the place of the old"),
            ("reason", "why, or why not"),
            ("report", "JSON: accuracy, calibration, share of labels that would change …"),
        ),
        """
        SELECT t.id, t.language, t.tried_at, t.articles, CASE WHEN t.is_adopted THEN 1 ELSE 0 END, t.reason, t.report
        FROM training t
        """,
    ),
    View(
        "images",
        "The pictures that articles name, with the reason where one could not be had.",
        (
            ("id", "key of the picture"),
            ("url", "address"),
            ("path", "stored file, below the images folder; empty while there is none"),
            ("thumbnail", "smallest thumbnail, a path below the images folder"),
            ("width", "width of the upright picture in pixels"),
            ("height", "height of the upright picture in pixels"),
            ("kind", "jpeg, png, gif, webp, avif …, by content"),
            ("size_bytes", "size of the stored file"),
            ("phash", "perceptual hash, 64 bits as 16 hexadecimal digits"),
            ("sha256", "hash of the stored file"),
            ("articles", "number of articles that name it"),
            ("first_seen_at", "time when an article first named it"),
            ("fetched_at", "time when it was stored"),
            ("error", "why it could not be fetched or decoded"),
            ("removed_at", "time when its file was removed to save space; it does not come back"),
            ("colour", "dominant colour, #rrggbb"),
            ("blurhash", "BlurHash: a blurred picture in a few characters, to show while it loads"),
            ("shows", "what is pictured, by a first guess: photo, graphic, chart or map, logo, screenshot of text"),
            ("shows_score", "how sure that is, 0 to 1"),
            ("junk", "why it is not chosen as the picture of an article: tracking pixel, blank, repeated …"),
        ),
        f"""
        SELECT i.id, i.url, i.path, {THUMBNAIL_OF.format(image="i.id")}, i.width, i.height, i.format, i.size_bytes,
               i.phash, i.sha256, (SELECT COUNT(*) FROM article_image ai WHERE ai.image_id = i.id),
               i.first_seen_at, i.fetched_at, i.error, i.pruned_at,
               i.colour, i.blurhash, i.shows, i.shows_score, i.junk
        FROM image i
        """,
    ),
    View(
        "picture_labels",
        "What your own image model saw in the pictures (see docs/vision.md).",
        (
            ("image_id", "picture that was labelled"),
            ("label", "what the model calls it"),
            ("score", "how sure it is, 0 to 1"),
            ("rank", "1 for the likeliest"),
            ("model", "name of the model"),
            ("model_version", "hash of the model"),
        ),
        """
        SELECT p.image_id, p.label, p.score, p.rank, m.name, m.version
        FROM picture_label p JOIN model m ON m.id = p.model_id
        """,
    ),
    View(
        "labels",
        "Every topic given to an article, and by what.",
        (
            ("article_id", "article that it was given to"),
            ("topic", "IPTC Media Topic, or one of your own"),
            ("score", "how sure the topic is, 0 to 1"),
            ("rank", "1 for the topic that was chosen"),
            ("model", "method that gave it"),
            ("model_version", "version of the method"),
            ("current", "1 if the article's present text was labelled by it, as in the view articles"),
            ("labelled_at", "time when it was given"),
            ("model_id", "key of that method in models"),
            ("unsure", "1 if the score is below the threshold of the settings"),
        ),
        """
        SELECT n.article_id, l.topic, l.score, l.rank, m.name, m.version,
               CASE WHEN a.analysis_id = n.id THEN 1 ELSE 0 END, n.analyzed_at,
               n.model_id, CASE WHEN l.is_unsure THEN 1 ELSE 0 END
        FROM label l
        JOIN analysis n ON n.id = l.analysis_id
        JOIN article a ON a.id = n.article_id
        JOIN model m ON m.id = n.model_id
        """,
    ),
    View(
        "feeds",
        "The feeds: what is wanted of them, and how they are.",
        (
            ("id", "key of the feed"),
            ("url", "address as subscribed to"),
            ("title", "title that the user gave it, else its own"),
            ("category", "topic that the user gave it"),
            ("subscribed", "1 if feeds.toml names it and has it enabled"),
            ("state", "new, active, moved, throttled, blocked, failing or gone"),
            ("moved_url", "address that it moved to for good, where it is asked for instead"),
            ("format", "format last read"),
            ("language", "language that it declares"),
            ("site_url", "address of its site"),
            ("last_fetch_at", "time of the last request"),
            ("last_success_at", "time when it was last read, or answered that nothing changed"),
            ("last_status", "HTTP status of the last answer"),
            ("last_outcome", "how the last request ended"),
            ("last_error", "what went wrong last; empty after a success"),
            ("failures", "failures since the last success"),
            ("next_fetch_at", "earliest time of the next request"),
            ("decided_by", "what decided that time"),
            ("note", "what was left out of the document last read, or not found in it"),
            ("overflows", "times that articles fell out of it before they were seen"),
            ("full_text", "1 if the pages of its articles are read"),
            ("articles", "articles that have its text"),
            ("kind", "feed or api"),
        ),
        """
        SELECT f.id, f.url, COALESCE(f.wanted_title, f.title, f.url), f.category,
               CASE WHEN f.subscribed THEN 1 ELSE 0 END, f.state, f.moved_url,
               f.format, f.language, f.site_url,
               f.last_fetch_at, f.last_success_at, f.last_status, f.last_outcome, f.last_error, f.failures,
               f.next_fetch_at, f.decided_by, f.note, f.overflows, CASE WHEN f.full_text THEN 1 ELSE 0 END,
               (SELECT COUNT(*) FROM article a WHERE a.feed_id = f.id), f.kind
        FROM feed f
        """,
    ),
    View(
        "fetches",
        "The ledger of requests: why each was made, and how it ended.",
        (
            ("id", "key of the request; a higher one is later"),
            ("kind", "feed, page, image or robots"),
            ("feed_url", "feed that was asked, also for a further page of an API; empty for anything else"),
            ("url", "address that was asked"),
            ("reason", "why it was asked"),
            ("run_id", "run that asked"),
            ("started_at", "time of the request"),
            ("seconds", "time that it took, redirects included"),
            ("conditional", "1 if a validator was sent"),
            ("outcome", "how it ended"),
            ("status", "HTTP status of the answer"),
            ("final_url", "address that answered, if another one"),
            ("received_bytes", "bytes that came over the wire, heads included"),
            ("entries", "entries in the document"),
            ("new_articles", "articles that were new"),
            ("revised_articles", "articles that had been edited"),
            ("error", "what went wrong"),
            ("next_fetch_at", "earliest time of the next request, as decided then"),
            ("decided_by", "what decided that time"),
            ("overflowed", "1 if articles had been missed"),
        ),
        """
        SELECT h.id, h.kind, f.url, COALESCE(h.url, f.url), h.reason, h.run_id, h.started_at, h.seconds,
               CASE WHEN h.conditional THEN 1 ELSE 0 END, h.outcome,
               h.status, h.final_url, h.received_bytes, h.entries, h.new_articles, h.revised_articles, h.error,
               h.next_fetch_at, h.decided_by, CASE WHEN h.overflowed THEN 1 ELSE 0 END
        FROM fetch h LEFT JOIN feed f ON f.id = h.feed_id
        """,
    ),
    View(
        "hosts",
        "Hosts that asked for fewer requests, and what that taught.",
        (
            ("name", "host name"),
            ("rests_until", "time before which nothing on it is asked for"),
            ("strikes", "lessons since it was last content"),
            ("spacing_s", "seconds between two requests to it, if more than usual"),
            ("reason", "what the last lesson was"),
            ("learned_at", "time of the last lesson"),
        ),
        "SELECT h.name, h.rests_until, h.strikes, h.spacing_s, h.reason, h.learned_at FROM host h",
    ),
    View(
        "runs",
        "The runs of the program: what each did and what it cost.",
        (
            ("id", "key of the run; a higher one is later"),
            ("command", "fetch, analyze, run or demo"),
            ("version", "version of the program"),
            ("started_at", "start"),
            ("finished_at", "end; empty while it runs or when it was killed"),
            ("exit_code", "exit code of the command"),
            ("seconds", "wall time"),
            ("cpu_s", "CPU time of the parent process"),
            ("worker_cpu_s", "CPU time that the workers spent on items"),
            ("peak_memory_bytes", "largest resident size of the parent process"),
            ("peak_worker_bytes", "largest resident size of any worker process"),
            ("counts", "JSON object: stage, outcome, number of items"),
            ("stages", "JSON array: workers, busy seconds, bytes and queue peaks of each stage"),
        ),
        """
        SELECT r.id, r.command, r.version, r.started_at, r.finished_at, r.exit_code, r.seconds, r.cpu_s,
               r.worker_cpu_s, r.peak_memory_bytes, r.peak_worker_bytes, r.counts, r.stages
        FROM run r
        """,
    ),
    View(
        "quarantine",
        "Items that were set aside, because they harmed the process that worked on them.",
        (
            ("id", "key of the entry"),
            ("kind", "feed, page, image or article"),
            ("item_id", "key of the item"),
            ("url", "address of the item"),
            ("stage", "stage that it harmed"),
            ("reason", "crashed, killed, timed out, out of memory or bug"),
            ("detail", "what happened, with the traceback if it was our bug"),
            ("created_at", "time when it was set aside"),
        ),
        "SELECT q.id, q.kind, q.item_id, q.url, q.stage, q.reason, q.detail, q.created_at FROM quarantine_item q",
    ),
)


def create_statement(view: View) -> str:
    """Return the SQL that creates `view`."""
    names = ", ".join(name for name, _ in view.columns)
    return f"CREATE VIEW {view.name} ({names}) AS {view.select.strip()}"
