"""What a database says of the version that made it, and what this version would say.

Read by whoever opens the database; kept apart from the migration, so that nobody else loads what that needs.
"""

from __future__ import annotations

import hashlib

from aggregator import __version__
from aggregator.store.views import VIEWS, create_statement

HEAD = "0003"
"""The newest revision in `migrations/versions`; a test holds the two together."""

VIEWS_STAMP = hashlib.sha256("".join(map(create_statement, VIEWS)).encode()).hexdigest()[:16]
"""What the views of this version are, in a word: another word in the database means that they are made again."""


def too_new(revision: str) -> str:
    """Return what to say of a database that a newer version made."""
    return (
        f"the database was made by a newer version of aggregator (schema {revision}, this is {__version__} with "
        f"schema {HEAD}); upgrade the program, or restore a backup made before"
    )
