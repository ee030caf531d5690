"""The settings: environment over waystone.yaml over defaults. The only module that reads the environment."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError

from gateway.providers import ROWS, Row
from gateway.providers.address import address
from gateway.redaction import without_secrets
from gateway.settings.background import BackgroundSettings
from gateway.settings.bounds import Bounds
from gateway.settings.compaction import CompactionSettings
from gateway.settings.cors import CorsSettings
from gateway.settings.document import ConfigurationError, Document, KeyPath, read
from gateway.settings.idempotency import IdempotencySettings
from gateway.settings.models import BreakerSettings, Models, ModelSettings, Retries, Target, model_problems
from gateway.settings.options import (
    GATEWAY_KEY,
    PAUSE,
    AbsolutePath,
    DatabaseAddress,
    GatewayKey,
    Number,
    Pause,
    Section,
    Text,
    filled,
    lower,
)
from gateway.settings.problems import Origins, translate
from gateway.settings.prompts import PromptSettings, prompt_model_problems, prompt_problems
from gateway.settings.providers import ProviderSettings, Timeouts, provider_problems
from gateway.settings.variables import VARIABLES, variables
from gateway.wire.proxies import NO_PROXIES, Proxies, proxies_of

__all__ = [
    "VARIABLES",
    "BreakerSettings",
    "ConfigurationError",
    "EmbeddedSettings",
    "IdempotencySettings",
    "ModelSettings",
    "ProviderSettings",
    "Retries",
    "Settings",
    "Target",
    "Timeouts",
    "describe",
    "load",
]

FILE = Path("waystone.yaml")

_EMBEDDED = "embedded"
_PASSWORDS = (re.compile(r"(://[^:/@]*:).*(?=@)", re.S), re.compile(r"([?&]\w*password=)[^&]*", re.I))
_MASK = "***"


class EmbeddedSettings(Section):
    """The demonstration model that runs on this machine."""

    enabled: bool = Field(default=True, description="true or false")
    """Whether the demonstration model is there."""


class Settings(Section):
    """What the gateway runs with. Built once, by `load`, and handed down.

    The docstrings of settings, here and in the sections below, are the tables of README.md and docs/configuration.md.
    """

    host: Text = Field(default="127.0.0.1", description="the name or address to listen on")
    """Where the server listens. The default is reached from this machine only."""
    port: Annotated[int, Number] = Field(default=3000, ge=0, le=65_535, description="a whole number from 0 to 65535")
    """The port that it listens on."""
    workers: Annotated[int, Number] = Field(default=1, ge=1, le=256, description="a whole number from 1 to 256")
    """Worker processes."""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lower)] = Field(
        default="info", description="debug, info, warning or error"
    )
    """The lowest level that is logged. `info` has a line for each request, the access log."""
    log_format: Annotated[Literal["auto", "json", "text"], BeforeValidator(lower)] = Field(
        default="auto", description="auto, json or text"
    )
    """Lines for programs (`json`) or for a person (`text`); `auto` means text on a terminal, and json elsewhere."""
    log_libraries: bool = Field(default=False, description="true or false")
    """Whether the lines of libraries are logged from that level on; else only their warnings and errors are."""
    data_dir: AbsolutePath = Field(description="the path of a folder")
    """The folder for state. [`~/.local/share/waystone`]"""
    database_url: DatabaseAddress = Field(
        default_factory=lambda data: f"sqlite:///{quote(str(data['data_dir']))}/waystone.db",
        repr=False,
        description="sqlite:///path/to/file or postgresql://user:password@host/database",
    )
    """The database for state. [an SQLite file in that folder]"""
    api_key: GatewayKey = Field(default=None, description=GATEWAY_KEY)
    """A gateway key to accept from the start. [none]"""
    max_body_bytes: Annotated[int, Number] = Field(
        default=20 * 1024 * 1024, ge=1, le=2**31, description="a whole number of bytes from 1 to 2147483648"
    )
    """Larger requests get a 413."""
    unready_seconds: Pause = Field(default=0, description=PAUSE)
    """From SIGTERM on, `/health/ready` answers 503 and requests are served as before for so long, before the port is
    closed: what a load balancer needs to send nothing more. Ctrl-C does not wait for it."""
    drain_seconds: Pause = Field(default=30, description=PAUSE)
    """What answers that are under way have to end when the port is closed. Then they end as failures."""
    lease_seconds: Annotated[float, Number] = Field(
        default=15, ge=2, le=600, allow_inf_nan=False, description="seconds, from 2 to 600"
    )
    """How long a process may give no sign of life until others take over what it worked on for clients that need not
    be there: responses in the background, and requests with an `Idempotency-Key`."""
    retention_days: Annotated[float, Number] = Field(
        default=30, gt=0, le=36_500, allow_inf_nan=False, description="days, over 0 and at most 36500"
    )
    """How long responses are kept. Conversations are kept until they are deleted."""
    on_disconnect: Annotated[Literal["abort", "drain", "background"], BeforeValidator(lower)] = Field(
        default="abort", description="abort, drain or background"
    )
    """What becomes of an answer whose client leaves: its upstream is cut (`abort`), it is made to its end, accounted
    and stored as if its client were there (`drain`), or it goes on as a response in the background (`background`). A
    key may have a value of its own."""
    may_choose_on_disconnect: bool = Field(default=False, description="true or false")
    """Whether requests may choose that by the header `x-waystone-on-disconnect`, with keys that have no value of their
    own."""
    compaction: Annotated[CompactionSettings, BeforeValidator(filled)] = Field(
        default=CompactionSettings(), description="model or threshold"
    )
    idempotency: Annotated[IdempotencySettings, BeforeValidator(filled)] = Field(
        default=IdempotencySettings(), description="a mapping, such as `retention_hours: 24`"
    )
    embedded: Annotated[EmbeddedSettings, BeforeValidator(filled)] = Field(
        default=EmbeddedSettings(), description="a mapping, `enabled: true` or `enabled: false`"
    )
    providers: Annotated[dict[str, Annotated[ProviderSettings, BeforeValidator(filled)]], BeforeValidator(filled)] = (
        Field(default={}, description="the names of providers, each with its settings, such as `api_key: ${KEY}`")
    )
    """The providers by name, as below. [those that the environment turns on]"""
    models: Models = Field(default={}, description="names of models, each with its targets or its fallbacks")
    """Names that stand for models, as below. [none]"""
    prompts: Annotated[dict[str, PromptSettings], BeforeValidator(filled)] = Field(
        default={}, description="ids of prompts, each with its versions"
    )
    """Prompt templates by their ids, as below. [none]"""
    retries: Annotated[Retries, BeforeValidator(filled)] = Field(
        default=Retries(), description="attempts or longest_wait, each with a number"
    )
    bounds: Annotated[Bounds, BeforeValidator(filled)] = Field(
        default=Bounds(), description="a mapping: request, answer_schema or connections, each with its bounds"
    )
    """How much one caller may ask for, as below."""
    background: Annotated[BackgroundSettings, BeforeValidator(filled)] = Field(
        default=BackgroundSettings(), description="a mapping, such as `running: 100`"
    )
    breaker: Annotated[BreakerSettings, BeforeValidator(filled)] = Field(
        default=BreakerSettings(), description="failures or seconds, each with a number"
    )
    cors: Annotated[CorsSettings, BeforeValidator(filled)] = Field(
        default=CorsSettings(), description="a mapping, such as `origins: [https://app.example.com]`"
    )
    _proxies: Proxies = PrivateAttr(default=NO_PROXIES)

    @property
    def proxies(self) -> Proxies:
        """Those of the environment, which are no part of the configuration."""
        return self._proxies


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
    found = variables(document.values, environ, rows)
    origins = Origins(document, found)
    given: dict[str, Any] = {}
    for path, name in found.items():
        _put(given, path, environ[name])
    defaults = {} if "data_dir" in given or "data_dir" in document.values else _default_folder(environ)
    try:
        settings = Settings.model_validate(_over(given, _over(document.values, defaults)))
    except ValidationError as error:
        # Never `from error`: what pydantic shows of its input may be a key.
        raise origins.error(translate(error, Settings)) from None
    names = [*settings.providers, *([_EMBEDDED] if settings.embedded.enabled else ())]
    problems = [*provider_problems(settings.providers, rows), *model_problems(settings.models, names)]
    problems += [*prompt_problems(settings.prompts), *prompt_model_problems(settings.prompts, names, settings.models)]
    if problems:
        raise origins.error(problems)
    settings._proxies = proxies_of(environ)
    return settings


def describe(settings: Settings, rows: Mapping[str, Row] = ROWS) -> dict[str, Any]:
    """The settings as plain values for a person to read, what a provider's row says among them; a secret is `***`."""
    shown = {name: _plain(value) for name, value in settings}
    shown["providers"] = {
        name: _in_force(provider, provider.row(name, rows)) for name, provider in settings.providers.items()
    }
    # Tools may hold secrets, under names that only their servers know.
    shown["prompts"] = without_secrets(shown["prompts"])
    for password in _PASSWORDS:
        shown["database_url"] = password.sub(rf"\g<1>{_MASK}", shown["database_url"])
    return shown


def _in_force(provider: ProviderSettings, row: Row) -> dict[str, Any]:
    """One provider's settings, with its dialects and its address; what is neither said nor known is left out."""
    shown = {name: _plain(value) for name, value in provider if value is not None}
    base_url, _ = address(row, provider.base_url, provider.given())
    return {"dialect": list(row.dialects), **shown, "base_url": base_url}


def _plain(value: Any) -> Any:
    match value:
        case SecretStr():
            return _MASK
        case BaseModel():
            return {name: _plain(part) for name, part in value if part is not None}
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case list():
            return [_plain(part) for part in value]
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


def _over(upper: Mapping[str, Any], lower: Mapping[str, Any]) -> dict[str, Any]:
    """What both say; where they say different things, the upper one. Mappings are put together key by key."""
    merged = {**lower, **upper}
    for name, value in upper.items():
        below = lower.get(name)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[name] = _over(value, below)
    return merged


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
