"""Prompt templates: what variables become, in texts and between them, and which requests are refused."""

import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.background.requests import LaterRequest, unsealed
from gateway.errors import GatewayError
from gateway.neutral.generation import RenderedPrompt
from gateway.neutral.template_text import TemplateText
from gateway.sealing import SECRET_BYTES, Sealer
from gateway.settings.prompts import PromptSettings, prompt_problems, prompt_templates
from gateway.store.jobs import Job
from gateway.surfaces.base import Surface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.surfaces.responses.request.templates import PromptTemplates
from gateway.surfaces.responses.token_counts import TokenCountsSurface

NAMES = ("city", "a_b", "x-1")
IMAGE = {"type": "input_image", "image_url": "https://example.com/a.png"}
FILE = {"type": "input_file", "file_id": "file_1"}

# What looks like a variable, or like half of one, is among them.
VALUES = st.one_of(st.text(max_size=20), st.sampled_from(["{{city}}", "{{", "}}", "{{x-1}}{{a_b}}", ""]))
LITERALS = st.text(max_size=20).filter(lambda text: "{" not in text and "}" not in text)
PARTS = st.sampled_from([IMAGE, FILE, {"type": "input_text", "text": "t", "prompt_cache_breakpoint": {"mode": "x"}}])
PIECES = st.lists(st.tuples(LITERALS, st.sampled_from(NAMES)), max_size=6)


def templates(**versions: dict[str, Any]) -> PromptTemplates:
    """The templates of one prompt, `p`."""
    prompts = {"p": PromptSettings.model_validate({"versions": versions})}
    assert not [*prompt_problems(prompts)]
    return prompt_templates(prompts)


def rendered(version: dict[str, Any], **variables: Any) -> RenderedPrompt:
    found = templates(v=version).render({"id": "p", "variables": variables})
    assert found is not None
    return found


def content(text: Any, role: str = "user", **variables: Any) -> Any:
    """The content of the one message."""
    (message,) = rendered({"messages": [{"role": role, "content": text}]}, **variables).messages
    return message["content"]


def written(pieces: list[tuple[str, str]], last: str) -> str:
    return "".join(f"{literal}{{{{{name}}}}}" for literal, name in pieces) + last


@given(PIECES, LITERALS, st.fixed_dictionaries({name: VALUES for name in NAMES}))
def test_texts_stand_at_their_places_and_are_not_expanded_again(
    pieces: list[tuple[str, str]], last: str, values: dict[str, str]
) -> None:
    used = {name: values[name] for _, name in pieces}
    whole = "".join(literal + values[name] for literal, name in pieces) + last
    # One that is not empty, as the settings want it.
    text = "-" + written(pieces, last)
    assert content(text, **used) == "-" + whole
    assert rendered({"instructions": text}, **used).fields["instructions"] == "-" + whole


@given(PIECES, LITERALS, st.fixed_dictionaries({name: st.one_of(VALUES, PARTS) for name in NAMES}))
def test_images_and_files_split_a_text_and_everything_keeps_its_order(
    pieces: list[tuple[str, str]], last: str, values: dict[str, Any]
) -> None:
    used = {name: values[name] for _, name in pieces}
    made = content([{"type": "input_text", "text": written(pieces, last), "own": 1}], **used)
    sequence: list[Any] = [""]
    for given_value in [one for literal, name in pieces for one in (literal, values[name])] + [last]:
        if isinstance(given_value, str):
            sequence[-1] += given_value
        else:
            sequence += [given_value, ""]
    expected = [one for one in sequence if one] or [""]
    assert made == [{"type": "input_text", "own": 1, "text": one} if isinstance(one, str) else one for one in expected]


@given(st.text(max_size=30))
def test_a_text_is_read_as_it_stands_or_refused(text: str) -> None:
    try:
        read = TemplateText.parse(text)
    except ValueError:
        assert "{{" in text
        return
    pieces = zip(read.literals, [*read.names, None], strict=True)
    assert "".join(literal + ("" if name is None else f"{{{{{name}}}}}") for literal, name in pieces) == text


def test_a_text_without_images_stays_one_text() -> None:
    assert content("In {{city}}.", city={"type": "input_text", "text": "Rome"}) == "In Rome."
    assert content("{{city}}", city="") == ""
    split = content("See {{a}}!", a=IMAGE)
    assert split == [{"type": "input_text", "text": "See "}, IMAGE, {"type": "input_text", "text": "!"}]
    assert content([dict(IMAGE), {"type": "input_text", "text": "{{a}}"}], a=FILE) == [IMAGE, FILE]


@pytest.mark.parametrize(
    ("reference", "param", "words"),
    [
        ({"version": "3"}, "prompt.version", "'p' has no version '3'; there are: 1, 2"),
        ({"version": ""}, "prompt.version", "no version ''"),
        ({}, "prompt.variables.city", "needs a value for its variable city"),
        ({"variables": None}, "prompt.variables.city", "needs a value"),
        ({"variables": {"city": "x", "town": "y"}}, "prompt.variables.town", "has no variable 'town' (city)"),
        ({"version": "1", "variables": {"city": "x"}}, "prompt.variables.city", "has no variable 'city' (it has none)"),
        ({"variables": {"city": IMAGE}}, "prompt.variables.city", "cannot be an image or a file"),
        ({"variables": {"city": 1}}, "prompt.variables.city", "Expected a string, or an object"),
        ({"variables": {"city": {"text": "x"}}}, "prompt.variables.city", "Expected a string, or an object"),
    ],
)
def test_refusals_name_what_is_wrong(reference: dict[str, Any], param: str, words: str) -> None:
    found = templates(**{"1": {"instructions": "Hi."}, "2": {"instructions": "Hi, {{city}}."}})
    with pytest.raises(GatewayError) as caught:
        found.render({"id": "p", **reference})
    assert (caught.value.status, caught.value.param) == (400, param)
    assert words in caught.value.message


@pytest.mark.parametrize("role", ["assistant", "developer", "system"])
@pytest.mark.parametrize("value", [IMAGE, FILE])
@pytest.mark.parametrize("text", ["See {{a}}!", [{"type": "output_text", "text": "See "}] * 2])
def test_images_and_files_are_refused_in_messages_of_other_roles_than_user(text: Any, value: Any, role: str) -> None:
    if isinstance(text, list):
        text = [*text, {"type": "output_text" if role == "assistant" else "input_text", "text": "{{a}}"}]
    with pytest.raises(GatewayError) as caught:
        content(text, role, a=value)
    assert (caught.value.status, caught.value.param) == (400, "prompt.variables.a")
    assert f"a message of the role {role}" in caught.value.message


def test_a_text_with_more_to_it_stays_a_part_but_in_an_assistants_message() -> None:
    more = {"type": "input_text", "text": "t", "prompt_cache_breakpoint": {"mode": "x"}}
    assert content("{{a}}!", "developer", a=more) == [more, {"type": "input_text", "text": "!"}]
    assert content("{{a}}!", "assistant", a=more) == "t!"
    own = {"type": "output_text", "text": "See {{a}}", "annotations": []}
    assert content([own], "assistant", a=more) == [{**own, "text": "See t"}]


def test_an_expansion_is_bounded_where_a_variable_stands_many_times() -> None:
    many, image = {"instructions": "{{a}} " * 900}, {**IMAGE, "image_url": "data:image/png;base64," + "A" * 600_000}
    assert len(str(rendered(many, a="x" * 1000).fields["instructions"])) == 900 * 1001
    assert len(str(rendered({"instructions": "{{a}}"}, a="x" * 5_000_000).fields["instructions"])) == 5_000_000
    for version, value in ((many, "x" * 2000), ({"messages": [{"role": "user", "content": "{{a}}" * 3}]}, image)):
        with pytest.raises(GatewayError) as caught:
            rendered(version, a=value)
        assert (caught.value.status, caught.value.param) == (413, "prompt.variables.a")


def test_a_part_in_one_place_is_not_written_to_find_its_size() -> None:
    unwritable = {"type": "input_image", "image_url": object()}
    assert content("{{a}}", a=unwritable) == [unwritable]
    with pytest.raises(GatewayError):
        content("{{a}}{{a}}", a=unwritable)


def read(body: dict[str, Any], version: dict[str, Any]) -> Any:
    return OpenAIResponsesSurface(templates(v=version).render).read(body)  # type: ignore[arg-type]


def test_the_requests_own_fields_prevail_and_its_input_follows() -> None:
    version = {
        **{"model": "a/b", "instructions": "I", "temperature": 0.1, "top_p": 0.2, "max_output_tokens": 20},
        "messages": [{"role": "developer", "content": "D"}],
    }
    prompt = {"id": "p", "version": "v", "variables": None}
    generation = read({"prompt": prompt, "input": "Q", "temperature": 1, "top_p": None}, version)
    assert (generation.model, generation.history) == ("a/b", 1)
    body = generation.body
    assert (body["temperature"], body["top_p"], body["max_output_tokens"]) == (1, 0.2, 20)
    assert "prompt" not in body
    assert [(item["role"], item["content"]) for item in body["input"]] == [("developer", "D"), ("user", "Q")]
    own = read({"prompt": prompt, "model": "c/d", "instructions": "O", "input": []}, version)
    assert (own.model, own.body["instructions"], len(own.body["input"])) == ("c/d", "O", 1)


@pytest.mark.parametrize(
    "body",
    [{"prompt": {"id": "p"}, "input": "x"}, {"prompt": {"id": "q"}, "input": "x"}, {"prompt": None, "input": "x"}],
)
def test_a_request_for_which_nobody_names_a_model_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(GatewayError) as caught:
        read(body, {"instructions": "Hi."})
    assert (caught.value.status, caught.value.param) == (400, "model")


@pytest.mark.parametrize("given", [{}, {"input": None}, {"input": []}])
@pytest.mark.parametrize("before", [{"previous_response_id": "resp_1"}, {"conversation": "conv_1"}])
def test_a_request_that_goes_on_needs_an_input_of_its_own(given: dict[str, Any], before: dict[str, Any]) -> None:
    body = {"prompt": {"id": "p"}, "model": "m", **before}
    question = {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]}
    surface = OpenAIResponsesSurface(templates(v=question).render)
    readers: list[Surface[Any]] = [surface, TokenCountsSurface(surface)]
    for reader in readers:
        with pytest.raises(GatewayError) as caught:
            reader.read({**body, **given})
        assert (caught.value.status, caught.value.param) == (400, "input")
    assert len(read({**body, "input": ""}, question).body["input"]) == 3
    assert len(read({**body, **given}, {"messages": [{"role": "developer", "content": "D"}]}).body["input"]) == 1


def test_errors_name_the_field_that_brought_an_item_in() -> None:
    version = {"messages": [{"role": "user", "content": [{"type": "new_kind"}]}] * 2}
    body = {"prompt": {"id": "p"}, "model": "m", "input": "Q", "previous_response_id": "resp_1"}
    generation = read(body, version)
    assert [item.position.name for item in generation.prompt.items] == ["prompt[0]", "prompt[1]", "input[0]"]
    # As memory puts items in between.
    *template, own = generation.body["input"]
    earlier = {"type": "message", "role": "user", "content": "Before."}
    continued = replace(generation, body={**generation.body, "input": [*template, earlier, earlier, own]}, history=4)
    names = [item.position.name for item in continued.prompt.items]
    assert names == [*("prompt[0]", "prompt[1]"), *("previous_response_id[0]", "previous_response_id[1]"), "input[0]"]


@pytest.mark.anyio
async def test_a_request_in_the_background_keeps_its_template_whatever_the_settings_become() -> None:
    template = RenderedPrompt({"id": "p"}, {"tools": [{"type": "mcp"}]}, [{"type": "message", "role": "user"}])
    sealer = Sealer(os.urandom(SECRET_BYTES))
    body: dict[str, Any] = {"prompt": {"id": "p"}, "model": "m", "input": "Q"}
    for request in (
        LaterRequest("responses.create", "r", 1, "lab", "m", body, template),
        LaterRequest("responses.create", "r", 1, "lab", "m", body),
    ):
        sealed = request.seal(sealer, "key", "resp")
        again = await unsealed(sealer, _job(sealed))
        assert again is not None
        assert again == request
        generation = again.surface.read(again.body)
        assert again.is_repeatable is (request.template is None)
        assert generation.body.get("tools") == (template.fields["tools"] if request.template else None)
        assert generation.template == request.template


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _job(sealed: bytes) -> Job:
    return Job("resp", "key", "queued", 0.0, 0, 0, 0, sealed)
