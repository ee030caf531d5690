"""The settings: environment over waystone.yaml over defaults. The only module that reads the environment."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, SettingsConfigDict

from gateway.configuration import ConfigurationError, Document, KeyPath, read
from gateway.dialects import DIALECTS
from gateway.problems import Origins, Problem, nearest, translate
from gateway.providers import ROWS, Row

__all__ = [
    "ConfigurationError",
    "EmbeddedSettings",
    "ProviderSettings",
    "Settings",
    "Timeouts",
    "describe",
    "load",
]

FILE = Path("waystone.yaml")

VARIABLES: Mapping[str, KeyPath] = {
    "HOST": ("host",),
    "PORT": ("port",),
    "WORKERS": ("workers",),
    "LOG_LEVEL": ("log_level",),
    "WAYSTONE_DATA": ("data_dir",),
    "DATABASE_URL": ("database_url",),
    "WAYSTONE_API_KEY": ("api_key",),
}
"""The variables that set something, besides those of the providers that are known by name."""

_EMBEDDED = "embedded"
_PROVIDER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DATABASE_URL = re.compile(r"(sqlite|postgres|postgresql)(\+\w+)?://")
_PASSWORDS = (re.compile(r"(://[^:/@]*:).*(?=@)", re.S), re.compile(r"([?&]\w*password=)[^&]*", re.I))
_MASK = "***"


def _not_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("yes and no are no numbers")
    return value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _strip(value: Any) -> Any:
    return value.strip() or None if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _known(dialects: list[str] | None) -> list[str] | None:
    # Checked as a whole, so that the problem stands at the key, whether a list was written or one name.
    if dialects is not None and not set(dialects) <= DIALECTS.keys():
        raise ValueError("not a dialect")
    return dialects


def _filled(value: Any) -> Any:
    # `openai:` with nothing below it.
    return {} if value is None else value


def _sendable(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not (text.isascii() and text.isprintable()):
        raise ValueError("cannot be sent in a header")
    return secret


def _header_names(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    if not all(_HEADER_NAME.fullmatch(name) for name in headers):
        raise ValueError("not a header name")
    return headers


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    is_usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    if not is_usable or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("not a base URL")
    if not text.isprintable() or " " in text:
        raise ValueError("not a base URL")
    return text.rstrip("/")


def _database_address(text: str) -> str:
    if not _DATABASE_URL.match(text):
        raise ValueError("not a database URL")
    return text


def _folder(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except (OSError, RuntimeError):  # no such user, or the current folder is gone
        raise ValueError("not a folder that can be found") from None


_Number = BeforeValidator(_not_bool)
_Text = Annotated[str, Field(min_length=1)]
_Secret = Annotated[SecretStr, AfterValidator(_sendable)]
_Seconds = Annotated[float, _Number, Field(gt=0, le=86_400, allow_inf_nan=False)]

_KEY = "a text of printable ASCII characters; digits alone need quotes"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Timeouts(_Section):
    """Seconds to wait: for a connection, between two pieces of an answer, and for the whole of it."""

    connect: _Seconds = Field(default=10.0, description="seconds, over 0 and at most 86400")
    idle: _Seconds = Field(default=300.0, description="seconds, over 0 and at most 86400")
    total: _Seconds = Field(default=600.0, description="seconds, over 0 and at most 86400")


class ProviderSettings(_Section):
    """One provider. None means: as its row says, for one that is known by name."""

    dialect: Annotated[list[str] | None, BeforeValidator(_listed), AfterValidator(_known)] = Field(
        default=None, min_length=1, description="openai-chat or openai-responses, or a list of both, its own first"
    )
    base_url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        default=None,
        description="an http:// or https:// URL without credentials, query and fragment, "
        "such as http://127.0.0.1:9000/v1",
    )
    api_key: Annotated[_Secret | None, BeforeValidator(_strip)] = Field(default=None, description=_KEY)
    models: list[_Text] | None = Field(default=None, description="a list of model names, such as [small, large]")
    headers: Annotated[dict[str, _Secret], AfterValidator(_header_names)] | None = Field(
        default=None, description="header names, each with a text of printable ASCII characters"
    )
    timeouts: Annotated[Timeouts, BeforeValidator(_filled)] = Field(
        default=Timeouts(), description="connect, idle or total, each with seconds"
    )
    token_limit_field: Literal["max_tokens", "max_completion_tokens"] | None = Field(
        default=None, description="max_tokens or max_completion_tokens"
    )
    stream_usage: bool | None = Field(default=None, description="true or false")
    hosted_tools: Literal["refuse", "drop"] | None = Field(default=None, description="refuse or drop")
    """What to do with tools that the provider would have to run, where it runs none. [refuse]"""


class EmbeddedSettings(_Section):
    """The demonstration model that runs on this machine."""

    enabled: bool = Field(default=True, description="true or false")


class Settings(BaseSettings):
    """What the gateway runs with. Built once, by `load`, and handed down."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    host: _Text = Field(default="127.0.0.1", description="the name or address to listen on")
    port: Annotated[int, _Number] = Field(default=3000, ge=0, le=65_535, description="a whole number from 0 to 65535")
    workers: Annotated[int, _Number] = Field(default=1, ge=1, le=256, description="a whole number from 1 to 256")
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        default="info", description="debug, info, warning or error"
    )
    data_dir: Annotated[Path, AfterValidator(_folder)] = Field(description="the path of a folder")
    database_url: Annotated[str, AfterValidator(_database_address)] = Field(
        default_factory=lambda data: f"sqlite:///{quote(str(data['data_dir']))}/waystone.db",
        repr=False,
        description="sqlite:///path/to/file or postgresql://user:password@host/database",
    )
    api_key: Annotated[_Secret | None, BeforeValidator(_strip)] = Field(default=None, description=_KEY)
    max_body_bytes: Annotated[int, _Number] = Field(
        default=20 * 1024 * 1024, ge=1, le=2**31, description="a whole number of bytes from 1 to 2147483648"
    )
    retention_days: Annotated[float, _Number] = Field(
        default=30, gt=0, le=36_500, allow_inf_nan=False, description="days, over 0 and at most 36500"
    )
    """How long responses are kept. Conversations are kept until they are deleted."""
    embedded: Annotated[EmbeddedSettings, BeforeValidator(_filled)] = Field(
        default=EmbeddedSettings(), description="a mapping, `enabled: true` or `enabled: false`"
    )
    providers: Annotated[dict[str, Annotated[ProviderSettings, BeforeValidator(_filled)]], BeforeValidator(_filled)] = (
        Field(default={}, description="the names of providers, each with its settings, such as `api_key: ${KEY}`")
    )


def load(
    config_path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    rows: Mapping[str, Row] = ROWS,
) -> Settings:
    """The settings that hold here and now.

    The file is `config_path`, or what `WAYSTONE_CONFIG` names, or `waystone.yaml` in the current
    folder where there is one. An empty variable counts as unset.

    Raises `ConfigurationError`.
    """
    document = _document(config_path, environ)
    variables = _variables(document, environ, rows)
    origins = Origins(document, {path: name for name, path in variables.items()})
    given: dict[str, Any] = {}
    for name, path in variables.items():
        _put(given, path, environ[name])
    defaults = {} if "data_dir" in given or "data_dir" in document.values else _default_folder(environ)
    layers = (given, document.values, defaults)
    sources = tuple(InitSettingsSource(Settings, init_kwargs=layer) for layer in layers)
    try:
        # The parameter is pydantic-settings' own; type checkers see fields only.
        settings = Settings(_build_sources=(sources, {}))  # type: ignore[call-arg]
    except ValidationError as error:
        # Never `from error`: what pydantic shows of its input may be a key.
        raise origins.error(translate(error, Settings)) from None
    if problems := list(_provider_problems(settings.providers, rows)):
        raise origins.error(problems)
    return settings


def describe(settings: Settings) -> dict[str, Any]:
    """The settings as plain values for a person to read; a secret is `***`."""
    shown = {name: _plain(value) for name, value in settings}
    for password in _PASSWORDS:
        shown["database_url"] = password.sub(rf"\g<1>{_MASK}", shown["database_url"])
    return shown


def _plain(value: Any) -> Any:
    match value:
        case SecretStr():
            return _MASK
        case BaseModel():
            return {name: _plain(part) for name, part in value}
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case Path():
            return str(value)
        case _:
            return value


def _document(config_path: Path | None, environ: Mapping[str, str]) -> Document:
    named = config_path or environ.get("WAYSTONE_CONFIG")
    if named:
        return read(Path(named), environ)
    try:
        is_there = FILE.exists()
    except OSError:
        is_there = True  # reading it says what is wrong
    return read(FILE, environ) if is_there else Document()


def _variables(document: Document, environ: Mapping[str, str], rows: Mapping[str, Row]) -> dict[str, KeyPath]:
    """The variables that are set, and what each of them sets."""
    known = dict(VARIABLES)
    in_file = document.values.get("providers") or {}
    # What is no mapping is a mistake in the file, to be told of and not to be covered.
    for name, row in rows.items() if isinstance(in_file, dict) else ():
        is_on = name in in_file or (row.key_variable and environ.get(row.key_variable))
        if row.key_variable and is_on:
            known[row.key_variable] = ("providers", name, "api_key")
        if row.base_url_variable and is_on:
            known[row.base_url_variable] = ("providers", name, "base_url")
    return {name: path for name, path in known.items() if environ.get(name)}


def _put(tree: dict[str, Any], path: KeyPath, value: str) -> None:
    *parents, last = path
    for part in parents:
        tree = tree.setdefault(str(part), {})
    tree[str(last)] = value


def _default_folder(environ: Mapping[str, str]) -> dict[str, Any]:
    base = Path(environ.get("XDG_DATA_HOME") or "")
    if not base.is_absolute():
        base = Path(environ.get("HOME") or "~") / ".local" / "share"
    return {"data_dir": base / "waystone"}


def _provider_problems(providers: Mapping[str, ProviderSettings], rows: Mapping[str, Row]) -> Iterator[Problem]:
    for name, provider in providers.items():
        path = ("providers", name)
        if not _PROVIDER_NAME.fullmatch(name):
            yield (
                path,
                "expected a name of a to z, 0 to 9, '.', '_' and '-' that begins with a letter or a digit",
            )
        elif name == _EMBEDDED:
            yield path, "expected another name; turn the embedded model off by `embedded: {enabled: false}`"
        elif name not in rows and not (provider.dialect and provider.base_url):
            yield (
                path,
                "expected dialect and base_url, because this provider is not known by name"
                f"{nearest(name, rows)} (known: {', '.join(rows)})",
            )
