"""`python -m benchmarks.analysis PATH …`: how well topics and stories are told, on any labelled file.

    labelled file → feeds on loopback → `aggregator fetch` → `aggregator analyze` → the view `articles` → numbers

The program is a black box here: it is given feeds and asked what its database says. With --direct, its functions are
called in this process instead, which is quicker and measures the methods alone; --speed measures a worker as well.

    python -m benchmarks.analysis bbc.csv.gz --sample 600 2000
    python -m benchmarks.analysis ag_news_test.csv --sample 5000 --labelled 0.5 --wrong 0.1
    python -m benchmarks.analysis headlines.csv.gz --json numbers.json

Of a text set, only the articles are judged whose feeds say nothing about them (where all feeds have a category: all). A
topic that is marked as unsure is an answer like any other, no topic is a wrong one. Which topics are right for a label:
see `label_topics`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.analysis_answers import Answer, Cost, ask_program
from benchmarks.label_speed import LabelSpeed, measure_speed
from benchmarks.label_topics import LabelMap, load_map, map_for
from benchmarks.labelled_feeds import PlannedFeed, Weakness, plan_feeds, plan_publishers
from benchmarks.labelled_files import (
    GUESSES,
    LabelledArticle,
    UnreadableFileError,
    first_words,
    read_labelled,
    sample,
)
from benchmarks.measures import BCubed, accuracy, b_cubed, calibration_error, macro_f1
from benchmarks.pipeline import machine, tell

QUESTIONS = ("accuracy", "macro F1", "calibration", "unsure", "B³ P", "B³ R", "B³ F1")
COSTS = ("fetch s", "analyze s", "MB", "worker MB")
HEADINGS = ("set", "articles", "labelled, wrong", *QUESTIONS, *COSTS)


@dataclass(frozen=True, slots=True)
class TopicNumbers:
    """How well topics are told: shares 0 to 1 of `articles` that were judged."""

    articles: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    unsure: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: a set, how it came, and what can be measured with it."""

    set: str
    articles: int
    weakness: Weakness
    topics: TopicNumbers | None
    stories: BCubed | None
    cost: Cost

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as text."""
        topics, stories, cost = self.topics, self.stories, self.cost
        shares = (
            *((topics.accuracy, topics.macro_f1, topics.calibration_error, topics.unsure) if topics else [None] * 4),
            *(stories or [None] * 3),
        )
        return (
            *(self.set, f"{self.articles:,}", f"{self.weakness.labelled:.0%}, {self.weakness.wrong:.0%}"),
            *("" if share is None else f"{100 * share:.1f}" for share in shares),
            *(f"{cost.fetch_s:.1f}", f"{cost.analyze_s:.1f}"),
            *(f"{size / 1e6:.0f}" for size in (cost.peak_memory_bytes, cost.peak_worker_bytes)),
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the options say, print the table, and return the exit code."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # clean up then, too
    for name in [name for name in os.environ if name.startswith("AGGREGATOR_")]:
        del os.environ[name]  # what the user set for their own installation would be measured too
    try:
        lines = [line for path in options.paths for line in _measure(path, options)]
    except (UnreadableFileError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    speed = _speed(options) if options.speed else None
    sys.stdout.write(markdown(HEADINGS, [line.cells for line in lines]))
    if speed is not None:
        sys.stdout.write(
            f"\none process: {speed.articles_per_s:,.0f} articles a second, ready in {speed.ready_s:.2f} s, "
            f"{speed.peak_memory_bytes / 1e6:.0f} MB\n"
        )
    sys.stdout.write("\n" + ", ".join(f"{name} {value}" for name, value in machine().items()) + "\n")
    if options.json is not None:
        report = {
            "machine": machine(),
            "lines": [asdict(line) | {"stories": line.stories and line.stories._asdict()} for line in lines],
            "speed": speed and speed._asdict(),
        }
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analysis")
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="CSV or JSON Lines, perhaps with .gz")
    parser.add_argument("--sample", type=int, nargs="+", default=[0], help="draw so many articles (0: all)")
    parser.add_argument("--seed", type=int, default=0, help="of the draw, and of who gets which feed")
    parser.add_argument("--words", type=int, default=60, help="words that a feed gives of a text (0: all)")
    parser.add_argument("--labelled", type=float, default=0.0, help="share of articles in feeds with a category")
    parser.add_argument("--wrong", type=float, default=0.0, help="share of those whose category is wrong")
    parser.add_argument("--entries", type=int, default=500, help="the most entries of a feed")
    parser.add_argument("--runs", type=int, default=1, help="times that `analyze` is run")
    parser.add_argument("--language", default="en", help="what the feeds declare")
    parser.add_argument("--map", type=Path, metavar="FILE", help="TOML: which topics are right for which label")
    parser.add_argument("--direct", action="store_true", help="call the functions, without the program")
    parser.add_argument("--speed", action="store_true", help="measure how fast a worker labels, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers to FILE as well")
    for part, guesses in GUESSES.items():
        parser.add_argument(f"--{part}-column", metavar="NAME", help=f"instead of {', '.join(guesses)}")
    return parser.parse_args(arguments)


def _read(path: Path, options: argparse.Namespace) -> tuple[list[LabelledArticle], LabelMap | None]:
    """Read a file, and what its labels mean; None where it is for its stories and its labels are unknown."""
    columns = {part: name for part in GUESSES if (name := getattr(options, f"{part}_column"))}
    articles = [replace(one, text=first_words(one.text, options.words)) for one in read_labelled(path, columns)]
    names = {one.label for one in articles if one.label}
    try:
        labels = load_map(options.map) if options.map else map_for(names)
    except ValueError:
        if not any(one.story for one in articles):
            raise
        labels = None
    if labels is None or any(one.story for one in articles):
        return articles, labels
    return [one for one in articles if one.label in labels.class_of], labels


def _measure(path: Path, options: argparse.Namespace) -> Iterator[Line]:
    articles, labels = _read(path, options)
    weakness = Weakness(options.labelled, options.wrong, options.seed)
    for size in options.sample:
        drawn = sample(articles, size, options.seed)
        tell(f"{path.name}: {len(drawn)} articles")
        if labels is None or any(one.story for one in drawn):
            feeds = plan_publishers(drawn, options.entries)
        else:
            feeds = plan_feeds(drawn, labels, weakness, options.entries)
        answers, cost = _ask(feeds, options)
        missing = len(drawn) - len(answers)
        if missing:
            tell(f"{missing} articles are not in the database; nothing was said about them")
        yield Line(
            path.name, len(drawn), weakness, judge_topics(feeds, answers, labels), judge_stories(drawn, answers), cost
        )


def _ask(feeds: Sequence[PlannedFeed], options: argparse.Namespace) -> tuple[dict[int, Answer], Cost]:
    if not options.direct:
        return ask_program(feeds, options.language, options.runs)
    from benchmarks.analysis_direct import call_functions  # noqa: PLC0415 - the program is measured without our imports

    return call_functions(feeds, options.language)


def _speed(options: argparse.Namespace) -> LabelSpeed:
    from benchmarks.analysis_direct import train_models  # noqa: PLC0415

    articles, _ = _read(options.paths[0], options)
    with tempfile.TemporaryDirectory(prefix="aggregator-bench-") as name:
        feeds = [PlannedFeed("mixed.xml", None, articles)]
        models = train_models(feeds, options.language, Path(name))
        return measure_speed(Path(models), [(one.title, one.text) for one in articles], Path(name))


def judge_topics(
    feeds: Sequence[PlannedFeed], answers: dict[int, Answer], labels: LabelMap | None
) -> TopicNumbers | None:
    """Compare the topics told with the labels of the articles that no feed's category helped; None without labels."""
    if labels is None:
        return None
    judged = [one for feed in feeds if feed.category is None for one in feed.articles]
    judged = judged or [one for feed in feeds for one in feed.articles]
    known = [
        (labels.class_of[one.label], answers.get(one.number, Answer()))
        for one in judged
        if one.label is not None and one.label in labels.class_of
    ]
    gold = [name for name, _ in known]
    told = [labels.told_class(answer.topic) for _, answer in known]
    return TopicNumbers(
        articles=len(known),
        accuracy=accuracy(told, gold),
        macro_f1=macro_f1(told, gold),
        calibration_error=calibration_error(
            [answer.score for _, answer in known], [one == other for one, other in zip(told, gold, strict=True)]
        ),
        unsure=sum(answer.is_unsure or answer.topic is None for _, answer in known) / len(known),
    )


def judge_stories(articles: Sequence[LabelledArticle], answers: dict[int, Answer]) -> BCubed | None:
    """Compare the stories told with the gold ones; an article without a story stands alone. None without gold."""
    gold = {one.number: one.story for one in articles if one.story is not None}
    if not gold:
        return None
    stories = [answers.get(number, Answer()).story for number in gold]
    told = [
        ("alone", number) if story is None else ("story", story) for number, story in zip(gold, stories, strict=True)
    ]
    return b_cubed(told, list(gold.values()))


def markdown(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, the first column to the left, the others to the right."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (headings, rule, *lines))


if __name__ == "__main__":
    sys.exit(main())
