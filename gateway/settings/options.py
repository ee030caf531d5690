"""The kinds of values that settings have, and how what was written becomes one."""

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from gateway.wire.request import UNIX

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DATABASE_URL = re.compile(r"(sqlite|postgres|postgresql)(\+\w+)?://")


class Section(BaseModel):
    """Settings that stand together. None of them can be changed, and none is there that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def lower(value: Any) -> Any:
    """`INFO` for `info`."""
    return value.lower() if isinstance(value, str) else value


def filled(value: object) -> object:
    """`openai:` with nothing below it is a mapping without keys."""
    return {} if value is None else value


def stripped(value: Any) -> Any:
    """A text without space around it; an empty one says nothing."""
    return value.strip() or None if isinstance(value, str) else value


def listed(value: Any) -> Any:
    """One text for a list of it."""
    return [value] if isinstance(value, str) else value


def header_names(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    """Refuse what no header can be called."""
    if not all(_HEADER_NAME.fullmatch(name) for name in headers):
        raise ValueError("not a header name")
    return headers


def _not_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("yes and no are no numbers")
    return value


def _sendable(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not (text.isascii() and text.isprintable()):
        raise ValueError("cannot be sent in a header")
    return secret


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme == UNIX:
        is_usable = unquote(parts.netloc).startswith("/")
    else:
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    if not is_usable or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("not a base URL")
    if not text.isprintable() or " " in text:
        raise ValueError("not a base URL")
    return text.rstrip("/")


def _database_address(text: str) -> str:
    if not _DATABASE_URL.match(text):
        raise ValueError("not a database URL")
    return text


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except (OSError, RuntimeError):  # no such user, or the current folder is gone
        raise ValueError("not a path that can be found") from None


Number = BeforeValidator(_not_bool)
Text = Annotated[str, Field(min_length=1)]
# What becomes a part of an address: no slash, no space, nothing that ends it.
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
Secret = Annotated[SecretStr, AfterValidator(_sendable)]
Key = Annotated[Secret | None, BeforeValidator(stripped)]
# It comes over the network, and nothing slows down who guesses it.
GatewayKey = Annotated[Annotated[Secret, Field(min_length=20)] | None, BeforeValidator(stripped)]
Seconds = Annotated[float, Number, Field(gt=0, le=86_400, allow_inf_nan=False)]
Pause = Annotated[float, Number, Field(ge=0, le=86_400, allow_inf_nan=False)]
Weight = Annotated[float, Number, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
DatabaseAddress = Annotated[str, AfterValidator(_database_address)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]

KEY = "a text of printable ASCII characters; digits alone need quotes"
GATEWAY_KEY = (
    "at least 20 printable ASCII characters that nobody can guess, such as those of `openssl rand -hex 24`; "
    "digits alone need quotes"
)
SECONDS = "seconds, over 0 and at most 86400"
PAUSE = "seconds, from 0 to 86400"
WEIGHT = "a share, a number from 0 to 1000000"
