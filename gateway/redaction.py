"""Takes the means to enter other systems out of tools and items, before they are repeated or kept.

Which fields hold them is known by their names alone, wherever they stand: providers have more types of tools than
anybody has listed, and clients write types and names as they like.
"""

import re
from collections.abc import Collection
from enum import Enum, auto
from functools import lru_cache
from urllib.parse import urlsplit

from gateway.neutral.json import Json, JsonObject

HIDDEN = "<redacted>"
# What is nested deeper cannot be written as JSON, and is refused where that is tried.
_DEEPEST = 254

_NOT_OF_NAMES = re.compile(r"[^a-z0-9]+")
_DIGITS = "0123456789"
# By what the name of a secret ends, in lower case and without what separates its words.
_SECRETS = (
    *(
        "authorization",
        "authentication",
        "auth",
        "token",
        "secret",
        "secrets",
        "password",
        "passwd",
        "passphrase",
        "pwd",
    ),
    *("credential", "credentials", "passwords", "bearer", "jwt", "cookie", "cookies", "connectionstring"),
    *("apikey", "apikeys", "accesskey", "accesskeyid", "secretkey", "privatekey", "authkey", "signingkey"),
    *("subscriptionkey", "functionskey", "encryptionkey", "sharedkey", "masterkey", "servicekey"),
)
# Words behind such a name that leave it one, as in `token_value`.
_BEHIND = ("value", "header", "string", "text")
# Tokens that are text, or the place in a list: nothing is entered with them.
_ORDINARY = frozenset(
    f"{word}token" for word in ("next", "page", "nextpage", "continuation", "bos", "eos", "pad", "stop", "unk", "sep")
)
_LONGEST_NAME = 128
_PASSWORD_IN_ADDRESS = re.compile(r"(?<=://)[^/?#\s]*@")

_SCHEMAS = frozenset({"parameters", "input_schema", "inputSchema", "output_schema", "outputSchema", "schema"})
# Of a schema: what has names of the caller's for its keys.
_NAMES = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})

_WRITTEN = frozenset({"content", "summary", "arguments", "input", "output", "outputs", "results", "action", "code"})
"""Of an item of a known type: what was written by a model or a person, or has come of a call. It stays as it is."""


class _Kind(Enum):
    ORDINARY = auto()
    SECRET = auto()
    HEADERS = auto()
    """Names with values, each of which may be a secret."""
    DOMAIN_SECRETS = auto()
    """A list of secrets, each with a name that is none."""
    SERVER = auto()
    """The address of a server, which may hold a key."""


class _Place(Enum):
    """What the keys of an object are."""

    FIELDS = auto()
    SCHEMA = auto()
    NAMES = auto()
    """Names of properties, whose values are schemas."""


def without_secrets(tool: JsonObject) -> JsonObject:
    """A tool, or anything that holds tools, without tokens, header values, secrets of domains and keys in addresses.

    A tool server's user sends them anew with each request, as with OpenAI; no reply has to hold them.
    """
    return _object(tool, _Place.FIELDS, removes=False)


def without_entrances(item: JsonObject, known: Collection[str] = ()) -> JsonObject:
    """The same for an item that is kept and sent on one day: secrets are removed, and nothing takes their place.

    `known` are the types of items in which what was written stays as it is.
    """
    kind = item.get("type")
    if isinstance(kind, str) and (kind in known or kind.endswith("_call")):
        written = item.keys() & _WRITTEN
        rest = {name: value for name, value in item.items() if name not in written}
        kept = _object(rest, _Place.FIELDS, removes=True)
        return {name: item[name] if name in written else kept[name] for name in item if name in written or name in kept}
    return _object(item, _Place.FIELDS, removes=True)


def _object(given: JsonObject, place: _Place, *, removes: bool, depth: int = 0) -> JsonObject:
    if depth > _DEEPEST:
        return given
    copied: JsonObject = {}
    for name, value in given.items():
        kind = _kind(name) if len(name) <= _LONGEST_NAME else _kind(name[-_LONGEST_NAME:])
        is_schema = place is _Place.NAMES and isinstance(value, dict | bool)
        if kind is _Kind.ORDINARY or is_schema or value is None or isinstance(value, bool):
            copied[name] = _value(value, _inner(name, place), removes, depth + 1)
        elif kind is _Kind.SERVER:
            copied[name] = _plain(value) if isinstance(value, str) else _value(value, place, removes, depth + 1)
        elif kind is not _Kind.SECRET and not removes:
            copied[name] = _masked(value, kind)
    return copied


def _value(value: Json, place: _Place, removes: bool, depth: int) -> Json:
    match value:
        case dict():
            return _object(value, place, removes=removes, depth=depth)
        case list() if depth <= _DEEPEST:
            return [_value(part, place, removes, depth + 1) for part in value]
        case str() if "://" in value and "@" in value:
            return _PASSWORD_IN_ADDRESS.sub("", value)
        case _:
            return value


def _inner(name: str, place: _Place) -> _Place:
    """What the keys of an object are that stands under this name."""
    if place is _Place.FIELDS:
        return _Place.SCHEMA if name in _SCHEMAS else place
    if place is _Place.NAMES:
        return _Place.SCHEMA
    return _Place.NAMES if name in _NAMES else place


@lru_cache(maxsize=2048)
def _kind(name: str) -> _Kind:
    plain = _NOT_OF_NAMES.sub("", name.lower()).rstrip(_DIGITS)
    if plain == "domainsecrets":
        return _Kind.DOMAIN_SECRETS
    if plain.endswith("headers"):
        return _Kind.HEADERS
    if plain == "serverurl":
        return _Kind.SERVER
    bare = next((plain.removesuffix(word) for word in _BEHIND if plain.endswith(word)), plain)
    is_secret = plain.endswith(_SECRETS) or bare.endswith(_SECRETS)
    return _Kind.SECRET if is_secret and bare not in _ORDINARY else _Kind.ORDINARY


def _masked(value: Json, kind: _Kind) -> Json:
    """The names of headers, and the domains and names of secrets, without what stands for them."""
    if kind is _Kind.HEADERS and isinstance(value, dict):
        return {name: HIDDEN for name in value}
    if kind is _Kind.DOMAIN_SECRETS and isinstance(value, list):
        return [
            {name: part if name in ("domain", "name") else HIDDEN for name, part in entry.items()}
            if isinstance(entry, dict)
            else HIDDEN
            for entry in value
        ]
    return HIDDEN


def _plain(address: str) -> str:
    """An address without user, password, query and fragment; one that cannot be read is not shown."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return HIDDEN
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
