"""Messages of the system and of a developer have the role, the place and the number that a server takes."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin
from gateway.dialects.profiles.openai_chat import ChatProfile
from tests.unit.chat_fit import DIALECT, HI, asked


@pytest.mark.parametrize(
    ("messages", "takes_developer", "roles"),
    [
        ("anywhere", True, ["system", "developer", "user", "system", "developer"]),
        ("anywhere", False, ["system", "system", "user", "system", "system"]),
        ("first", True, ["system", "developer", "user", "user", "user"]),
        ("first", False, ["system", "system", "user", "user", "user"]),
        ("none", True, ["user", "user", "user", "user", "user"]),
        ("none", False, ["user", "user", "user", "user", "user"]),
    ],
)
@pytest.mark.parametrize("is_native", [False, True], ids=["translated", "native"])
def test_system_messages_have_a_role_that_is_taken_where_they_stand(
    messages: Any, takes_developer: bool, roles: list[str], is_native: bool
) -> None:
    facts = ChatProfile(system_messages=messages, takes_developer_role=takes_developer)
    given = ["system", "developer", "user", "system", "developer"]
    generation = asked(messages=[{"role": role, "content": f"{number}"} for number, role in enumerate(given)])
    generation = generation if is_native else replace(generation, dialect=None)
    sent = orjson.loads(DIALECT.encode(generation, Origin("lab", "m", facts)).body)["messages"]
    if is_native and messages != "first":
        assert [message["role"] for message in sent] == roles
        assert [message["content"] for message in sent] == ["0", "1", "2", "3", "4"]
    else:
        # The first two are one.
        assert [message["role"] for message in sent] == [role.replace("developer", "system") for role in roles[1:]]
        assert [message["content"] for message in sent] == ["0\n\n1", "2", "3", "4"]


_EITHER_ROLE = ("system", "developer", "system")
_EMPTY_PART: Any = {"type": "text", "text": ""}
_MARKED: Any = {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        (["a"], ["a"]),
        (["a", "b"], ["a\n\nb"]),
        (["", "b"], ["b"]),
        (["a", "", "c"], ["a\n\nc"]),
        ([""], []),
        (["", ""], []),
        ([[_EMPTY_PART], ""], []),
        (["a", [_MARKED], ""], [[{"type": "text", "text": "a"}, _MARKED]]),
    ],
)
@pytest.mark.parametrize("is_native", [False, True], ids=["translated", "native"])
def test_system_messages_in_front_are_one_where_a_server_takes_them_only_there(
    contents: Any, expected: Any, is_native: bool
) -> None:
    facts = ChatProfile(system_messages="first", takes_developer_role=False)
    leading: Any = [{"role": role, "content": content} for role, content in zip(_EITHER_ROLE, contents, strict=False)]
    generation = asked(messages=[*leading, *HI])
    generation = generation if is_native else replace(generation, dialect=None)
    sent = orjson.loads(DIALECT.encode(generation, Origin("lab", "m", facts)).body)["messages"]
    assert sent == [*({"role": "system", "content": content} for content in expected), *HI]
    # Where they may stand anywhere, native chat goes as it came.
    if is_native:
        assert orjson.loads(DIALECT.encode(generation, Origin("lab", "m")).body)["messages"] == [*leading, *HI]
