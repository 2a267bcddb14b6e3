"""The settings: frozen, validated once, passed down, never global.

Every key of `aggregator.toml` is a field here, with its default and the line that explains it; the starter file is
written from these classes (`starter_settings`), so the two cannot differ. Every key can also be set as an environment
variable, `AGGREGATOR_FETCH__WORKERS=8`. An absent key has its default, and an empty file is valid.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from aggregator.config_values import LARGEST_NUMBER, as_toml, read_value
from aggregator.errors import ConfigError
from aggregator.topics import TOPICS

SETTINGS_NAME = "aggregator.toml"
FEEDS_NAME = "feeds.toml"
CONFIG_FOLDER = "config"
ENVIRONMENT_PREFIX = "AGGREGATOR_"
CONFIG_VARIABLE = "AGGREGATOR_CONFIG"


MOST_WORKERS = 1024
"""More threads or processes than this is a slip of the finger: each takes memory as soon as it starts."""

LONGEST_WAIT_S = 86400.0
LARGEST_THUMBNAIL_PX = 10_000
LONGEST_LINE = 120
LONGEST_WINDOW_S = 31 * 86400.0

DEFAULT_LANGUAGES: tuple[str, ...] = (
    *("ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fa"),
    *("fi", "fr", "he", "hi", "hr", "hu", "id", "it", "ja", "ko"),
    *("nl", "no", "pl", "pt", "ro", "ru", "sv", "tr", "uk", "zh"),
)
"""The languages looked for when the user names none: fewer candidates mean fewer mistakes in short titles."""


def setting(key: str, default: Any, doc: str, kind: str, low: float = 0, *, high: float = LARGEST_NUMBER) -> Any:
    """Declare a field read from `key`. `kind` is how it is written; the kinds stand in `config_values`."""
    return field(default=default, metadata={"key": key, "doc": doc, "kind": kind, "low": low, "high": high})


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How feeds and pictures are asked for."""

    workers: int = setting("workers", 32, "threads that wait for feeds", "count", 1, high=MOST_WORKERS)
    image_workers: int = setting("image_workers", 16, "threads that wait for pictures", "count", 1, high=MOST_WORKERS)
    per_host: int = setting("per_host", 2, "requests to one host at the same time", "count", 1, high=MOST_WORKERS)
    host_spacing_s: float = setting("host_spacing", 1.0, "time between two requests to one host", "duration")
    min_interval_s: float = setting("min_interval", 3600.0, "no feed is asked more often than this", "duration")
    timeout_s: float = setting(
        "timeout", 30.0, "for one request, from the name look-up to the last byte", "duration", 1, high=LONGEST_WAIT_S
    )
    max_body_bytes: int = setting("max_body_bytes", 10_000_000, "largest feed, after decompression", "size", 1000)
    max_image_bytes: int = setting("max_image_bytes", 20_000_000, "largest picture", "size", 1000)
    images: bool = setting("images", True, "fetch the pictures that articles name", "flag")
    contact: str = setting(
        "contact", "", "a URL or mail address in the User-Agent, so that a publisher can reach you", "text"
    )
    allow_private_networks: bool = setting(
        "allow_private_networks", False, "let URLs found in feeds lead to private addresses", "flag"
    )
    max_interval_s: float = setting(
        "max_interval", 86400.0, "a quiet feed is asked at least this often, if it allows that", "duration"
    )
    full_text: bool = setting(
        "full_text", False, "fetch the page of every article for its text (needs the extra “full-text”)", "flag"
    )
    page_workers: int = setting("page_workers", 8, "threads that wait for pages", "count", 1, high=MOST_WORKERS)
    max_page_bytes: int = setting("max_page_bytes", 5_000_000, "largest page", "size", 1000)
    proxy: str = setting(
        "proxy", "", "the URL of an HTTP proxy; empty: as HTTP_PROXY and the like say; “none”: no proxy", "text"
    )
    ca_file: str = setting(
        "ca_file", "", "a PEM file of certificate authorities to trust beside the public ones", "text"
    )
    image_quota_bytes: int = setting(
        "image_quota", 0, "what all stored pictures may take together; the oldest go first (0: no limit)", "size"
    )
    keep_images_s: float = setting(
        "keep_images", 0.0, "how long a picture is kept after its articles were last listed (0: for ever)", "duration"
    )


@dataclass(frozen=True, slots=True)
class AnalyzeSettings:
    """How pictures and text are computed over."""

    workers: int = setting(
        "workers", 0, "processes that compute; 0 means as many as there are usable cores", "count", high=MOST_WORKERS
    )
    item_timeout_s: float = setting(
        "item_timeout", 30.0, "for one item, then it is quarantined", "duration", 1, high=LONGEST_WAIT_S
    )
    memory_limit_bytes: int = setting(
        "memory_limit", 1_000_000_000, "what one worker may use for an item (0: no limit)", "limit"
    )
    thumbnail_sizes: tuple[int, ...] = setting(
        "thumbnail_sizes", (400,), "longer side of each thumbnail, in pixels", "sizes", 16, high=LARGEST_THUMBNAIL_PX
    )
    languages: tuple[str, ...] = setting(
        "languages",
        DEFAULT_LANGUAGES,
        "ISO 639-1 codes that a text is taken to be in, beside what its feed says",
        "texts",
    )
    story_window_s: float = setting(
        "story_window",
        3 * 86400.0,
        "a story is open for this long after its last article",
        "duration",
        3600,
        high=LONGEST_WINDOW_S,
    )
    training_timeout_s: float = setting(
        "training_timeout",
        900.0,
        "for learning topics, and for finding stories, then it is given up",
        "duration",
        10,
        high=LONGEST_WAIT_S,
    )
    training_memory_bytes: int = setting(
        "training_memory", 4_000_000_000, "what a process may use for that (0: no limit)", "training limit"
    )
    image_model: str = setting(
        "image_model", "", "an ONNX model of your own that labels pictures (needs the extra “vision”)", "text"
    )


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where everything is kept. Relative paths start from the folder that holds `config/`."""

    url: str = setting("url", "sqlite:///data/news.db", "the database", "text")
    images_dir: str = setting("images_dir", "data/images", "the folder for pictures and thumbnails", "text")
    models_dir: str = setting("models_dir", "data/models", "the folder for models that were trained here", "text")


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """How topics are found."""

    names: tuple[str, ...] = setting(
        "names", tuple(TOPICS), "your own topics, in the place of the 17 IPTC Media Topics", "topics"
    )
    lexicon_dir: str = setting(
        "lexicon_dir", "", "a folder with your own en.toml, de.toml …, each in place of the built-in word list", "text"
    )
    learn: bool = setting("learn", True, "learn topics from the articles, once there are enough of them", "flag")
    unsure_below: float = setting(
        "unsure_below", 0.5, "a topic with a lower score is marked as unsure", "share", high=1.0
    )
    relabel_s: float = setting(
        "relabel", 7 * 86400.0, "how far back articles are labelled again when a model is new", "duration"
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. `base_dir` is where relative paths start, `path` the file they were read from."""

    path: Path
    base_dir: Path
    fetch: FetchSettings = FetchSettings()
    analyze: AnalyzeSettings = AnalyzeSettings()
    store: StoreSettings = StoreSettings()
    topics: TopicSettings = TopicSettings()

    @property
    def feeds_path(self) -> Path:
        """The subscriptions file, beside the settings file."""
        return self.path.with_name(FEEDS_NAME)

    @property
    def images_dir(self) -> Path:
        """The folder of pictures, absolute."""
        return self.base_dir / Path(self.store.images_dir).expanduser()

    @property
    def models_dir(self) -> Path:
        """The folder of trained models, absolute."""
        return self.base_dir / Path(self.store.models_dir).expanduser()

    @property
    def image_model(self) -> Path | None:
        """The user's own image model, absolute, or None."""
        return self.base_dir / Path(self.analyze.image_model).expanduser() if self.analyze.image_model else None

    @property
    def lexicon_dir(self) -> Path | None:
        """The user's own word lists, absolute, or None."""
        return self.base_dir / Path(self.topics.lexicon_dir).expanduser() if self.topics.lexicon_dir else None

    @property
    def database_url(self) -> str:
        """The database, with an absolute path if it is a file."""
        prefix = "sqlite:///"
        if not self.store.url.startswith(prefix):
            return self.store.url
        return prefix + str(self.base_dir / Path(self.store.url.removeprefix(prefix)).expanduser())


SECTIONS: dict[str, type[Any]] = {
    "fetch": FetchSettings,
    "analyze": AnalyzeSettings,
    "store": StoreSettings,
    "topics": TopicSettings,
}


# --- finding and reading ---------------------------------------------------------------------------------------------


def find_settings(explicit: Path | None, environment: Mapping[str, str], folder: Path, user_config: Path) -> Path:
    """Return the settings file: `explicit`, `AGGREGATOR_CONFIG`, `config/` in `folder`, or the user's own.

    Raises:
        ConfigError: there is none; the text says what to type next.
    """
    from_environment = environment.get(CONFIG_VARIABLE)
    named = explicit or (Path(from_environment) if from_environment else None)
    if named is not None:
        path = (folder / named.expanduser()).absolute()
        if not path.is_file():
            namer = "--config" if explicit else CONFIG_VARIABLE
            raise ConfigError(f"there is no settings file at {path}, which {namer} names; “aggregator init” writes one")
        return path
    for path in (folder / CONFIG_FOLDER / SETTINGS_NAME, user_config / SETTINGS_NAME):
        if path.is_file():
            return path.absolute()
    raise ConfigError(
        f"there is no {CONFIG_FOLDER}/{SETTINGS_NAME} in {folder}. Type “aggregator init” to write a starter "
        "configuration here, or “aggregator demo” to look around first."
    )


def load_settings(path: Path, environment: Mapping[str, str], *, user_data: Path, user_config: Path) -> Settings:
    """Read the settings file at `path` and the environment over it.

    Raises:
        ConfigError: the file cannot be read, or a key or value in it or in the environment is wrong.
    """
    try:
        # With or without the byte order mark that editors on Windows write.
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    for name in tables:
        if name not in SECTIONS:
            raise ConfigError(f"{path}: unknown section [{name}]{_belongs(name) or _suggest(name, SECTIONS)}")
    overrides = _environment_tables(environment)
    sections = {
        name: section(
            **_read_keys(name, tables.get(name, {}), lambda name, key: f"{path}: [{name}] {key}")
            | _read_keys(name, overrides.get(name, {}), _variable)
        )
        for name, section in SECTIONS.items()
    }
    return Settings(path=path, base_dir=_base_dir(path, user_data, user_config), **sections)


def _base_dir(path: Path, user_data: Path, user_config: Path) -> Path:
    if path.parent == user_config.absolute():
        return user_data
    return path.parent.parent if path.parent.name == CONFIG_FOLDER else path.parent


def _variable(section: str, key: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{section}__{key}".upper()


def _environment_tables(environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Collect AGGREGATOR_SECTION__KEY variables: numbers and lists read as TOML does, anything else is text."""
    tables: dict[str, dict[str, Any]] = {}
    meant = {_variable(section, key).replace("__", "_"): _variable(section, key) for section, key in _all_keys()}
    for variable, text in environment.items():
        if variable in meant:
            raise ConfigError(f"{variable}: two underscores stand between section and key: {meant[variable]}")
        section, separator, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        if not variable.startswith(ENVIRONMENT_PREFIX) or not separator:
            continue
        if section not in SECTIONS:
            raise ConfigError(f"{variable}: unknown section [{section}]{_suggest(section, SECTIONS)}")
        tables.setdefault(section, {})[key] = _from_environment(_by_key(section).get(key), text)
    return tables


def _from_environment(one: Field[Any] | None, text: str) -> object:
    try:
        value: object = tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text
    # A contact of 12345 is a text, although it looks like a number.
    return text if one and one.metadata["kind"] == "text" and not isinstance(value, str) else value


def _read_keys(section: str, table: object, where: Callable[[str, str], str]) -> dict[str, Any]:
    """Return the fields that `table` sets; `where` names a section's key as the user wrote it."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where(section, '').rstrip()} must be a section of keys, not a value")
    known = _by_key(section)
    fields_set = {}
    for key, value in table.items():
        if key not in known:
            raise ConfigError(f"{where(section, key)}: unknown key{_belongs(key) or _suggest(key, known)}")
        how = known[key].metadata
        try:
            fields_set[known[key].name] = read_value(how["kind"], value, low=how["low"], high=how["high"])
        except ValueError as error:
            raise ConfigError(f"{where(section, key)} = {value!r}: {error}") from None
    return fields_set


def _by_key(section: str) -> dict[str, Field[Any]]:
    return {one.metadata["key"]: one for one in fields(SECTIONS[section])}


def _all_keys() -> list[tuple[str, str]]:
    return [(section, key) for section in SECTIONS for key in _by_key(section)]


def _belongs(key: str) -> str:
    sections = [f"[{section}]" for section, known in _all_keys() if known == key]
    return f"; “{key}” belongs into {' or '.join(sections)}" if sections else ""


def _suggest(name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean “{near[0]}”?" if near else f"; known are: {', '.join(known)}"


# --- the starter file ------------------------------------------------------------------------------------------------


def starter_settings(changes: Mapping[str, Mapping[str, str]] | None = None, heading: str = "") -> str:
    """Return the text of a settings file that shows every key with its default and its explanation.

    A key in `changes` (section → key → TOML value) is set; all others are commented out.
    """
    lines = [f"# {line}".rstrip() for line in (heading or _STARTER_HEADING).splitlines()]
    for name, section in SECTIONS.items():
        lines += ["", f"[{name}]"]
        chosen = (changes or {}).get(name, {})
        for one in fields(section):
            key, doc = one.metadata["key"], one.metadata["doc"]
            assignment = (
                f"{key} = {chosen[key]}" if key in chosen else f"# {key} = {as_toml(one.metadata['kind'], one.default)}"
            )
            # A long list leaves no room beside it.
            lines += [f"# {doc}:", assignment] if len(assignment) > LONGEST_LINE else [f"{assignment:<44}  # {doc}"]
    return "\n".join(lines) + "\n"


_STARTER_HEADING = """Settings of aggregator. Every key is shown with its default: remove the first # to change one.
Durations are seconds or "30m", "2h", "1d"; sizes are bytes or "500KB", "10MB". Relative paths start from
the folder that holds config/. Each key can also be set in the environment: AGGREGATOR_FETCH__WORKERS=8"""


def user_cache_folder() -> Path:
    """Return the user's folder for what can be made again, as the platform has it."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - as below

    return user_cache_path("aggregator")


def user_folders() -> tuple[Path, Path]:
    """Return the user's own folders for configuration and for data, as the platform has them."""
    from platformdirs import user_config_path, user_data_path  # noqa: PLC0415 - only looked for where it is needed

    return user_config_path("aggregator"), user_data_path("aggregator")
