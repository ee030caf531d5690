"""The person and organisation behind a request, as `metadata.waystone` names them."""

from collections.abc import Mapping

import orjson

from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject
from gateway.neutral.values import value

END_USER = "waystone"
PARAM = "metadata.waystone"
# Stored with every user and group it names; OpenAI's 512 characters for a metadata value do not hold for it.
MAX_CHARACTERS = 65_536

_EXPECTED = (
    'Expected a JSON object in a string, such as {"user": "user123", "group": {"id": "group123", "metadata": {}}}; '
    "user and group are each an id or an object with an id and optional metadata."
)


@value
class Entity:
    """A user or a group. `metadata` is None where the request gave none, which leaves the stored one as it is."""

    id: str
    metadata: JsonObject | None = None


@value
class EndUser:
    """Whom a request is accounted to. Naming both links the user to the group."""

    user: Entity | None = None
    group: Entity | None = None


def split_end_user(metadata: Mapping[str, str]) -> tuple[EndUser | None, Mapping[str, str]]:
    """The end user in a request's metadata, and the metadata without it: they go to no upstream.

    Raises `InvalidRequest` with `param` "metadata.waystone" if it is not a JSON document of the expected shape.
    """
    text = metadata.get(END_USER)
    if text is None:
        return None, metadata
    return _read(text), {name: value for name, value in metadata.items() if name != END_USER}


def _read(text: str) -> EndUser:
    if len(text) > MAX_CHARACTERS:
        raise _refusal(f" is longer than {MAX_CHARACTERS} characters")
    try:
        document: Json = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _refusal(f" is not JSON ({error})") from None
    if not isinstance(document, dict):
        raise _refusal(" is not a JSON object")
    unknown = document.keys() - {"user", "group"}
    if unknown:
        raise _refusal(f" has an unknown key {min(unknown)[:80]!r}")
    return EndUser(_entity(document, "user"), _entity(document, "group"))


def _entity(document: JsonObject, name: str) -> Entity | None:
    value = document.get(name)
    if value is None:
        return None
    identity, metadata = (value, None) if isinstance(value, str) else _parts(value, name)
    if not isinstance(identity, str) or not 0 < len(identity) <= 256 or "\x00" in identity:
        raise _refusal(f": the id of {name} must be a string of 1 to 256 characters")
    return Entity(identity, metadata)


def _parts(value: Json, name: str) -> tuple[Json, JsonObject | None]:
    if not isinstance(value, dict):
        raise _refusal(f": {name} must be a string or an object")
    metadata = value.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise _refusal(f": the metadata of {name} must be an object")
    if not _can_be_stored(metadata):
        raise _refusal(f": the metadata of {name} is nested too deeply")
    return value.get("id"), metadata


def _can_be_stored(metadata: JsonObject | None) -> bool:
    """Whether it can be written again: more can be read than written, and a row that cannot is lost."""
    try:
        orjson.dumps(metadata)
    except orjson.JSONEncodeError:
        return False
    return True


def _refusal(what: str) -> InvalidRequest:
    return InvalidRequest(f"metadata.waystone{what}. {_EXPECTED}", param=PARAM, code="invalid_value")
