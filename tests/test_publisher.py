from __future__ import annotations

import pytest

from aggregator.publisher import is_own_feed


@pytest.mark.parametrize(
    ("host", "url", "own"),
    [
        ("www.news.example", "https://news.example/a", True),
        ("feeds.news.example", "https://www.news.example/a", True),
        ("feeds.bbci.co.uk", "https://www.bbc.co.uk/a", False),
        ("other.co.uk", "https://news.co.uk/a", False),
        ("rss.news.co.uk", "https://www.news.co.uk/a", True),
        ("evil.example", "https://news.example/a", False),
        ("news.example.evil.test", "https://news.example/a", False),
        ("NEWS.example.", "https://news.example/a", True),
        ("127.0.0.1", "http://127.0.0.1:8000/a", True),
        ("127.0.0.2", "http://127.0.0.1/a", False),
        ("::1", "http://[::1]/a", True),
        ("news.example", None, False),
        ("news.example", "https://[oops/a", False),
        ("", "https://news.example/a", False),
        ("localhost", "http://localhost/a", True),
    ],
)
def test_a_publishers_own_feed_is_told_by_its_name(host: str, url: str | None, own: bool) -> None:
    assert is_own_feed(host, url) is own
