"""Requests to Gemini: settings, turns, parts, and what is refused or left out."""

from typing import Any

import orjson
import pytest

from gateway.dialects.gemini.messages import STAND_IN
from gateway.providers import vertex
from tests.unit.gemini_bodies import HI, MIDDLE, TOOL, body, call, config, contents, output, refused, sent
from tests.unit.generations import Recovered


def test_settings_have_geminis_names() -> None:
    assert config(
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        n=2,
        max_completion_tokens=100,
        max_tokens=90,
        stop="END",
        presence_penalty=0.1,
        frequency_penalty=-0.1,
        seed=7,
        logprobs=True,
        top_logprobs=3,
    ) == {
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 40,
        "candidateCount": 2,
        "maxOutputTokens": 90,
        "stopSequences": ["END"],
        "presencePenalty": 0.1,
        "frequencyPenalty": -0.1,
        "seed": 7,
        "responseLogprobs": True,
        "logprobs": 3,
    }


def test_seed_beyond_32_bits_stays_one_seed() -> None:
    assert config(seed=2**40 + 5) == config(seed=2**40 + 5) == {"seed": 5}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"audio": {"voice": "a"}}, "audio"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"stop": list("abcdef")}, "stop"),
    ],
)
def test_what_changes_the_answer_and_has_no_place_is_refused(fields: dict[str, Any], param: str) -> None:
    error = refused(fields=fields)
    assert (error.param, error.code) == (param, "unsupported_parameter")
    assert error.message.startswith(("gemini has no", "gemini cannot take"))


def test_what_means_nothing_to_gemini_is_dropped_and_said() -> None:
    fields = {
        "user": "u",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "verbosity": "low",
        "prediction": {},
        "m": 1,
    }
    assert sorted(sent(fields=fields).dropped) == sorted(fields)
    assert sent(fields={"logprobs": False, "logit_bias": {}, "service_tier": "auto"}).dropped == []


def test_metadata_is_the_gateways() -> None:
    outbound = sent(metadata={"a": "b"})
    assert outbound.dropped == []
    assert orjson.loads(outbound.body).keys() == {"contents"}


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128}),
        ("gemini-2.5-pro", "low", {"thinkingBudget": 1024, "includeThoughts": True}),
        ("models/gemini-2.5-flash-lite", "high", {"thinkingBudget": 24576, "includeThoughts": True}),
        ("gemini-3-flash-preview", "minimal", {"thinkingLevel": "MINIMAL", "includeThoughts": True}),
        ("gemini-3-pro-preview", "minimal", {"thinkingLevel": "LOW", "includeThoughts": True}),
        ("gemini-3.1-pro-preview", "none", {"thinkingLevel": "LOW"}),
        ("gemini-9-ultra", "xhigh", {"thinkingLevel": "HIGH", "includeThoughts": True}),
        ("gemini-2.0-flash", "high", None),
        ("gemini-2.5-flash-image", "high", None),
    ],
)
def test_effort_is_a_budget_or_a_level(model: str, effort: str, expected: Any) -> None:
    assert config(model, reasoning_effort=effort).get("thinkingConfig") == expected
    assert ("reasoning_effort" in sent(model, fields={"reasoning_effort": effort}).dropped) == (expected is None)


def test_summary_that_is_asked_for_shows_the_thoughts() -> None:
    asked = {"reasoning": {"summary": "auto"}}
    outbound = sent(asked=asked)
    assert orjson.loads(outbound.body)["generationConfig"] == {"thinkingConfig": {"includeThoughts": True}}
    assert outbound.dropped == []


def test_geminis_own_words_pass_through() -> None:
    fields = {"cached_content": "cachedContents/1", "safetySettings": [], "image_config": {"aspectRatio": "1:1"}}
    told = body(fields=fields)
    assert (told["cachedContent"], told["safetySettings"]) == ("cachedContents/1", [])
    assert told["generationConfig"] == {"imageConfig": {"aspectRatio": "1:1"}}


def test_tier_is_a_field_of_the_gemini_api_and_a_header_of_vertex() -> None:
    assert body(fields={"service_tier": "flex"})["serviceTier"] == "flex"
    outbound = sent(row=vertex.ROW, fields={"service_tier": "priority"})
    assert outbound.headers == {"x-vertex-ai-llm-shared-request-type": "priority"}
    assert "serviceTier" not in orjson.loads(outbound.body)
    assert sent(fields={"service_tier": "scale"}).dropped == ["service_tier"]


def test_user_is_a_label_of_vertex_if_it_can_be_one() -> None:
    assert body(row=vertex.ROW, fields={"user": "user-7"})["labels"] == {"user": "user-7"}
    assert sent(row=vertex.ROW, fields={"user": "A person"}).dropped == ["user"]


def test_images_and_text_may_be_asked_for() -> None:
    assert config(modalities=["text", "image"]) == {"responseModalities": ["TEXT", "IMAGE"]}


def test_stream_asks_for_events() -> None:
    assert sent("a/../b", is_stream=True).path == "/models/a%2F..%2Fb:streamGenerateContent?alt=sse"
    assert sent("models/gemini-x").path == "/models/gemini-x:generateContent"
    assert sent("tunedModels/mine").path == "/tunedModels/mine:generateContent"


def test_system_texts_are_the_instruction_wherever_they_stand() -> None:
    items = [HI, {"type": "message", "role": "developer", "content": "Be brief."}]
    told = body(items=items, instructions="Be kind.")
    assert told["systemInstruction"] == {"parts": [{"text": "Be kind."}, {"text": "Be brief."}]}
    assert told["contents"] == [{"role": "user", "parts": [{"text": "Hi"}]}]


def test_turns_are_merged_and_begin_with_the_user() -> None:
    spoken = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello."}]}
    refusal = {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    assert contents(spoken, refusal, HI, HI) == [
        {"role": "user", "parts": [{"text": " "}]},
        {"role": "model", "parts": [{"text": "Hello."}, {"text": "No."}]},
        {"role": "user", "parts": [{"text": "Hi"}, {"text": "Hi"}]},
    ]


def test_empty_texts_are_never_sent() -> None:
    empty = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": ""}]}
    assert contents(empty) == [{"role": "user", "parts": [{"text": " "}]}]


def test_outputs_follow_their_calls_in_their_order() -> None:
    items = [
        HI,
        call("gemini_a", arguments='{"city":"Paris"}'),
        call("b"),
        output("b", "2"),
        output("gemini_a", '{"x":1}'),
    ]
    calls, outputs = contents(*items)[1:]
    assert [part["functionCall"] for part in calls["parts"]] == [
        {"name": "weather", "args": {"city": "Paris"}, "id": "a"},
        {"name": "weather", "args": {}},
    ]
    assert [part["functionResponse"] for part in outputs["parts"]] == [
        {"name": "weather", "response": {"x": 1}, "id": "a"},
        {"name": "weather", "response": {"result": "2"}},
    ]
    assert "thoughtSignature" not in calls["parts"][1]


def test_output_that_is_an_error_is_told_as_one() -> None:
    _, _, outputs = contents(HI, call("a"), {**output("a", "No."), "is_error": True})
    assert outputs["parts"][0]["functionResponse"]["response"] == {"error": "No."}


def test_image_in_an_output_follows_in_a_content_of_its_own() -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    *_, outputs, shown = contents(HI, call("a"), output("a", [{"type": "input_text", "text": "See."}, image]))
    assert outputs["parts"][0]["functionResponse"]["response"] == {"result": "See."}
    inline = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    assert shown == {"role": "user", "parts": [{"text": "Output of weather:"}, inline]}


def test_call_that_nobody_answered_has_an_answer_of_its_own() -> None:
    *_, outputs, _ = contents(HI, call("a"), call("b"), output("a", "1"), HI)
    assert len(outputs["parts"]) == 2


def test_lost_signature_has_a_stand_in_where_one_is_wanted() -> None:
    items = [HI, call("a"), call("b"), output("a", "1"), output("b", "2")]
    first, second = contents(*items)[1]["parts"]
    assert (first["thoughtSignature"], "thoughtSignature" in second) == (STAND_IN, False)
    assert all("thoughtSignature" not in part for part in contents(*items, model=MIDDLE)[1]["parts"])


def test_signatures_go_back_in_the_parts_that_they_came_in() -> None:
    def thought(**state: Any) -> dict[str, Any]:
        return Recovered({"type": "reasoning", "summary": []}, state)

    spoken = {"type": "message", "role": "assistant", "content": "Look."}
    ran = {"executableCode": {"code": "1"}, "thoughtSignature": "r"}
    items = [
        *(HI, thought(thought_signature="t", on="text"), spoken, thought(parts=[ran])),
        *(thought(thought_signature="c", on="call"), call("a"), thought(thought_signature="e", on="end")),
        output("a", "1"),
    ]
    assert contents(*items)[1]["parts"] == [
        {"text": "Look.", "thoughtSignature": "t"},
        ran,
        {"functionCall": {"name": "weather", "args": {}}, "thoughtSignature": "c"},
        {"text": "", "thoughtSignature": "e"},
    ]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            {"type": "input_image", "image_url": "https://e.org/a.PNG?x=1"},
            {"fileData": {"mimeType": "image/png", "fileUri": "https://e.org/a.PNG?x=1"}},
        ),
        (
            {"type": "input_image", "image_url": "gs://bucket/a"},
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "gs://bucket/a"}},
        ),
        (
            {"type": "input_image", "image_url": "data:image/svg+xml,%3Csvg%2F%3E"},
            {"inlineData": {"mimeType": "image/svg+xml", "data": "PHN2Zy8+"}},
        ),
        (
            {"type": "input_file", "file_data": "AAAA", "filename": "a.csv"},
            {"inlineData": {"mimeType": "text/csv", "data": "AAAA"}},
        ),
        (
            {"type": "input_file", "file_data": "data:application/pdf;base64,AAAA"},
            {"inlineData": {"mimeType": "application/pdf", "data": "AAAA"}},
        ),
        (
            {"type": "input_file", "file_id": "files/abc"},
            {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            {"inlineData": {"mimeType": "audio/mpeg", "data": "AAAA"}},
        ),
    ],
)
def test_part_comes_along_or_is_fetched_by_google(part: dict[str, Any], expected: dict[str, Any]) -> None:
    message = {"type": "message", "role": "user", "content": [part]}
    assert contents(message) == [{"role": "user", "parts": [expected]}]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_file", "file_id": "file-abc"},
        {"type": "input_image", "image_url": "file:///etc/passwd"},
        {"type": "input_image", "image_url": "data:nonsense"},
    ],
)
def test_part_that_google_cannot_have_is_refused_where_it_stands(part: dict[str, Any]) -> None:
    error = refused(items=[HI, {"type": "message", "role": "user", "content": [part]}])
    assert str(error.param).startswith("input[1].content[0]")


def test_detail_of_an_image_is_reported_as_dropped_by_a_path_of_the_clients_own_request() -> None:
    image = {"type": "input_image", "image_url": "https://e.org/a.png", "detail": "high"}
    items = [{"type": "message", "role": "user", "content": [image]}, HI]
    assert sent(items=items).dropped == ["input[0].content[0].detail"]
    assert sent(items=items, history=1).dropped == ["previous_response_id"]


def test_free_text_of_a_custom_tool_goes_as_one_argument() -> None:
    custom = {"type": "custom_tool_call", "call_id": "a", "name": "patch", "input": "+ line"}
    told = contents(HI, custom, {"type": "custom_tool_call_output", "call_id": "a", "output": "done"})
    assert told[1]["parts"][0]["functionCall"]["args"] == {"input": "+ line"}


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: Any = {}
    for _ in range(300):
        deep = {"properties": {"a": deep}}
    error = refused(tools=[{**TOOL, "parameters": deep}])
    assert error.code == "invalid_value"
