"""Which answers are whole, so that they can be kept under an idempotency key."""

import orjson
import pytest

from gateway.outliving.idempotency.kept import is_whole, response_state, streamed_response
from gateway.surfaces.responses.defaults import NEW_RESPONSE

DONE = b"data: [DONE]\n\n"


def response(status: str, completed_at: bytes = b"null") -> bytes:
    """A Responses object as a surface writes it."""
    whole = {**NEW_RESPONSE, "id": "resp_1", "status": status}
    return orjson.dumps(whole).replace(b'"completed_at":null', b'"completed_at":' + completed_at)


def event(kind: str, data: bytes = b'{"delta":"event: response.completed\\n"}') -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), data)


@pytest.mark.parametrize(
    ("data", "is_so"),
    [
        (b'data: {"choices":[]}\n\n' + DONE, True),
        (b'data: {"content":"event: response.failed"}\n\n' + DONE, True),
        (b'data: {"choices":[]}\n\n', False),
        (b'data: {"error":{}}\n\n', False),
        (event("response.created") + event("response.completed") + DONE, True),
        (event("response.created") + event("response.incomplete") + DONE, True),
        (event("response.created") + event("response.failed") + DONE, False),
        (event("response.created") + event("response.cancelled") + DONE, False),
        (event("response.created") + event("response.output_text.delta") + DONE, False),
        (event("response.created") + event("response.completed"), False),
        (b"", False),
    ],
)
def test_stream_is_whole(data: bytes, is_so: bool) -> None:
    assert is_whole(data) is is_so


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (response("queued"), ("resp_1", "queued")),
        (response("failed", b"1"), ("resp_1", "failed")),
        (b'{"id":"chatcmpl-1","nested":' + response("failed") + b"}", (None, None)),
        (b'{"id":"chatcmpl-1","object":"chat.completion"}', (None, None)),
        (b'{"object":"chat.completion","x":{"object":"response"},"status":"failed"}', (None, None)),
    ],
)
def test_state_of_a_response(body: bytes, state: tuple[str | None, str | None]) -> None:
    assert response_state(body) == state


def test_large_response_is_not_parsed() -> None:
    assert response_state(response("completed").removesuffix(b"}") + b', "x": [') == ("resp_1", "completed")


@pytest.mark.parametrize(
    ("data", "id_"),
    [
        (event("response.created", b'{"type":"response.created","response":%s}' % response("in_progress")), "resp_1"),
        (b": keep-alive\n\n" + event("response.created", b'{"response":%s}' % response("queued")), "resp_1"),
        (b'data: {"id":"chatcmpl-1","choices":[]}\n\n' + DONE, None),
    ],
)
def test_response_that_a_stream_is_of(data: bytes, id_: str | None) -> None:
    assert streamed_response(data) == id_
