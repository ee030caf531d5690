"""`kill -9` of the process that works on a request with an idempotency key: it runs again, and all calls have rows."""

from collections import Counter
from itertools import islice
from pathlib import Path

from tests.clients.asking import RESPONSES
from tests.clients.contract import RESPONSES_PATH
from tests.clients.keyed import REPLAYED, begun, keyed, post, query, usage
from tests.clients.stops import CHAT, asked, wait_until
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import running_gateway, scripted_config


def test_request_of_a_killed_process_runs_again_elsewhere_and_each_call_has_a_row(
    upstream_url: str, upstream: ChatUpstream, tmp_path: Path
) -> None:
    upstream.forget()
    config = {**scripted_config(upstream_url), "embedded": {"enabled": False}, "lease_seconds": 5}
    shared = {"WAYSTONE_DATA": str(tmp_path / "data")}
    repeated, abandoned = keyed(), keyed()
    with (
        running_gateway(tmp_path, config) as first,
        running_gateway(tmp_path / "other", config, shared) as other,
        other.client(timeout=60) as client,
    ):
        with begun(first, CHAT, abandoned), begun(first, RESPONSES_PATH, repeated):
            wait_until(lambda: len(upstream.received) == 2)
            first.process.kill()
        upstream.go_on.set()
        answer = post(client, RESPONSES_PATH, repeated, "test/pause", stream=True)
        assert answer.status_code == 200
        assert REPLAYED not in answer.headers
        assert answer.text.endswith("data: [DONE]\n\n")
        assert post(client, RESPONSES_PATH, repeated, "test/pause", stream=True).content == answer.content
        # Nobody repeats the other one: its usage is accounted even so.
        wait_until(lambda: len(usage(first)) == len(upstream.received))
        assert Counter(usage(first)) == {(200, "lost", 1): 2, (200, None, 0): 1}
        lost = query(first, "select provider, model, prompt_tokens > 0, given_up from usage where outcome = 'lost'")
        assert lost == [("test", "pause", 1, 1)] * 2
        assert query(first, "select count(*) from idempotency") == [(1,)]


def test_stream_of_the_background_is_the_same_response_after_a_kill(
    upstream_url: str, upstream: ChatUpstream, tmp_path: Path
) -> None:
    upstream.forget()
    config = {**scripted_config(upstream_url), "embedded": {"enabled": False}, "lease_seconds": 5}
    shared = {"WAYSTONE_DATA": str(tmp_path / "data")}
    body, key = {**asked(RESPONSES, "test/stall", stream=True), "background": True}, keyed()
    with (
        running_gateway(tmp_path, config) as first,
        running_gateway(tmp_path / "other", config, shared) as other,
        other.client(timeout=60) as client,
    ):
        with first.client() as leaving, leaving.stream("POST", RESPONSES, json=body, headers=key) as reply:
            (created,) = islice((line for line in reply.iter_lines() if "resp_" in line), 1)
            wait_until(lambda: len(upstream.received) == 1)
            first.process.kill()
        upstream.go_on.set()
        answer = client.post(RESPONSES, json=body, headers=key)
        assert created in answer.text
        assert "response.completed" in answer.text
        wait_until(lambda: len(usage(first)) == len(upstream.received))
        assert Counter(usage(first)) == {(200, None, 0): 1, (503, "lost", 1): 1}
        assert query(first, "select count(*) from responses") == [(1,)]
