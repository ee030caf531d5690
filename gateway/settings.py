"""The settings: environment over waystone.yaml over defaults. The only module that reads the environment."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import InitSettingsSource

from gateway.configuration import ConfigurationError, Document, KeyPath, dotted, read
from gateway.options import EmbeddedSettings, ProviderSettings, Settings, Timeouts, known_names, option
from gateway.providers import ROWS, Row

__all__ = ["ConfigurationError", "EmbeddedSettings", "ProviderSettings", "Settings", "Timeouts", "describe", "load"]

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

_MOST_PROBLEMS = 20
_PROVIDER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_URL_PASSWORD = re.compile(r"(://[^:/@]*:).*(?=@)|(?<=[?&]password=)[^&]*")
_MASK = "***"


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
    origins = _Origins(document, {})
    given = _from_environment(environ, rows, origins)
    defaults = {"data_dir": given.get("data_dir") or document.values.get("data_dir") or _data_folder(environ)}
    layers = (given, document.values, defaults)
    sources = tuple(InitSettingsSource(Settings, layer) for layer in layers)
    try:
        settings = Settings(_build_sources=(sources, {}))
    except ValidationError as error:
        # Never `from error`: pydantic's own message shows what it read, and that may be a key.
        raise _error(origins, _translated(error)) from None
    if problems := list(_provider_problems(settings.providers, rows)):
        raise _error(origins, problems)
    return settings


def describe(settings: Settings) -> dict[str, Any]:
    """The settings as plain values for a person to read; a secret is `***`."""
    shown = {name: _plain(value) for name, value in settings}
    shown["database_url"] = _URL_PASSWORD.sub(rf"\g<1>{_MASK}", settings.database_url)
    return shown
