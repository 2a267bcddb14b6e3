"""A database as version 0.1.0 left it: schema 0001, a row or more in every table, and views of that time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection

from aggregator.store import migrate, sqlite
from store.small_news import HARBOUR, HILLS, url_of

_VIEWS = """
CREATE VIEW articles (id, url, title, feed, feed_url, first_seen_at) AS
    SELECT a.id, a.url, a.title, COALESCE(f.wanted_title, f.title, f.url), f.url, a.first_seen_at
    FROM article a JOIN feed f ON f.id = a.feed_id;
CREATE VIEW sightings (article_id, feed_url, last_seen_at) AS
    SELECT s.article_id, f.url, s.last_seen_at FROM sighting s JOIN feed f ON f.id = s.feed_id;
CREATE VIEW feeds (id, url, title, state, articles, last_fetch_at, next_fetch_at, last_error) AS
    SELECT f.id, f.url, COALESCE(f.wanted_title, f.title, f.url), f.state,
           (SELECT COUNT(*) FROM article a WHERE a.feed_id = f.id), f.last_fetch_at, f.next_fetch_at, f.last_error
    FROM feed f;
CREATE VIEW fetches (id, feed_url, outcome) AS
    SELECT h.id, f.url, h.outcome FROM fetch h JOIN feed f ON f.id = h.feed_id;
CREATE VIEW runs (id, command, version) AS SELECT r.id, r.command, r.version FROM run r;
CREATE VIEW my_morning AS SELECT title, feed FROM articles WHERE first_seen_at > '2026-01-01';
CREATE VIEW my_failures AS SELECT h.id FROM fetch h JOIN feeds f ON f.id = h.feed_id WHERE h.error IS NOT NULL;
"""
"""The last two are a person's own."""

_ROWS = f"""
INSERT INTO meta VALUES ('views', 'of another time'), ('images swept at', '2026-03-01 00:00:00');
INSERT INTO feed VALUES
    (1, '{HARBOUR}', 'harbour.test', 1, 'Port', 'sport', 900.0, 'Harbour News', 'https://harbour.test/', 'en', 'rss20',
     'active', '"abc"', 'Mon, 02 Mar 2026 05:00:00 GMT', '{"ab" * 32}', '2026-03-02 07:30:00', '2026-03-02 06:30:00',
     '2026-03-02 06:30:00', 200, 'new articles', NULL, 0, '2026-02-01 00:00:00'),
    (2, '{HILLS}', 'hills.test', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     'failing', NULL, NULL, NULL, '2026-03-02 08:30:00', '2026-03-02 06:30:00',
     NULL, 500, 'http error', 'the server answered 500', 2, '2026-02-01 00:00:00');
INSERT INTO run VALUES
    (1, 'run', '0.1.0', '2026-03-02 06:30:00', '2026-03-02 06:30:09', 0, 9.0, 1.0, 2.0, 100, 200, '{{}}', '[]');
INSERT INTO fetch VALUES
    (1, 1, 1, '2026-03-02 06:30:00', 0.25, 1, 'new articles', 200, NULL, 512, 2, 2, 0, NULL),
    (2, 2, 1, '2026-03-02 06:30:00', 0.5, 0, 'http error', 500, NULL, 99, 0, 0, 0, 'the server answered 500');
INSERT INTO model VALUES
    (1, 'text', 'words', '1', '2026-02-01 00:00:00'), (2, 'picture', 'px', '1', '2026-02-01 00:00:00');
INSERT INTO article VALUES
    (1, 1, 'https://harbour.test/one', 'harbour.test/one', 'One', 'In short', '<p>One</p>', 'Ada', 'en', 'today',
     '2026-03-02 05:00:00', '2026-03-02 06:30:00', '2026-03-02 05:00:00', '{"c1" * 32}', NULL),
    (2, 1, NULL, NULL, 'Two', '', '', '', NULL, NULL,
     NULL, '2026-02-01 00:00:00', '2026-02-01 00:00:00', '{"c2" * 32}', NULL);
INSERT INTO sighting VALUES
    (1, 1, 1, 'guid one', 'one', 'https://harbour.test/one', 'One', 'today', '2026-03-02 05:00:00', '{"c1" * 32}',
     '2026-03-02 06:30:00', '2026-03-02 06:30:00'),
    (2, 2, 1, 'guid two', 'two', NULL, 'Two', NULL, NULL, '{"c2" * 32}', '2026-02-01 00:00:00', '2026-02-20 00:00:00'),
    (3, 1, 2, 'guid 1', '1', NULL, 'One', NULL, NULL, '{"c1" * 32}', '2026-02-01 00:00:00', '2026-02-03 00:00:00');
INSERT INTO revision VALUES (1, 1, '2026-03-02 06:30:00', 'Won', '', '', '{"c0" * 32}');
INSERT INTO analysis VALUES (1, 1, 1, '{"c1" * 32} sport', 'en', 0.9, '2026-03-02 06:30:05');
UPDATE article SET analysis_id = 1 WHERE id = 1;
INSERT INTO label VALUES (1, 1, 'sport', 0.75);
INSERT INTO image VALUES
    (1, 'https://cdn.test/1.jpg', 'cdn.test', NULL, '2026-03-02 06:30:00', '2026-03-02 06:30:00', '2026-03-02 06:30:02',
     1, 0, NULL, 200, '{"5a" * 32}', '5a/5a/{"5a" * 32}.jpg', 1234, 'jpeg', 1200, 600, '{"0f" * 8}', 2),
    (2, 'https://cdn.test/2.jpg', 'cdn.test', NULL, '2026-03-02 06:30:00', '2026-03-02 06:30:00', NULL,
     1, 1, 'not found', 404, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO thumbnail VALUES (1, 400, 'thumbnails/400/5a/{"5a" * 32}.jpg', 400, 200, 99);
INSERT INTO article_image VALUES (1, 0, 2, 'enclosure'), (1, 1, 1, 'content');
INSERT INTO story VALUES (1, 'Flood', 1, '2026-03-01 00:00:00', '2026-03-02 00:00:00');
INSERT INTO story_article VALUES (1, 1);
INSERT INTO quarantine_item VALUES
    (1, 'article', 2, NULL, 'understand', 'timed out', 'too long', '{"c2" * 32} ', '2026-03-02 06:30:00');
"""  # noqa: S608 - made of constants of the tests


def make_first_version(folder: Path) -> None:
    """Make `news.db` in `folder`."""
    sqlite.prepare(url_of(folder))
    engine = sqlite.create_write_engine(url_of(folder))
    with engine.connect() as connection:
        with connection.begin():
            _upgrade_to_the_first(connection)
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.executescript(f"BEGIN; {_ROWS} {_VIEWS} COMMIT;")
    engine.dispose()


def _upgrade_to_the_first(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")
