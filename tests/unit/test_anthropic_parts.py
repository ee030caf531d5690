"""Images, documents and cache marks for Anthropic."""

import base64
from typing import Any

import pytest

from tests.unit.anthropic_requests import encode, messages, refusal, text
from tests.unit.chat_requests import call, output, user
from tests.unit.generations import generation_of

PNG = "data:image/png;base64,AA=="
WORDS = base64.b64encode("Grüße".encode()).decode()
EPHEMERAL = {"type": "ephemeral"}


def shown(part: dict[str, Any]) -> dict[str, Any]:
    """The block for a part of a user's message."""
    ((_, (block,)),) = messages(user([part]))
    return block


def image(url: str, **more: Any) -> dict[str, Any]:
    return {"type": "input_image", "image_url": url, **more}


def file(data: str, name: str = "a.txt") -> dict[str, Any]:
    return {"type": "input_file", "file_data": data, "filename": name}


def source(kind: str, data: str) -> dict[str, Any]:
    return {"type": "base64", "media_type": kind, "data": data}


def test_images_come_along_or_are_fetched_by_anthropic() -> None:
    assert shown(image(PNG)) == {"type": "image", "source": source("image/png", "AA==")}
    url = {"type": "url", "url": "https://example.org/a.png"}
    assert shown(image(url["url"])) == {"type": "image", "source": url}
    assert shown(image("data:image/jpg;base64,AA=="))["source"]["media_type"] == "image/jpeg"


@pytest.mark.parametrize("url", ["ftp://a/b.png", "data:nothing", "/etc/passwd"])
def test_address_that_is_none_is_refused(url: str) -> None:
    assert refusal(generation_of("m", items=[user([image(url)])])) == ("input[0].content[0]", "invalid_value")


@pytest.mark.parametrize("part", [image("data:image/bmp;base64,AA=="), file("data:application/zip;base64,AA==")])
def test_types_that_anthropic_does_not_read_are_refused(part: dict[str, Any]) -> None:
    assert refusal(generation_of("m", items=[user([part])])) == ("input[0].content[0]", "unsupported_parameter")


def test_documents_have_their_form() -> None:
    pdf = {"type": "document", "source": source("application/pdf", "AA=="), "title": "a.pdf"}
    assert shown(file("data:application/pdf;base64,AA==", "a.pdf")) == pdf
    assert shown(file("AA==", "a.pdf")) == pdf
    words = {"type": "text", "media_type": "text/plain", "data": "Grüße"}
    for data, name in ((f"data:text/markdown;base64,{WORDS}", "a"), (WORDS, "a.csv"), (WORDS, "a.json")):
        assert shown(file(data, name)) == {"type": "document", "source": words, "title": name}
    assert shown(file(PNG, "a.png")) == {"type": "image", "source": source("image/png", "AA==")}


def test_file_of_which_only_the_beginning_tells_is_a_pdf() -> None:
    assert shown({"type": "input_file", "file_data": "JVBERi0xLjQ="})["source"]["media_type"] == "application/pdf"


def test_text_that_is_none_is_refused() -> None:
    generation = generation_of("m", items=[user([file("data:text/plain;base64,/w==")])])
    assert refusal(generation) == ("input[0].content[0]", "invalid_value")


def test_documents_can_be_cited_where_that_is_asked_for() -> None:
    assert shown({**file(WORDS), "citations": {"enabled": True}})["citations"] == {"enabled": True}


def test_document_by_its_address_is_fetched_by_anthropic() -> None:
    part = {"type": "file", "file": {"file_url": "https://a/b.pdf"}}
    assert shown(part) == {"type": "document", "source": {"type": "url", "url": "https://a/b.pdf"}}


def test_files_by_their_id_and_sound_are_refused() -> None:
    by_id = {"type": "input_file", "file_id": "file-1"}
    sound = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}
    assert refusal(generation_of("m", items=[user([by_id])])) == ("input[0].content[0]", "unsupported_parameter")
    assert refusal(generation_of("m", items=[user([sound])])) == ("input[0].content[0].type", "unsupported_parameter")


def test_detail_of_an_image_is_left_out_and_said() -> None:
    _, dropped = encode(generation_of("m", items=[user([image(PNG, detail="high")])]))
    assert dropped == ["input[0].content[0].detail"]


def test_part_of_the_history_is_reported_by_the_field_that_brought_it_in() -> None:
    generation = generation_of("m", items=[user([image(PNG, detail="high")]), user()], history=1)
    assert encode(generation)[1] == ["previous_response_id"]


def test_file_by_its_id_is_refused_though_it_has_an_address_too() -> None:
    part = {"type": "input_file", "file_id": "file-1", "file_url": "https://a/b.pdf"}
    assert refusal(generation_of("m", items=[user([part])])) == ("input[0].content[0]", "unsupported_parameter")


def test_marks_of_parts_messages_and_outputs_are_carried() -> None:
    part = {"type": "input_text", "text": "One.", "cache_control": {**EPHEMERAL, "ttl": "1h"}}
    marked = {"type": "input_text", "text": "Two.", "prompt_cache_breakpoint": {"mode": "explicit"}}
    items = [user([part, marked]), call("a"), {**output("a"), "cache_control": EPHEMERAL}]
    items.append({**user("Three."), "cache_control": EPHEMERAL})
    told = messages(*items)
    one, two = text("One.", cache_control={**EPHEMERAL, "ttl": "1h"}), text("Two.", cache_control=EPHEMERAL)
    assert told[0] == ("user", [one, two])
    assert told[2][1][0]["cache_control"] == EPHEMERAL
    assert told[2][1][1] == text("Three.", cache_control=EPHEMERAL)


def test_marked_instruction_is_a_block() -> None:
    instruction = {"type": "message", "role": "system", "content": "Be brief.", "cache_control": EPHEMERAL}
    body, _ = encode(generation_of("m", items=[instruction, user()]))
    assert body["system"] == [text("Be brief.", cache_control=EPHEMERAL)]


def test_no_more_marks_than_four_and_the_first_and_the_last_stay() -> None:
    items = [{**user(f"{i}"), "cache_control": EPHEMERAL} for i in range(7)]
    body, dropped = encode(generation_of("m", items=items))
    marked = [block["text"] for block in body["messages"][0]["content"] if "cache_control" in block]
    assert marked == ["0", "4", "5", "6"]
    assert dropped == ["cache_control"]
    body, _ = encode(generation_of("m", items=items, fields={"cache_control": EPHEMERAL}))
    marked = [block["text"] for block in body["messages"][0]["content"] if "cache_control" in block]
    assert marked == ["0", "5", "6"]
