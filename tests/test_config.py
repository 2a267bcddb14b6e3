from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from aggregator.config import SECTIONS, Settings, find_settings, load_settings, starter_settings
from aggregator.config_values import as_toml
from aggregator.errors import ConfigError
from aggregator.subscriptions.feeds_file import starter_feeds
from aggregator.topics import TOPICS

REPOSITORY = Path(__file__).parent.parent
NOBODY = Path("/nobody/config"), Path("/nobody/data")

EVERY_KEY: dict[tuple[str, str], tuple[str, Any]] = {
    ("fetch", "workers"): ("7", 7),
    ("fetch", "image_workers"): ("3", 3),
    ("fetch", "per_host"): ("4", 4),
    ("fetch", "host_spacing"): ('"2.5s"', 2.5),
    ("fetch", "min_interval"): ('"30m"', 1800.0),
    ("fetch", "timeout"): ("12.5", 12.5),
    ("fetch", "max_body_bytes"): ('"5MB"', 5_000_000),
    ("fetch", "max_image_bytes"): ('"1GiB"', 2**30),
    ("fetch", "images"): ("false", False),
    ("fetch", "contact"): ('"https://example.org/bot"', "https://example.org/bot"),
    ("fetch", "allow_private_networks"): ("true", True),
    ("fetch", "max_interval"): ('"6h"', 21_600.0),
    ("fetch", "full_text"): ("true", True),
    ("fetch", "page_workers"): ("5", 5),
    ("fetch", "max_page_bytes"): ('"1MB"', 1_000_000),
    ("fetch", "proxy"): ('"http://proxy.example.org:3128"', "http://proxy.example.org:3128"),
    ("fetch", "ca_file"): ('"inner-ca.pem"', "inner-ca.pem"),
    ("fetch", "image_quota"): ('"10GB"', 10_000_000_000),
    ("fetch", "keep_images"): ('"30d"', 2_592_000.0),
    ("analyze", "workers"): ("2", 2),
    ("analyze", "item_timeout"): ('"1m"', 60.0),
    ("analyze", "memory_limit"): ('"500 MiB"', 500 * 2**20),
    ("analyze", "thumbnail_sizes"): ("[800, 200, 800]", (200, 800)),
    ("analyze", "languages"): ('["en", " de "]', ("en", "de")),
    ("analyze", "story_window"): ('"2d"', 172_800.0),
    ("analyze", "training_timeout"): ('"5m"', 300.0),
    ("analyze", "training_memory"): ('"1GB"', 1_000_000_000),
    ("analyze", "image_model"): ('"birds.onnx"', "birds.onnx"),
    ("store", "url"): ('"sqlite:///other.db"', "sqlite:///other.db"),
    ("store", "images_dir"): ('"pictures"', "pictures"),
    ("store", "models_dir"): ('"trained"', "trained"),
    ("topics", "names"): ('["football", "Cycling, on roads", "sport"]', ("football", "Cycling, on roads", "sport")),
    ("topics", "lexicon_dir"): ('"words"', "words"),
    ("topics", "learn"): ("false", False),
    ("topics", "unsure_below"): ("0.75", 0.75),
    ("topics", "relabel"): ('"30d"', 2_592_000.0),
}
"""Section and key → how a value other than the default is written, and what it means."""


def load(text: str | bytes, tmp_path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    path = tmp_path / "config" / "aggregator.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(path, environment or {}, user_config=NOBODY[0], user_data=NOBODY[1])


def value_of(settings: Settings, section: str, key: str) -> object:
    name = next(one.name for one in fields(SECTIONS[section]) if one.metadata["key"] == key)
    return getattr(getattr(settings, section), name)


def refusal(text: str | bytes, tmp_path: Path, environment: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(text, tmp_path, environment)
    return str(caught.value)


# --- what is read ----------------------------------------------------------------------------------------------------


def test_an_empty_file_is_valid_and_gives_the_defaults(tmp_path: Path) -> None:
    settings = load("", tmp_path)
    assert [getattr(settings, name) for name in SECTIONS] == [section() for section in SECTIONS.values()]


def test_the_defaults_are_the_documented_ones(tmp_path: Path) -> None:
    settings = load("", tmp_path)
    assert (settings.fetch.workers, settings.fetch.per_host, settings.fetch.host_spacing_s) == (32, 2, 1.0)
    assert (settings.fetch.min_interval_s, settings.fetch.timeout_s) == (3600.0, 30.0)
    assert settings.fetch.max_body_bytes == 10_000_000
    assert settings.fetch.images
    assert not settings.fetch.allow_private_networks
    assert settings.fetch.max_interval_s == 86_400.0
    assert not settings.fetch.full_text
    assert (settings.fetch.proxy, settings.fetch.ca_file, settings.fetch.contact) == ("", "", "")
    assert (settings.fetch.image_quota_bytes, settings.fetch.keep_images_s) == (0, 0.0)
    assert settings.analyze.thumbnail_sizes == (400,)
    assert len(settings.analyze.languages) == 30
    assert settings.analyze.story_window_s == 259_200.0
    assert settings.topics.names == tuple(TOPICS)
    assert (settings.topics.learn, settings.topics.unsure_below, settings.topics.relabel_s) == (True, 0.5, 604_800.0)
    assert settings.database_url == f"sqlite:///{tmp_path}/data/news.db"
    assert settings.images_dir == tmp_path / "data" / "images"
    assert settings.models_dir == tmp_path / "data" / "models"
    assert settings.image_model is None


def test_the_table_of_this_test_names_every_key() -> None:
    assert list(EVERY_KEY) == [
        (name, one.metadata["key"]) for name, section in SECTIONS.items() for one in fields(section)
    ]


@pytest.mark.parametrize(("section", "key"), EVERY_KEY)
def test_every_key_can_be_set_in_the_file(section: str, key: str, tmp_path: Path) -> None:
    written, meaning = EVERY_KEY[section, key]
    assert value_of(load("", tmp_path), section, key) != meaning
    assert value_of(load(f"[{section}]\n{key} = {written}\n", tmp_path), section, key) == meaning


@pytest.mark.parametrize(("section", "key"), EVERY_KEY)
def test_every_key_can_be_set_in_the_environment_which_wins(section: str, key: str, tmp_path: Path) -> None:
    written, meaning = EVERY_KEY[section, key]
    variable = f"AGGREGATOR_{section}__{key}".upper()
    in_file = f"[{section}]\n{key} = {default_of(section, key)}\n"
    # As a shell hands it over: without the quotes that TOML wants around a text.
    for text in (written, written.strip('"')):
        assert value_of(load(in_file, tmp_path, {variable: text}), section, key) == meaning


def default_of(section: str, key: str) -> str:
    one = next(one for one in fields(SECTIONS[section]) if one.metadata["key"] == key)
    return as_toml(one.metadata["kind"], one.default)


def test_a_text_from_the_environment_may_look_like_a_number(tmp_path: Path) -> None:
    assert load("", tmp_path, {"AGGREGATOR_FETCH__CONTACT": "12345"}).fetch.contact == "12345"


def test_other_variables_are_none_of_our_business(tmp_path: Path) -> None:
    others = {"AGGREGATOR_CONFIG": "x", "AGGREGATOR_CLOCK": "+5", "AGGREGATOR_PORT_80_TCP": "tcp://x", "FETCH__X": "1"}
    assert load("", tmp_path, others) == load("", tmp_path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert load(b"\xef\xbb\xbf[fetch]\r\nworkers = 5\r\n", tmp_path).fetch.workers == 5


# --- what is refused ------------------------------------------------------------------------------------------------

WRONG = [
    # what the file says, what the refusal must name
    ("[fetsch]\n", ["[fetsch]", "did you mean “fetch”?"]),
    ("[zzz]\n", ["[zzz]", "known are: fetch, analyze, store, topics"]),
    ("[fetch]\nworkrs = 3\n", ["[fetch] workrs", "unknown key", "did you mean “workers”?"]),
    ("[fetch]\nzzz = 3\n", ["[fetch] zzz", "unknown key", "known are: workers, "]),
    ("[analyze]\nper_host = 3\n", ["[analyze] per_host", "“per_host” belongs into [fetch]"]),
    ("timeout = 3\n", ["[timeout]", "“timeout” belongs into [fetch]"]),
    ("fetch = 3\n", ["[fetch]", "must be a section"]),
    ("[fetch]\nworkers = 0\n", ["[fetch] workers = 0", "at least 1"]),
    ("[fetch]\nworkers = '8'\n", ["[fetch] workers = '8'", "a whole number"]),
    ("[fetch]\nworkers = 8.0\n", ["workers = 8.0", "a whole number"]),
    ("[fetch]\nworkers = true\n", ["workers = True", "a whole number"]),
    ("[fetch]\nworkers = 99999999999999999999\n", ["workers", "at most 1024"]),
    ("[fetch]\nimages = 1\n", ["images = 1", "true or false"]),
    ("[fetch]\ncontact = 1\n", ["contact = 1", "text in quotes"]),
    ("[fetch]\ntimeout = '0s'\n", ["timeout = '0s'", "at least 1"]),
    ("[fetch]\nhost_spacing = 'soon'\n", ["host_spacing = 'soon'", '"15m"']),
    ("[fetch]\nmin_interval = 99999999999\n", ["min_interval = 99999999999", "ten years"]),
    ("[fetch]\nmax_body_bytes = 10\n", ["max_body_bytes = 10", "at least 1000"]),
    ("[fetch]\nmax_body_bytes = '10 miles'\n", ["max_body_bytes = '10 miles'", '"10MB"']),
    ("[analyze]\nthumbnail_sizes = 400\n", ["thumbnail_sizes = 400", "[400, 1200]"]),
    ("[analyze]\nthumbnail_sizes = []\n", ["thumbnail_sizes = []", "[400, 1200]"]),
    ("[analyze]\nthumbnail_sizes = [400, 'x']\n", ["thumbnail_sizes = [400, 'x']", "a whole number"]),
    ("[analyze]\nthumbnail_sizes = [400, 3]\n", ["thumbnail_sizes = [400, 3]", "at least 16"]),
    ("[analyze]\nlanguages = 'en'\n", ["[analyze] languages = 'en'", "a list of texts"]),
    ("[analyze]\nlanguages = []\n", ["languages = []", "a list of texts"]),
    ("[analyze]\nlanguages = ['en', 'en']\n", ["languages", "each once"]),
    ("[analyze]\nstory_window = '1s'\n", ["story_window = '1s'", "at least 3600"]),
    ("[analyze]\ntraining_timeout = 1\n", ["training_timeout = 1", "at least 10"]),
    ("[analyze]\ntraining_memory = '1MB'\n", ["training_memory = '1MB'", "at least 256MB"]),
    ("[topics]\nnames = 'sport'\n", ["[topics] names = 'sport'", "a list of texts"]),
    ("[topics]\nnames = []\n", ["[topics] names = []", "a list of texts"]),
    ("[topics]\nnames = ['football']\n", ["[topics] names = ['football']", "at least two topics"]),
    ("[topics]\nnames = ['a', 3]\n", ["names", "text in quotes"]),
    ("[topics]\nnames = ['a', ' ']\n", ["names", "not empty"]),
    ("[topics]\nnames = ['a', ' a']\n", ["names", "each once"]),
    ("[topics]\nnames = ['a', \"b\\nc\"]\n", ["names", "on one line"]),
    (
        "[topics]\nnames = ['Fussball', 'fußball']\n",
        ["names", "“Fussball” and “fußball” differ only by capital letters"],
    ),
    ("[topics]\nnames = ['a', '15000000']\n", ["names", "“15000000” is a code", "“sport”"]),
    ("[topics]\nnames = ['Medtop:15000000']\n", ["names", "“Medtop:15000000” is a code", "“sport”"]),
    ("[topics]\nlearn = 'no'\n", ["learn = 'no'", "true or false"]),
    ("[topics]\nunsure_below = 1.5\n", ["unsure_below = 1.5", "from 0 to 1"]),
    ("[topics]\nunsure_below = -0.1\n", ["unsure_below = -0.1", "from 0 to 1"]),
    ("[topics]\nunsure_below = nan\n", ["unsure_below = nan", "from 0 to 1"]),
    ("[topics]\nunsure_below = true\n", ["unsure_below = True", "from 0 to 1"]),
    ("[fetch\n", ["not valid TOML", "line 1"]),
    (f"[fetch]\nworkers = {'9' * 5000}\n", ["not valid TOML"]),
    (b"[fetch]\ncontact = '\xe9'\n", ["cannot be read", "utf-8"]),
]


@pytest.mark.parametrize(("text", "named"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_file_is_refused_with_file_key_and_remedy(text: str | bytes, named: list[str], tmp_path: Path) -> None:
    message = refusal(text, tmp_path)
    assert message.startswith(str(tmp_path / "config" / "aggregator.toml"))
    for part in named:
        assert part in message


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("AGGREGATOR_FETCH__WORKERS", "many", ["= 'many'", "a whole number"]),
        ("AGGREGATOR_FETCH__WORKERS", "", ["= ''", "a whole number"]),
        ("AGGREGATOR_FETCH__WORKERS", "0", ["= 0", "at least 1"]),
        ("AGGREGATOR_FETCH__WORKRS", "8", ["unknown key", "did you mean “workers”?"]),
        ("AGGREGATOR_FECTH__WORKERS", "8", ["unknown section", "did you mean “fetch”?"]),
        ("AGGREGATOR_FETCH__IMAGES", "yes", ["= 'yes'", "true or false"]),
        ("AGGREGATOR_ANALYZE__THUMBNAIL_SIZES", "400,800", ["= '400,800'", "[400, 1200]"]),
        ("AGGREGATOR_TOPICS__NAMES", "football", ["= 'football'", "a list of texts"]),
        ("AGGREGATOR_TOPICS__NAMES", '["Sport", "sport"]', ["“Sport” and “sport”"]),
        ("AGGREGATOR_ANALYZE__LANGUAGES", "en,de", ["= 'en,de'", "a list of texts"]),
        ("AGGREGATOR_FETCH_PER_HOST", "8", ["two underscores", "AGGREGATOR_FETCH__PER_HOST"]),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, named: list[str], tmp_path: Path) -> None:
    message = refusal("", tmp_path, {variable: value})
    assert message.startswith(variable)
    for part in named:
        assert part in message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"{tmp_path} cannot be read")):
        load_settings(tmp_path, {}, user_config=NOBODY[0], user_data=NOBODY[1])


# --- where it is found, and where paths start -----------------------------------------------------------------------


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """Return four settings files, by the way that leads to each."""
    named = {
        "explicit": tmp_path / "named.toml",
        "variable": tmp_path / "variable.toml",
        "here": tmp_path / "here" / "config" / "aggregator.toml",
        "user": tmp_path / "user" / "aggregator.toml",
    }
    for path in named.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return named


def test_the_search_order(places: dict[str, Path], tmp_path: Path) -> None:
    here, user = tmp_path / "here", tmp_path / "user"
    variable = {"AGGREGATOR_CONFIG": str(places["variable"])}
    assert find_settings(places["explicit"], variable, here, user) == places["explicit"]
    assert find_settings(None, variable, here, user) == places["variable"]
    assert find_settings(None, {"AGGREGATOR_CONFIG": ""}, here, user) == places["here"]
    places["here"].unlink()
    assert find_settings(None, {}, here, user) == places["user"]
    places["user"].unlink()
    with pytest.raises(ConfigError, match=f"no config/aggregator.toml in {re.escape(str(here))}.*aggregator init"):
        find_settings(None, {}, here, user)


def test_a_named_file_that_is_not_there_is_refused_although_others_are(places: dict[str, Path], tmp_path: Path) -> None:
    here, user = places["here"].parent.parent, places["user"].parent
    with pytest.raises(ConfigError, match=re.escape(f"{here / 'x.toml'}, which --config names")):
        find_settings(Path("x.toml"), {}, here, user)
    with pytest.raises(ConfigError, match=re.escape(f"{tmp_path / 'y.toml'}, which AGGREGATOR_CONFIG names")):
        find_settings(None, {"AGGREGATOR_CONFIG": str(tmp_path / "y.toml")}, here, user)


def test_a_relative_name_and_a_tilde_are_understood(
    places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_settings(Path("named.toml"), {}, tmp_path, tmp_path) == places["explicit"]
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_settings(None, {"AGGREGATOR_CONFIG": "~/variable.toml"}, Path("/"), tmp_path) == places["variable"]


def test_paths_start_beside_config(tmp_path: Path) -> None:
    settings = load("[topics]\nlexicon_dir = 'words'\n[analyze]\nimage_model = 'birds.onnx'\n", tmp_path)
    assert settings.image_model == tmp_path / "birds.onnx"
    assert settings.models_dir == tmp_path / "data" / "models"
    assert settings.base_dir == tmp_path
    assert settings.database_url == f"sqlite:///{tmp_path}/data/news.db"
    assert settings.lexicon_dir == tmp_path / "words"
    assert settings.feeds_path == tmp_path / "config" / "feeds.toml"


def test_paths_start_at_a_file_that_is_not_in_config(tmp_path: Path) -> None:
    path = tmp_path / "news.toml"
    path.touch()
    settings = load_settings(path, {}, user_config=NOBODY[0], user_data=NOBODY[1])
    assert settings.database_url == f"sqlite:///{tmp_path}/data/news.db"
    assert settings.feeds_path == tmp_path / "feeds.toml"


def test_the_data_of_the_users_own_configuration_are_in_the_users_data_folder(tmp_path: Path) -> None:
    config, data = tmp_path / "config", tmp_path / "share"
    config.mkdir()
    (config / "aggregator.toml").touch()
    settings = load_settings(config / "aggregator.toml", {}, user_config=config, user_data=data)
    assert settings.database_url == f"sqlite:///{data}/data/news.db"
    assert settings.images_dir == data / "data" / "images"
    assert settings.feeds_path == config / "feeds.toml"


def test_absolute_paths_and_the_home_folder_stay_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/reader")
    text = "[store]\nurl = 'sqlite:////srv/news.db'\nimages_dir = '~/pictures'\nmodels_dir = '/srv/models'\n"
    settings = load(f"{text}[analyze]\nimage_model = '~/birds.onnx'\n", tmp_path)
    assert (settings.models_dir, settings.image_model) == (Path("/srv/models"), Path("/home/reader/birds.onnx"))
    assert settings.database_url == "sqlite:////srv/news.db"
    assert settings.images_dir == Path("/home/reader/pictures")


def test_the_url_of_a_server_stays_as_it_is(tmp_path: Path) -> None:
    url = "postgresql+psycopg://news@localhost/news"
    assert load(f"[store]\nurl = '{url}'\n", tmp_path).database_url == url


# --- the starter file ------------------------------------------------------------------------------------------------


def uncommented(text: str) -> str:
    return re.sub(r"^# (?=[a-z_]+ = )", "", text, flags=re.MULTILINE)


def test_the_starter_file_shows_every_key_with_its_default(tmp_path: Path) -> None:
    text = uncommented(starter_settings())
    shown = {(section, key) for section, table in tomllib.loads(text).items() for key in table}
    assert shown == set(EVERY_KEY)
    assert load(text, tmp_path) == load("", tmp_path)


def test_the_starter_file_changes_nothing_and_explains_every_key(tmp_path: Path) -> None:
    text = starter_settings()
    assert tomllib.loads(text) == {name: {} for name in SECTIONS}
    assert load(text, tmp_path) == load("", tmp_path)
    lines = text.splitlines()
    keys = [at for at, line in enumerate(lines) if re.match(r"# [a-z_]+ = ", line)]
    assert len(keys) == len(EVERY_KEY)
    # Beside it, or above it where it leaves no room.
    long = [at for at in keys if not re.search(r"\S\s+# [a-z].{8,}", lines[at])]
    assert [lines[at].split()[1] for at in long] == ["languages", "names"]
    assert all(re.fullmatch(r"# \w.{8,}:", lines[at - 1]) for at in long)


def test_changes_are_set_and_the_rest_is_commented_out(tmp_path: Path) -> None:
    text = starter_settings({"fetch": {"workers": "5"}}, "A heading")
    assert text.startswith("# A heading\n")
    assert tomllib.loads(text)["fetch"] == {"workers": 5}
    assert load(text, tmp_path).fetch.workers == 5


@pytest.mark.parametrize(("name", "text"), [("aggregator.toml", starter_settings()), ("feeds.toml", starter_feeds())])
def test_the_files_of_this_repository_are_the_starter_files(name: str, text: str) -> None:
    assert (REPOSITORY / "config" / name).read_bytes() == text.encode()


@pytest.mark.parametrize(
    ("section", "line", "most"),
    [
        ("fetch", "workers = 99_999_999", "1024"),
        ("fetch", 'timeout = "2d"', "86400"),
        ("analyze", "workers = 5000", "1024"),
        ("analyze", "thumbnail_sizes = [400, 20_000]", "10000"),
        ("analyze", 'story_window = "60d"', "2678400"),
        ("analyze", 'training_timeout = "2d"', "86400"),
    ],
)
def test_a_slip_of_the_finger_is_refused(tmp_path: Path, section: str, line: str, most: str) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(f"[{section}]\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=f"must be at most {most}"):
        load_settings(path, {}, user_data=tmp_path, user_config=tmp_path)
