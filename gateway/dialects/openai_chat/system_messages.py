"""Gives the messages of the system and of a developer the roles and the places in which an upstream takes them."""

from collections.abc import Mapping, Sequence

from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.neutral.json import Json, JsonObject, list_or_empty, texts_in

_BETWEEN = "\n\n"
_ROLES = ("system", "developer")


def with_roles(messages: Sequence[JsonObject], profile: ChatProfile) -> list[JsonObject]:
    """The messages with roles that this upstream knows where they stand, and one of the system where it takes one."""
    named = {"system": "system", "developer": "developer" if profile.takes_developer_role else "system"}
    first = {"anywhere": len(messages), "first": _count_leading(messages), "none": 0}[profile.system_messages]
    unknown = dict.fromkeys(named, "user")
    renamed = [_with_role(message, named if i < first else unknown) for i, message in enumerate(messages)]
    return _with_one_leading(renamed) if profile.system_messages == "first" else renamed


def with_one_system(messages: list[JsonObject]) -> list[JsonObject]:
    """The messages, which nobody else has, with one of the system's in front and none of a developer's.

    OpenAI reads both roles alike.
    """
    for message in messages:
        if message["role"] == "developer":
            message["role"] = "system"
    return _with_one_leading(messages)


def _with_one_leading(messages: list[JsonObject]) -> list[JsonObject]:
    """The messages with those of the system in front as one, since templates such as Qwen's refuse a second.

    Empty ones add nothing to it; where all are empty there is none.
    """
    count = _count_leading(messages)
    if not count:
        return messages
    leading = [message for message in messages[:count] if _has_content(message)]
    if len(leading) == count and count < 2:
        return messages
    if len(leading) < 2:
        # A request of nothing else is its upstream's to refuse.
        return [*leading, *messages[count:]] or messages
    contents = [message.get("content") for message in leading]
    texts = texts_in(contents)
    content: Json = _BETWEEN.join(texts)
    if len(texts) < len(contents):
        # Parts with something attached stay parts.
        parts: list[Json] = []
        for one in contents:
            parts += [{"type": "text", "text": one}] if isinstance(one, str) else list_or_empty(one)
        content = parts
    # What only some of them say of themselves, such as a name, is none of the whole.
    shared = {name: value for name, value in leading[0].items() if all(one.get(name) == value for one in leading)}
    return [{**shared, "role": leading[0]["role"], "content": content}, *messages[count:]]


def _count_leading(messages: Sequence[JsonObject]) -> int:
    """How many messages of the system's stand before all others."""
    for i, message in enumerate(messages):
        if message.get("role") not in _ROLES:
            return i
    return len(messages)


def _has_content(message: JsonObject) -> bool:
    content = message.get("content")
    if not isinstance(content, list):
        return bool(content)
    return any(not (isinstance(part, dict) and part.get("type") == "text" and not part.get("text")) for part in content)


def _with_role(message: JsonObject, roles: Mapping[str, str]) -> JsonObject:
    role = message.get("role")
    known = roles.get(role, role) if isinstance(role, str) else role
    return message if known == role else {**message, "role": known}
