"""Which answers are whole, so that they can be kept under an idempotency key."""

import pytest

from gateway.outliving.idempotency.kept import is_whole, response_state

DONE = b"data: [DONE]\n\n"


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
        (b'{"id":"resp_1","object":"response","status":"queued"}', ("resp_1", "queued")),
        (b'{"id":"chatcmpl-1","object":"chat.completion"}', (None, None)),
        (b'{"object":"chat.completion","x":{"object":"response"},"status":"failed"}', (None, None)),
    ],
)
def test_state_of_a_response(body: bytes, state: tuple[str | None, str | None]) -> None:
    assert response_state(body) == state
