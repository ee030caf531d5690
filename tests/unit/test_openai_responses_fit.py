"""A Responses request is fitted to the provider that it goes to."""

from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.openai_responses import OpenAIResponses
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.errors import InvalidRequest
from gateway.providers import ROWS
from gateway.surfaces.openai_responses import OpenAIResponsesSurface

DIALECT, SURFACE = OpenAIResponses(), OpenAIResponsesSurface()
NAMES = sorted(name for name, row in ROWS.items() if DIALECT.name in row.dialects)
DEVELOPER = {"type": "message", "role": "developer", "content": "Be brief."}


def fitted(provider: str, model: str, /, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    facts = ROWS[provider].profile(ResponsesProfile).of(model)
    body: Any = {"model": model, "input": "Hi", **fields}
    outbound = DIALECT.encode(SURFACE.read(body), Origin(provider, model, facts))
    return orjson.loads(outbound.body), list(outbound.dropped)


def test_sampling_is_left_out_for_models_that_reason() -> None:
    assert fitted("openai", "gpt-5", temperature=0.2)[1] == ["temperature"]
    assert fitted("openai", "gpt-5.2", temperature=0.2)[1] == []
    assert fitted("openai", "gpt-5.2", temperature=0.2, reasoning={"effort": "low"})[1] == ["temperature"]
    assert fitted("openai", "gpt-4.1", temperature=0.2)[0]["temperature"] == 0.2


@pytest.mark.parametrize(
    ("provider", "model", "effort", "expected"),
    [
        ("openai", "o3", "minimal", "low"),
        ("openai", "gpt-9", "none", "low"),
        ("openai", "another", "utmost", "utmost"),
        ("xai", "grok-3-mini", "medium", "high"),
        ("xai", "grok-4.5", "none", "low"),
        ("openrouter", "a/b", "max", "xhigh"),
    ],
)
def test_effort_is_one_that_the_model_knows(provider: str, model: str, effort: str, expected: str) -> None:
    sent, dropped = fitted(provider, model, reasoning={"effort": effort, "summary": "auto"})
    assert (sent["reasoning"], dropped) == ({"effort": expected, "summary": "auto"}, [])


def test_effort_that_no_word_is_known_for_is_left_out_and_said() -> None:
    sent, dropped = fitted("xai", "grok-code-fast-1", reasoning={"effort": "low"})
    assert ("reasoning" in sent, dropped) == (False, ["reasoning.effort"])
    assert fitted("xai", "grok-code-fast-1", reasoning={"effort": "low", "summary": "auto"})[0]["reasoning"] == {
        "summary": "auto"
    }


def test_developer_speaks_as_system_where_there_is_none() -> None:
    assert fitted("xai", "grok-4.3", input=[DEVELOPER])[0]["input"][0]["role"] == "system"
    assert fitted("openai", "gpt-5", input=[DEVELOPER])[0]["input"][0]["role"] == "developer"


def test_image_by_its_address_is_refused_where_nothing_is_fetched() -> None:
    def asked(url: str) -> list[dict[str, Any]]:
        return [{"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": url}]}]

    assert fitted("openai", "gpt-5", input=asked("https://example.org/a.png"))[1] == []
    assert fitted("lmstudio", "m", input=asked("data:image/png;base64,AA=="))[1] == []
    with pytest.raises(InvalidRequest) as refused:
        fitted("lmstudio", "m", input=asked("https://example.org/a.png"))
    assert refused.value.param == "input[0].content[0]"
    assert "data: URL" in refused.value.message


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_ever_kept_by_the_provider(name: str) -> None:
    assert fitted(name, "m", store=True)[0]["store"] is False


def test_native_bodies_are_held_to_what_the_row_refuses_drops_and_caps() -> None:
    facts = ResponsesProfile(refused=frozenset({"n"}), dropped=frozenset({"verbosity", "store"}), max_answer_tokens=50)

    def encoded(**fields: Any) -> tuple[dict[str, Any], list[str]]:
        body: Any = {"model": "m", "input": "Hi", **fields}
        outbound = DIALECT.encode(SURFACE.read(body), Origin("lab", "m", facts))
        return orjson.loads(outbound.body), list(outbound.dropped)

    sent, dropped = encoded(text={"verbosity": "low", "format": {"type": "json_object"}}, max_output_tokens=100, n=1)
    assert (sent["text"], sent["max_output_tokens"], sent["store"]) == ({"format": {"type": "json_object"}}, 50, False)
    assert ("n" in sent, dropped) == (False, ["max_output_tokens", "text.verbosity"])
    assert encoded(max_output_tokens=20)[0]["max_output_tokens"] == 20
    with pytest.raises(InvalidRequest, match="lab has no n, and without it the answer") as caught:
        encoded(n=2)
    assert caught.value.param == "n"


ROUTING = {"only": ["openai"]}


def test_openrouters_choice_among_its_providers_goes_there_and_a_providers_name_does_not() -> None:
    assert fitted("openrouter", "openai/gpt-5.6-sol", provider=ROUTING)[0]["provider"] == ROUTING
    assert "provider" not in fitted("openrouter", "openai/gpt-5.6-sol", provider="openrouter")[0]
    for told, name in ((ROUTING, None), ("lab", "lab"), (None, None)):
        body: Any = {"model": "m", "input": "Hi", "provider": told}
        assert SURFACE.read(body).provider == name


@pytest.mark.parametrize(("dialect", "dropped"), [("openai-chat", []), ("anthropic-messages", ["provider"])])
def test_openrouters_choice_is_the_same_in_its_chat_and_is_said_where_it_is_left_out(
    dialect: str, dropped: list[str]
) -> None:
    body: Any = {"model": "m", "input": "Hi", "provider": ROUTING}
    outbound = DIALECTS[dialect].encode(SURFACE.read(body), Origin("lab", "m"))
    assert orjson.loads(outbound.body).get("provider") == (None if dropped else ROUTING)
    assert [*outbound.dropped] == dropped
