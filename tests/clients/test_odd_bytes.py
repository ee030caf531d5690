"""What upstreams send and any client of theirs reads, though it is not what was asked for, over real sockets."""

import gzip
import json
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard

from tests.servers.gateway import running_gateway

DIALECTS = ("openai-chat", "anthropic-messages", "gemini", "openai-responses")
CHUNK = {"id": "x", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "m"}
ITEM = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def plain(dialect: str, text: str) -> Any:
    match dialect:
        case "openai-chat":
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            return {**CHUNK, "object": "chat.completion", "choices": [choice], "usage": USAGE}
        case "anthropic-messages":
            return {"type": "message", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}
        case "gemini":
            return {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"}]}
        case _:
            parts = [{"type": "output_text", "text": text, "annotations": []}]
            return {"id": "r", "object": "response", "status": "completed", "output": [{**ITEM, "content": parts}]}


def events(dialect: str, *texts: str) -> Iterator[Any]:
    match dialect:
        case "openai-chat":
            for delta in ({"role": "assistant"}, *({"content": text} for text in texts)):
                yield {**CHUNK, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
            yield {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        case "anthropic-messages":
            yield {"type": "message_start", "message": {"type": "message", "content": []}}
            yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
            for text in texts:
                yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
            yield {"type": "content_block_stop", "index": 0}
            yield {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
            yield {"type": "message_stop"}
        case "gemini":
            for text in texts:
                yield {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}}]}
            yield {"candidates": [{"finishReason": "STOP"}]}
        case _:
            yield {"type": "response.output_item.added", "output_index": 0, "item": None}
            yield {"type": "response.output_item.added", "output_index": 0, "item": {**ITEM, "content": []}}
            for text in texts:
                yield {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text}
            yield {"type": "response.completed", "response": {**plain(dialect, "".join(texts)), "output": []}}


def sse(dialect: str, *texts: str) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events(dialect, *texts))


def written(document: Any) -> bytes:
    return json.dumps(document).encode()


class Upstream(ThreadingHTTPServer):
    """Answers each call with what the test has put there, and remembers the call's headers."""

    daemon_threads = True
    status = 200
    headers: dict[str, str]
    body = b""
    asked: dict[str, str]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Upstream)
        self.rfile.read(int(self.headers["content-length"]))
        server.asked = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(server.status)
        for name, value in server.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(server.body)))
        self.end_headers()
        self.wfile.write(server.body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    server = Upstream(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def client(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder: Path = tmp_path_factory.mktemp("odd")
    url = f"http://127.0.0.1:{upstream.server_port}"
    providers = {
        name: {"dialect": name, "base_url": url, "api_key": "sk-12345678", "models": ["m"]} for name in DIALECTS
    }
    settings = {"providers": providers, "retries": {"attempts": 1}, "breaker": {"failures": 10_000}}
    with running_gateway(folder, settings) as gateway, gateway.client() as client:
        yield client


def asked(client: httpx.Client, surface: str, dialect: str, *, is_stream: bool) -> httpx.Response:
    body: dict[str, Any] = {"model": f"{dialect}/m", "stream": is_stream}
    body |= {"messages": [{"role": "user", "content": "Hi"}]} if surface == "chat/completions" else {"input": "Hi"}
    return client.post(f"/v1/{surface}", json=body)


def text_of(response: httpx.Response, *, is_stream: bool) -> str:
    assert response.status_code == 200, response.text
    if not is_stream:
        document = response.json()
        if "choices" in document:
            return str(document["choices"][0]["message"]["content"])
        return "".join(part["text"] for item in document["output"] for part in item.get("content", []))
    found = [json.loads(payload) for payload in re.findall(r"^data: (\{.*\})$", response.text, re.MULTILINE)]
    assert not [event for event in found if event.get("error")], found
    deltas = [event["choices"][0]["delta"].get("content") or "" for event in found if event.get("choices")]
    return "".join(deltas + [event["delta"] for event in found if event.get("type") == "response.output_text.delta"])


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data),
    "x-gzip": lambda data: gzip.compress(data[:20]) + gzip.compress(data[20:]),
    "deflate": lambda data: zlib.compress(data),
    "Deflate": lambda data: (lambda packer: packer.compress(data) + packer.flush())(zlib.compressobj(wbits=-15)),
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    "identity": lambda data: data,
    "GZIP, identity": lambda data: gzip.compress(data) + b"\r\n",
    "gzip, zstd,": lambda data: zstandard.ZstdCompressor().compress(gzip.compress(data)),
}
STREAM, JSON = {"content-type": "text/event-stream"}, {"content-type": "application/json"}
EMOJI = ("ok \ud83d", "\ude00!")


@pytest.mark.parametrize("surface", ["chat/completions", "responses"])
@pytest.mark.parametrize("dialect", DIALECTS)
class TestEveryDialect:
    def test_halves_of_a_character_are_joined(
        self, client: httpx.Client, upstream: Upstream, dialect: str, surface: str
    ) -> None:
        upstream.status, upstream.headers = 200, STREAM
        upstream.body = sse(dialect, *EMOJI)
        assert text_of(asked(client, surface, dialect, is_stream=True), is_stream=True) == "ok 😀!"
        upstream.body = sse(dialect, "ok \ud83d", "!", "\ude00?", "\udfff", "\ud83d")
        told = text_of(asked(client, surface, dialect, is_stream=True), is_stream=True)
        assert told == "ok \ufffd!\ufffd?\ufffd\ufffd"

    def test_what_is_lost_of_a_plain_answer_is_one_character(
        self, client: httpx.Client, upstream: Upstream, dialect: str, surface: str
    ) -> None:
        upstream.status, upstream.headers = 200, JSON
        for body, expected in (
            (written(plain(dialect, "ok \ud83d\\ud83d")), "ok \ufffd\\ud83d"),
            (b"\xef\xbb\xbf" + written(plain(dialect, "ok")), "ok"),
            (written(plain(dialect, "ok X")).replace(b"X", b"\xff"), "ok \ufffd"),
            (written({**plain(dialect, "ok"), "odd": float("nan"), "more": float("inf")}), "ok"),
        ):
            upstream.body = body
            assert text_of(asked(client, surface, dialect, is_stream=False), is_stream=False) == expected

    def test_first_bytes_say_what_it_is(
        self, client: httpx.Client, upstream: Upstream, dialect: str, surface: str
    ) -> None:
        upstream.status = 200
        for headers in (STREAM, JSON, {}):
            upstream.headers, upstream.body = headers, sse(dialect, "ok ", "then")
            for is_stream in (True, False):
                assert text_of(asked(client, surface, dialect, is_stream=is_stream), is_stream=is_stream) == "ok then"
            upstream.body = b"\n " + written(plain(dialect, "ok then"))
            for is_stream in (True, False):
                assert text_of(asked(client, surface, dialect, is_stream=is_stream), is_stream=is_stream) == "ok then"

    @pytest.mark.parametrize("coding", PACKED)
    def test_compressed_answers_are_unpacked(
        self, client: httpx.Client, upstream: Upstream, dialect: str, surface: str, coding: str
    ) -> None:
        upstream.status, upstream.headers = 200, {**JSON, "content-encoding": coding}
        upstream.body = PACKED[coding](written(plain(dialect, "ok")))
        assert text_of(asked(client, surface, dialect, is_stream=False), is_stream=False) == "ok"
        upstream.headers = {**STREAM, "content-encoding": coding}
        upstream.body = PACKED[coding](sse(dialect, "ok ", "then"))
        assert text_of(asked(client, surface, dialect, is_stream=True), is_stream=True) == "ok then"
        assert upstream.asked["accept-encoding"] == "identity"

    def test_the_message_of_a_compressed_refusal_is_told(
        self, client: httpx.Client, upstream: Upstream, dialect: str, surface: str
    ) -> None:
        upstream.status, upstream.headers = 429, {**JSON, "content-encoding": "gzip"}
        upstream.body = gzip.compress(written({"error": {"message": "Come back on Monday.", "type": "x", "code": 429}}))
        for is_stream in (True, False):
            response = asked(client, surface, dialect, is_stream=is_stream)
            assert response.status_code == 429
            assert "Come back on Monday." in response.json()["error"]["message"]

    def test_a_refusal_in_a_coding_that_cannot_be_read_stays_one(
        self, client: httpx.Client, upstream: Upstream, dialect: str, surface: str
    ) -> None:
        said = written({"error": {"message": "Come back on Monday.", "type": "x", "code": "x"}})
        for coding, body, expected in (
            ("br", b"\x0b\x02\x80abc", ""),
            ("gzip", b"\x1f\x8b\x08no gzip", ""),
            ("utf-8", said, "Come back on Monday."),
            ("gzip", said, "Come back on Monday."),
        ):
            for status in (400, 429):
                upstream.status = status
                upstream.headers = {**JSON, "content-encoding": coding, "retry-after": "7"}
                upstream.body = body
                for is_stream in (True, False):
                    response = asked(client, surface, dialect, is_stream=is_stream)
                    assert response.status_code == status, response.text
                    assert expected in response.json()["error"]["message"]
                    assert response.headers["retry-after"] == "7"

    def test_what_cannot_be_unpacked_is_a_502_that_says_so(
        self, client: httpx.Client, upstream: Upstream, dialect: str, surface: str
    ) -> None:
        upstream.status = 200
        for coding, body, said in (
            ("br", b"x", "'br'"),
            ("gzip, br", b"x", "'gzip, br'"),
            ("gzip", b"no gzip", "unpacked"),
            ("zstd", b"no zstd", "unpacked"),
            ("gzip", gzip.compress(b" " * (65 * 1024 * 1024)), "without end"),
        ):
            upstream.headers, upstream.body = {**JSON, "content-encoding": coding}, body
            response = asked(client, surface, dialect, is_stream=False)
            assert (response.status_code, response.json()["error"]["code"]) == (502, "upstream_bad_reply")
            assert said in response.json()["error"]["message"]

    def test_an_error_in_the_name_of_a_field_is_an_error(
        self, client: httpx.Client, upstream: Upstream, dialect: str, surface: str
    ) -> None:
        upstream.status, upstream.headers = 200, STREAM
        for error in (b'{"code":500,"message":"No room left.","type":"server_error"}', b"No room left."):
            upstream.body = b"error: " + error + b"\n\n"
            response = asked(client, surface, dialect, is_stream=True)
            assert response.status_code >= 500
            assert "No room left." in response.json()["error"]["message"]
