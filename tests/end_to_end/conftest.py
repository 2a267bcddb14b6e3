"""The newsroom that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aggregator.pipeline.companion import companion

from .installation import NOW, OPENED_AT, Newsroom


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    log = tmp_path_factory.mktemp("newsroom") / "requests.jsonl"
    arguments = ["--opened-at", OPENED_AT.isoformat(), "--latency", "0.02", "--log", str(log)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGGREGATOR_CLOCK", NOW.isoformat())
        with companion("aggregator.newsroom", arguments) as url:
            yield Newsroom(url.rstrip("/"), log)
