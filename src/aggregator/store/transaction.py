"""A transaction as the stages see it: one object with a part for each noun."""

from __future__ import annotations

from functools import cached_property

from sqlalchemy.engine import Connection

from aggregator.store.analyses import AnalysisRows
from aggregator.store.articles import ArticleRows
from aggregator.store.corrections import CorrectionRows
from aggregator.store.examples import ExampleRows
from aggregator.store.feeds import FeedRows
from aggregator.store.hosts import HostRows
from aggregator.store.images import ImageRows
from aggregator.store.ledger import RequestLog
from aggregator.store.models import ModelRows
from aggregator.store.pages import PageRows
from aggregator.store.runs import QuarantineRows, RunRows
from aggregator.store.stories import StoryRows


class Transaction:
    """Reads and writes by noun, through one connection and inside its transaction."""

    def __init__(self, connection: Connection, run_id: int | None = None) -> None:
        """Work through `connection`; what is logged is logged under `run_id`."""
        self._connection = connection
        self._run_id = run_id

    @cached_property
    def feeds(self) -> FeedRows:
        """The feeds."""
        return FeedRows(self._connection, self._run_id)

    @cached_property
    def articles(self) -> ArticleRows:
        """The articles, with sightings and revisions."""
        return ArticleRows(self._connection)

    @cached_property
    def images(self) -> ImageRows:
        """The pictures."""
        return ImageRows(self._connection)

    @cached_property
    def analyses(self) -> AnalysisRows:
        """The analyses, with labels."""
        return AnalysisRows(self._connection)

    @cached_property
    def models(self) -> ModelRows:
        """The models, with trainings."""
        return ModelRows(self._connection)

    @cached_property
    def examples(self) -> ExampleRows:
        """The articles to learn topics from."""
        return ExampleRows(self._connection)

    @cached_property
    def stories(self) -> StoryRows:
        """The stories, with keywords."""
        return StoryRows(self._connection)

    @cached_property
    def corrections(self) -> CorrectionRows:
        """What people said of topics."""
        return CorrectionRows(self._connection)

    @cached_property
    def runs(self) -> RunRows:
        """The runs."""
        return RunRows(self._connection)

    @cached_property
    def hosts(self) -> HostRows:
        """What hosts taught."""
        return HostRows(self._connection)

    @cached_property
    def log(self) -> RequestLog:
        """The ledger of requests for anything but feeds."""
        return RequestLog(self._connection, self._run_id)

    @cached_property
    def pages(self) -> PageRows:
        """The pages of articles, and the robots.txt of their sites."""
        return PageRows(self._connection)

    @cached_property
    def quarantine(self) -> QuarantineRows:
        """What was set aside."""
        return QuarantineRows(self._connection)
