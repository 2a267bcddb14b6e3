from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import ConfigError
from aggregator.records import Subscription
from aggregator.subscriptions.feeds_file import (
    KEYS,
    feed_url,
    load_subscriptions,
    missing_secrets,
    read_subscriptions,
    starter_feeds,
)
from aggregator.topics import TOPICS


def load(
    text: str | bytes,
    tmp_path: Path,
    environment: Mapping[str, str] | None = None,
    topics: Collection[str] = TOPICS,
) -> list[Subscription]:
    path = tmp_path / "feeds.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_subscriptions(path, environment or {}, topics)


def refusal(
    text: str | bytes,
    tmp_path: Path,
    environment: Mapping[str, str] | None = None,
    topics: Collection[str] = TOPICS,
) -> str:
    with pytest.raises(ConfigError) as caught:
        load(text, tmp_path, environment, topics)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "feeds.toml"))
    return message


# --- what is read ----------------------------------------------------------------------------------------------------


def test_the_starter_file_loads(tmp_path: Path) -> None:
    subscriptions = load(starter_feeds(), tmp_path)
    assert len(subscriptions) == starter_feeds().count("\n[[feeds]]\n") > 20
    assert all(one.title and one.enabled for one in subscriptions)
    assert {one.category for one in subscriptions} <= {None, *TOPICS}


def test_the_starter_file_explains_every_key() -> None:
    for key in KEYS:
        assert f"\n#   {key} " in starter_feeds()


def test_a_missing_file_is_no_silence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no .*feeds\.toml; write one"):
        load_subscriptions(tmp_path / "feeds.toml", {})


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "feeds = []\n", b"\xef\xbb\xbf# from Windows\r\n"])
def test_a_file_may_hold_no_feeds(text: str | bytes, tmp_path: Path) -> None:
    assert load(text, tmp_path) == []


def test_a_url_is_enough(tmp_path: Path) -> None:
    assert load('[[feeds]]\nurl = "https://example.org/feed"\n', tmp_path) == [Subscription("https://example.org/feed")]


def test_every_key_is_read(tmp_path: Path) -> None:
    text = """
    [[feeds]]
    url = "https://example.org/feed"
    title = "Example"
    category = "medtop:15000000"
    tags = ["uk", "daily"]
    interval = "2h"
    full_text = true
    enabled = false
    headers = { "X-Key" = "key" }
    auth = "reader:password"
    """
    assert load(text, tmp_path) == [
        Subscription(
            url="https://example.org/feed",
            title="Example",
            category="sport",
            tags=("uk", "daily"),
            interval_s=7200.0,
            full_text=True,
            enabled=False,
            headers=(("X-Key", "key"),),
            auth=("reader", "password"),
        )
    ]


@pytest.mark.parametrize("category", ["Sport", "15000000", "medtop:15000000", " sport "])
def test_a_topic_may_be_a_name_or_a_code(category: str, tmp_path: Path) -> None:
    (one,) = load(f'[[feeds]]\nurl = "https://example.org/"\ncategory = "{category}"\n', tmp_path)
    assert one.category == "sport"


OWN = ("football", "Cycling", "health")


@pytest.mark.parametrize("category", ["football", "FOOTBALL", " cycling ", "health", "medtop:07000000"])
@pytest.mark.parametrize("head", ["[[feeds]]\n", "[[apis]]\nentries = 'x'\nfields = {title = 'y'}\n"])
def test_a_category_is_one_of_the_users_own_topics(head: str, category: str, tmp_path: Path) -> None:
    text = f'{head}url = "https://example.org/"\ncategory = "{category}"\n'
    (one,) = load(text, tmp_path, topics=OWN)
    assert one.category in OWN
    assert missing_secrets(tmp_path / "feeds.toml", {}, OWN) == {}


@pytest.mark.parametrize("head", ["[[feeds]]\n", "[[apis]]\nentries = 'x'\nfields = {title = 'y'}\n"])
@pytest.mark.parametrize(
    ("category", "hint"),
    [
        ("foot ball", "did you mean “football”?"),
        ("cyclism", "did you mean “Cycling”?"),
        ("sport", "football; Cycling; health"),
        ("15000000", "unknown topic “15000000”"),
    ],
)
def test_a_topic_that_the_user_has_not_chosen_is_refused(head: str, category: str, hint: str, tmp_path: Path) -> None:
    message = refusal(f'{head}url = "https://example.org/"\ncategory = "{category}"\n', tmp_path, topics=OWN)
    for part in (" 1 (https://example.org/): ", f"unknown topic “{category}”", hint, "[topics] names"):
        assert part in message


def test_one_of_the_17_topics_needs_no_word_about_the_settings(tmp_path: Path) -> None:
    assert "[topics]" not in refusal('[[feeds]]\nurl = "https://example.org/"\ncategory = "zz"\n', tmp_path)


# --- one feed, one URL -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelling", "kept"),
    [
        ("HTTPS://Example.ORG/Feed", "https://example.org/Feed"),
        ("https://example.org:443/feed", "https://example.org/feed"),
        ("http://example.org:80", "http://example.org/"),
        ("http://example.org:8080/", "http://example.org:8080/"),
        ("https://example.org/feed#latest", "https://example.org/feed"),
        ("  https://example.org/feed ", "https://example.org/feed"),
        ("feed://example.org/feed", "http://example.org/feed"),
        ("https://example.org/a%2Fb?x=1&y=%C3%A4", "https://example.org/a%2Fb?x=1&y=%C3%A4"),
        ("http://[::1]:80/feed", "http://[::1]/feed"),
    ],
)
def test_spellings_of_a_url(spelling: str, kept: str) -> None:
    assert feed_url(spelling) == kept


@given(
    st.sampled_from(["http", "HTTPS", "feed"]),
    st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}\.(org|COM)", fullmatch=True),
    st.sampled_from(["", ":80", ":443", ":8080"]),
    st.from_regex(r"(/[A-Za-z0-9._%@:-]{0,8}){0,3}(\?[a-z=&/]{0,8})?(#[a-z]{0,3})?", fullmatch=True),
)
def test_a_kept_url_is_kept_as_it_is(scheme: str, host: str, port: str, rest: str) -> None:
    kept = feed_url(f"{scheme}://{host}{port}{rest}")
    assert feed_url(kept) == kept


def test_two_spellings_are_one_feed_and_the_first_counts(tmp_path: Path) -> None:
    text = """
    [[feeds]]
    url = "https://example.org/feed"
    title = "First"
    [[feeds]]
    url = "https://EXAMPLE.org:443/feed#top"
    title = "Second"
    [[feeds]]
    url = "https://example.org/feed/"
    title = "Another"
    """
    assert [one.title for one in load(text, tmp_path)] == ["First", "Another"]


# --- what is refused -------------------------------------------------------------------------------------------------

URL = 'url = "https://example.org/feed"\n'
HERE = "feed 1 (https://example.org/feed)"

WRONG = [
    ("[[feeds]]\ntitle = 'x'\n", ["feed 1 has no url"]),
    ("[[feeds]]\nurl = 'https://a.org/'\n[[feeds]]\n", ["feed 2 has no url"]),
    ("[[feeds]]\nurl = 5\n", ["feed 1 (5)", "url must be text"]),
    ("[[feeds]]\nurl = ''\n", ["feed 1", "“” is not the URL of a feed", "https://"]),
    ("[[feeds]]\nurl = 'example.org/feed'\n", ["“example.org/feed”", "must start with https:// or http://"]),
    ("[[feeds]]\nurl = 'ftp://example.org/feed'\n", ["“ftp://example.org/feed”", "must start with https://"]),
    ("[[feeds]]\nurl = 'https:///feed'\n", ["“https:///feed”", "name a host"]),
    ("[[feeds]]\nurl = 'https://exa mple.org/'\n", ["“https://exa mple.org/”"]),
    ('[[feeds]]\nurl = "https://example.org/\\nfeed"\n', ["is not the URL of a feed"]),
    ("[[feeds]]\nurl = 'https://example.org:99999/'\n", ["“https://example.org:99999/” is not a URL", "ort"]),
    ("[[feeds]]\nurl = 'http://[::1'\n", ["“http://[::1” is not a URL"]),
    ("[[feeds]]\nurl = 'https://x.org/?key=${KEY}'\n", ["a url cannot hold ${NAME}", "auth or headers"]),
    (f"[[feeds]]\n{URL}category = 'sports'\n", [HERE, "unknown topic “sports”", "did you mean “sport”?"]),
    (f"[[feeds]]\n{URL}category = 'qqq'\n", [HERE, "unknown topic “qqq”", "the topics are", "weather"]),
    (f"[[feeds]]\n{URL}category = 15000000\n", [HERE, "category must be text"]),
    (f"[[feeds]]\n{URL}titel = 'x'\n", [HERE, "unknown key “titel”", "did you mean “title”?"]),
    (f"[[feeds]]\n{URL}zzz = 'x'\n", [HERE, "unknown key “zzz”", "known are: url, title"]),
    (f"[[feeds]]\n{URL}title = 1\n", [HERE, "title must be text"]),
    (f"[[feeds]]\n{URL}tags = 'uk'\n", [HERE, "tags must be a list of texts"]),
    (f"[[feeds]]\n{URL}tags = [1]\n", [HERE, "tags must be a list of texts"]),
    (f"[[feeds]]\n{URL}enabled = 'no'\n", [HERE, "enabled must be true or false"]),
    (f"[[feeds]]\n{URL}full_text = 0\n", [HERE, "full_text must be true or false"]),
    (f"[[feeds]]\n{URL}interval = 'often'\n", [HERE, '"15m"']),
    (f"[[feeds]]\n{URL}interval = -1\n", [HERE, "zero to ten years"]),
    (f"[[feeds]]\n{URL}headers = 'X-Key: 1'\n", [HERE, "headers must be a table of texts"]),
    (f"[[feeds]]\n{URL}headers = {{ 'X-Key' = 1 }}\n", [HERE, "headers must be a table of texts"]),
    (f"[[feeds]]\n{URL}headers = {{ 'X Key' = '1' }}\n", [HERE, "“X Key” cannot be the name of a header"]),
    (f"[[feeds]]\n{URL}auth = 'password'\n", [HERE, 'auth must be "user:password"']),
    (f"[feeds]\n{URL}", ["[[feeds]]", "two brackets"]),
    (f"[[feeds]]\n{URL}auth = 'u:${{BAD NAME}}'\n", [HERE, "begins no ${NAME}"]),
    (f"[[feeds]]\n{URL}headers = {{ 'X-Key' = '${{' }}\n", [HERE, "begins no ${NAME}"]),
    ("feeds = ['https://example.org/feed']\n", ["feed 1 must be a table"]),
    (f"[[feed]]\n{URL}", ["unknown section “feed”", "[[feeds]]"]),
    ("[[feeds]\n", ["not valid TOML", "line 1"]),
    (b"[[feeds]]\ntitle = '\xe9'\n", ["cannot be read", "utf-8"]),
]


@pytest.mark.parametrize(("text", "named"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_named_with_its_remedy(text: str | bytes, named: list[str], tmp_path: Path) -> None:
    message = refusal(text, tmp_path)
    for part in named:
        assert part in message


@pytest.mark.parametrize("text", [f"[[feed]]\n{URL}", f"[feeds]\n{URL}"])
def test_the_file_is_named_where_secrets_are_not_looked_up(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^my/feeds\.toml: "):
        read_subscriptions(text, "my/feeds.toml", None)


# --- secrets ---------------------------------------------------------------------------------------------------------

SECRETS = {"USER_NAME": "reader", "PASSWORD": "p:a:ss", "API_KEY": "k3y-k3y"}
WITH_SECRETS = """
[[feeds]]
url = "https://example.org/feed"
headers = { "X-Key" = "Bearer ${API_KEY}", "X-Plain" = "$API_KEY {x}" }
auth = "${USER_NAME}:${PASSWORD}"
"""


def test_secrets_come_from_the_environment(tmp_path: Path) -> None:
    (one,) = load(WITH_SECRETS, tmp_path, SECRETS)
    assert one.headers == (("X-Key", "Bearer k3y-k3y"), ("X-Plain", "$API_KEY {x}"))
    assert one.auth == ("reader", "p:a:ss")


def test_secrets_do_not_show_in_the_repr(tmp_path: Path) -> None:
    (one,) = load(WITH_SECRETS, tmp_path, SECRETS)
    assert not any(secret in repr(one) for secret in SECRETS.values())


@pytest.mark.parametrize("name", SECRETS)
def test_a_missing_secret_is_named(name: str, tmp_path: Path) -> None:
    left = {key: value for key, value in SECRETS.items() if key != name}
    message = refusal(WITH_SECRETS, tmp_path, left)
    assert f"no variable {name}" in message
    assert not any(secret in message for secret in left.values())


def test_a_secret_is_not_looked_up_in_a_secret(tmp_path: Path) -> None:
    (one,) = load(WITH_SECRETS, tmp_path, SECRETS | {"API_KEY": "${PASSWORD}"})
    assert one.headers[0] == ("X-Key", "Bearer ${PASSWORD}")


@pytest.mark.parametrize("value", ["k3y-k3y\n", " k3y-k3y\t", "k3y\r\nX-Other: k3y", "k3y\0k3y"])
def test_a_secret_that_no_header_can_hold_is_refused_and_not_told(value: str, tmp_path: Path) -> None:
    text = f"[[feeds]]\n{URL}headers = {{ 'X-Key' = '${{API_KEY}}' }}\n"
    message = refusal(text, tmp_path, {"API_KEY": value})
    assert "the value of the header X-Key" in message
    assert "k3y" not in message


def test_a_password_in_a_url_is_sent_but_not_kept_in_the_url(tmp_path: Path) -> None:
    (one,) = load("[[feeds]]\nurl = 'https://reader:p%40ss@example.org/a@b'\n", tmp_path)
    assert one.url == "https://example.org/a@b"
    assert one.auth == ("reader", "p@ss")


@pytest.mark.parametrize("rest", ["tags = 5", "auth = 'x'", "category = 'zzz'"])
def test_a_password_in_a_url_is_not_told(rest: str, tmp_path: Path) -> None:
    assert "p4ss" not in refusal(f"[[feeds]]\nurl = 'https://reader:p4ss@example.org/'\n{rest}\n", tmp_path)
    assert "p4ss" not in refusal("[[feeds]]\nurl = 'gopher://reader:p4ss@example.org/'\n", tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "https://bob:hunter2@ex\u2100mple.com/",
        "https://bob:hunt/er2@host.example/feed",
        "https://bob:hun#ter2@host.example/feed",
        "https://bob:hun?ter2@host.example/feed",
        "https://bob:hunter2@host.example:port/feed",
        "https:/bob:hunter2@host.example/feed",
        "//bob:hunter2@host.example/feed",
        "https://bob:hunter2@[/",
        "https://bob:hunter2@host.example/${KEY}",
        "https://bob:hunter2@host.example/a b",
    ],
)
@pytest.mark.parametrize("section", ["feeds", "apis"])
def test_no_error_about_an_address_shows_a_password(url: str, section: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_subscriptions(f"[[{section}]]\nurl = '{url}'\n", "feeds.toml", {})
    assert "url" in str(raised.value).lower()
    for part in ("bob", "hun", "er2"):
        assert part not in str(raised.value)


def test_an_address_cannot_ask_the_environment() -> None:
    text = '[[feeds]]\nurl = "https://u:%24%7BKEY%7D@host.example/"\n'
    with pytest.raises(ConfigError, match="put secrets into auth"):
        read_subscriptions(text, "feeds.toml", {"KEY": "secret"})
