"""Shows one conversation, with a loop of tools and reasoning, carried through several providers in turn.

`python -m tests.clients.show_conversation` runs the gateway in front of upstreams that all have one mind, and prints
what each of them was sent, whose reasoning came back to it, and what it said.
"""

import sys
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.clients.talks import Answered, ChatTalk, Parts, ResponsesTalk, Talk, chat_by_http, responses_by_http
from tests.servers.gateway import running_gateway
from tests.servers.mind_upstream import MODELS, Heard, MindUpstream, mind_config
from tests.servers.one_mind import Tool, signature_of
from tests.servers.thread import serving

SYSTEM = "Be kind to Grüezi."
LOOK = Tool("look", "Look at a place.", {"type": "object", "properties": {"place": {"type": "string"}}})
# The middle of it is a loop that one provider begins and another ends.
STEPS: Sequence[tuple[str, str, Parts]] = (
    ("anthropic", "ask", ['How is "Oslo"?']),
    ("anthropic", "give", ["12 degrees"]),
    ("gemini", "ask", ['And "Bonn"?']),
    ("gemini", "give", ["19 degrees"]),
    ("chat", "ask", ['And "Rome"?']),
    ("chat", "give", ["27 degrees"]),
    ("anthropic", "ask", ['And "Bern"?']),
    ("gemini", "give", ["15 degrees"]),
    ("chat", "ask", ["Sum it up."]),
    ("anthropic", "ask", ["Thanks."]),
)


@dataclass(frozen=True)
class Step:
    """One request and its answer, as the client and as the upstream saw it."""

    author: str
    asked: str
    answered: Answered
    heard: Heard


def carry(talk: Talk, mind: MindUpstream) -> Iterator[Step]:
    """Have the whole conversation, each step with the provider that is its turn."""
    for author, act, parts in STEPS:
        more: dict[str, Any] = {"model": MODELS[author]}
        answered = talk.ask(parts, **more) if act == "ask" else talk.give([parts], **more)
        yield Step(author, f"{act} {parts[0]}", answered, mind.heard[-1])


def strangers(step: Step, before: Sequence[Step]) -> list[str]:
    """The authors of reasoning by somebody else that the upstream was sent, in words or as a signature."""
    body = orjson.dumps(step.heard.body).decode()
    others = [(other.author, other.heard.said.thought) for other in before if other.author != step.author]
    return [author for author, thought in others if thought in body or signature_of(thought) in body]


def chat_talk(client: Any, *, is_stream: bool) -> ChatTalk:
    """The conversation by chat messages."""
    tools = [{"type": "function", "function": vars(LOOK)}]
    asked = {"tools": tools, "reasoning_effort": "low"}
    post = chat_by_http(client, is_stream=is_stream)
    return ChatTalk(post, asked, [{"role": "system", "content": SYSTEM}])


def responses_talk(client: Any, *, is_stream: bool) -> ResponsesTalk:
    """The conversation by `previous_response_id`."""
    tools = [{"type": "function", **vars(LOOK), "strict": False}]
    asked = {"tools": tools, "reasoning": {"effort": "low", "summary": "auto"}, "instructions": SYSTEM}
    return ResponsesTalk(responses_by_http(client, is_stream=is_stream), asked, "previous")


def main() -> None:
    """Print it."""
    mind = MindUpstream()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(mind.app) as url,
        running_gateway(Path(folder), mind_config(url)) as gateway,
        gateway.client() as client,
    ):
        steps = [*carry(responses_talk(client, is_stream=True), mind)]
        by_chat = [*carry(chat_talk(client, is_stream=False), mind)]
    is_same = [step.answered for step in by_chat] == [step.answered for step in steps]
    sys.stdout.write("\n".join([*_lines(steps), "", f"The same by chat messages: {'yes' if is_same else 'NO'}.", ""]))


def _lines(steps: Sequence[Step]) -> Iterator[str]:
    yield "One conversation on /v1/responses by previous_response_id, streamed; the provider changes on the way."
    yield "Each upstream refuses reasoning that is not its own, not unharmed or not in its place.\n"
    for number, step in enumerate(steps):
        own, foreign = len(step.heard.proofs), len(strangers(step, steps[:number]))
        turns = f"{len(step.heard.transcript.turns)} turns, of its own reasoning {own}, of others' {foreign}"
        yield f"{step.author:9} {step.asked:18} it is sent {turns}"
        said = [f"calls {name}({given})" for name, given in step.answered.calls] or ["answers"]
        yield f"{'':9} thinks “{step.answered.thought}”, {', '.join(said)}"
    proofs = [f"{proof[:24]}…" for proof in steps[-1].heard.proofs]
    yield f"\nThe signatures of its own that {steps[-1].author} was sent at last: {' '.join(proofs)}"
    yield "What it was told besides, as it says itself (an answer stands as its digest):"
    yield from textwrap.wrap(steps[-1].answered.text, 116, initial_indent="  ", subsequent_indent="  ")


if __name__ == "__main__":
    main()
