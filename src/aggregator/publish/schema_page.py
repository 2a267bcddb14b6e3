"""The page that documents the views, made from the views themselves: docs/schema.md.

python -m aggregator.publish.schema_page > docs/schema.md
"""

from __future__ import annotations

import sys

from aggregator.store.views import VIEWS, View

_HEADING = """\
# The views

<!-- Made from src/aggregator/store/views.py by `make docs`; a test holds the two together. -->

The database is one SQLite file, `data/news.db` unless `[store] url` says otherwise. Ask these views: their names and
columns are what other programs may rely on. The tables below them have singular names and may change with any version.

- Times are UTC text, `YYYY-MM-DD HH:MM:SS`. They sort rightly as text, and SQLite's date functions read them:
  `WHERE effective_at > datetime('now', '-1 day')`.
- Paths of pictures and thumbnails are relative to the folder of pictures, `data/images` unless `[store] images_dir`
  says otherwise. The parts of a path are joined by `/`.
- "Empty" means NULL. Only `title`, `summary`, `content` and `author` of `articles`, of `revisions` and of `sightings`
  are never NULL: there, no text is the empty text.
- Sizes are bytes, durations are seconds."""


def schema_page() -> str:
    """Return the page as Markdown: the conventions, then each view with its columns in order."""
    contents = "\n".join(f"- [`{view.name}`](#{view.name}): {_as_clause(view.comment)}" for view in VIEWS)
    return "\n\n".join([_HEADING, contents, *map(_section, VIEWS)]) + "\n"


def _section(view: View) -> str:
    rows = "\n".join(f"| `{name}` | {_cell(comment)} |" for name, comment in view.columns)
    return f"## {view.name}\n\n{view.comment}\n\n| column | what it holds |\n|---|---|\n{rows}"


def _as_clause(sentence: str) -> str:
    return (sentence[:1].lower() + sentence[1:]).rstrip(".")


def _cell(text: str) -> str:
    """A vertical bar would end the cell."""
    return text.replace("|", r"\|")


if __name__ == "__main__":
    sys.stdout.write(schema_page())
