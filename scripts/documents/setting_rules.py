"""docs/settings.md: the one table of settings, for readers."""

from collections.abc import Sequence

import orjson

from gateway.neutral.json import Json
from gateway.neutral.settings import RESPONSES_RULES, RULES, SAME, Kind, Rule
from scripts.documents.table import code, table

_KINDS: dict[Kind, str] = {"flag": "true or false", "text": "string", "texts": "string or list of strings"}
_LONG = 2**53
_INTRODUCTION = """\
# Settings

Everything of a request beside its conversation and its tools, and what holds for it at every provider.
`scripts/document` writes this page from the table that the gateway runs by (`RULES` in `gateway/neutral/settings.py`,
[decision 0024](decisions/0024-one-table-of-settings.md)). What becomes of a setting at which provider is in
[fidelity](fidelity.md).

- *requests nothing*: beside null, the values that are the same as leaving the setting out. Where the contract of an
  operation lets them through, the gateway neither refuses nor reports them.
- *without a place*: what happens where a provider has no such setting. It is dropped, which `x-waystone-dropped`
  reports, or refused with a 400 that names the field and the provider, since the answer would be another one.
- *range*: OpenAI's, ends included; a provider may have another one. `/v1` refuses a number outside of OpenAI's range
  with a 400, for it is in the contract (all but chat's `top_k`; `max_output_tokens` is from 16 up there). Elsewhere,
  and for the range of a provider, *outside* says what happens: it is moved to the nearer end, and reported if that is
  further than 0.011, or it is refused. A limit of tokens above a model's own most is lowered to it, and reported.
- A value of another type is a 400 wherever a request is translated, also where it would be dropped. In the API of the
  client itself the value travels, and the provider judges it, where the contract has not refused it; so does a number
  out of range.
- Of one setting under two names (`text.verbosity` and `verbosity`) the one in the place of the Responses API counts,
  and the other is reported as dropped. Of two limits of tokens the lower one counts, and none is reported; only a body
  of the Responses API that goes to a provider in that API keeps chat's names as they came.
- A provider's own field (`thinking`, Cohere's `p`) counts before the setting that would be written there, which is
  reported as dropped unless it says the same.
- Of `prompt_cache_options`, an option that a provider has no place for is reported by its own name
  (`prompt_cache_options.ttl`); providers that cache up to breakpoints alone do what `explicit` says anyway.
  `comparison_response_id` and `background_options` name what is the gateway's own, so no provider is sent them.
- With the `reasoning.context` `current_turn` the gateway itself leaves out the reasoning of turns before the last
  message of the user's, whichever provider answers; the answer lists it in `input_transformations`.
- `configuration_update` items change the effort and the format from there on, also for requests that go on from theirs.
  What a request has of its own settings prevails over those of its history, and its own items prevail over both.
- `parallel_tool_calls` without tools requests nothing wherever a request is translated.
- The Responses API requests `logprobs` by an entry of `include`.
- A setting that is not listed travels to providers that are called in the client's API, but to Mistral and the embedded
  model, which take the fields that they know and no others; where it does not travel, it is dropped and reported.
"""


def document() -> str:
    """The whole page."""
    shared = [(_chat(name, rule), _place(name, rule), *_cells(rule)) for name, rule in sorted(RULES.items())]
    own = [(code(name), *_cells(rule)) for name, rule in sorted(RESPONSES_RULES.items())]
    sections = [
        _INTRODUCTION,
        _table(("chat", "Responses API"), shared),
        "## The Responses API alone\n\nNo provider that is called in another API is sent any of these.\n",
        _table(("Responses API",), own),
    ]
    return "\n".join(sections)


def _table(names: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return table((*names, "type", "requests nothing", "without a place", "range", "outside"), lines) + "\n"


def _chat(name: str, rule: Rule) -> str:
    return code(name) if rule.is_in_chat else f"{code(name)}, not OpenAI's"


def _place(name: str, rule: Rule) -> str:
    if not rule.is_in_response:
        return "refused: a Response cannot hold it"
    if rule.place is None:
        return "not listed, read as in chat"
    return code(name if rule.place == SAME else rule.place)


def _cells(rule: Rule) -> Sequence[str]:
    neutral = code(*map(_written, rule.neutral))
    verdict = "refused" if rule.is_required else "dropped"
    if rule.required_unless:
        harmless = (f"{code(path)} other than {code(*map(_written, values))}" for path, values in _needs(rule))
        verdict += f"; refused with {' or '.join(harmless)}"
    outside = "" if rule.least is None and rule.most is None else rule.outside
    return (_KINDS.get(rule.kind, rule.kind), neutral, verdict, _range(rule), outside)


def _needs(rule: Rule) -> Sequence[tuple[str, Sequence[Json]]]:
    return list(rule.required_unless.items())


def _written(value: Json) -> str:
    return orjson.dumps(value).decode()


def _range(rule: Rule) -> str:
    if rule.least is None:
        return ""
    least = f"{rule.least:g}" if abs(rule.least) < _LONG else "-2^63"
    if rule.most is None:
        return f"from {least} up"
    return f"{least} to " + (f"{rule.most:g}" if rule.most < _LONG else "2^63 - 1")
