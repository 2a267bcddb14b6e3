"""How fast one process labels, how soon it is ready, how large it is: measured in a process of its own.

`python -m benchmarks.label_speed MODELS ARTICLES` stands for a worker: it imports what a worker imports and calls what
a worker calls, in batches. MODELS is the file that says which models are in use, each line of ARTICLES a JSON array of
a title and a text. It prints one JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

BATCH = 128
ARTICLES = 6_000
ROUNDS = 3
"""The quickest of so many rounds: other programs on the machine can only slow it down."""

BEGUN_AT = "LABEL_SPEED_BEGUN_AT"


class LabelSpeed(NamedTuple):
    """Articles a second of CPU time; seconds until the first was labelled; the largest resident size in bytes."""

    articles_per_s: float
    ready_s: float
    peak_memory_bytes: float


def measure_speed(models: Path, articles: Sequence[tuple[str, str]], folder: Path) -> LabelSpeed:
    """Measure with articles of title and text, repeated until there are `ARTICLES`; `folder` is for what it writes."""
    many = [articles[number % len(articles)] for number in range(max(ARTICLES, len(articles)))]
    file = folder / "articles.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in many), encoding="utf-8")
    environment = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")}
    rounds = [
        json.loads(
            subprocess.run(  # noqa: S603 - our own module
                [sys.executable, "-m", "benchmarks.label_speed", str(models), str(file)],
                env={**environment, BEGUN_AT: repr(time.time())},
                capture_output=True,
                check=True,
                text=True,
            ).stdout
        )
        for _ in range(ROUNDS)
    ]
    return LabelSpeed(
        max(one["articles_per_s"] for one in rounds),
        min(one["ready_s"] for one in rounds),
        max(one["peak_memory_bytes"] for one in rounds),
    )


def main() -> None:
    """Label the first article, then all, and print what that took."""
    from aggregator.analyze.text import analyze_articles  # noqa: PLC0415 - its import is part of what is measured
    from aggregator.pipeline.memory import peak_memory_bytes  # noqa: PLC0415
    from aggregator.records import ArticleJob  # noqa: PLC0415

    models, articles = sys.argv[1:]
    count, seconds, ready_s = 0, 0.0, 0.0
    with Path(articles).open(encoding="utf-8") as lines:
        while batch := list(islice(lines, BATCH)):
            pairs = [json.loads(line) for line in batch]
            jobs = [ArticleJob(at, "", title, text, "en", models=models) for at, (title, text) in enumerate(pairs)]
            if not count:
                analyze_articles(jobs[:1])  # what is loaded once is loaded now
                ready_s = time.time() - float(os.environ[BEGUN_AT])
            before_s = time.process_time()
            analyze_articles(jobs)
            seconds += time.process_time() - before_s
            count += len(jobs)
    result = {"articles_per_s": count / seconds, "ready_s": ready_s, "peak_memory_bytes": peak_memory_bytes()}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
