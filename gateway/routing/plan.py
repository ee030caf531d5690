"""Where one request may go, in order: shared out by weight, or kept together where it belongs together."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from gateway.credentials.base import Credential
from gateway.dialects.base import Dialect, Origin
from gateway.dialects.profiles.base import Profile
from gateway.dialects.profiles.tokens import TokenFacts
from gateway.errors import Header, InvalidRequest
from gateway.neutral.generation import Generation
from gateway.neutral.items import EarlierReasoning, Item, Message, ToolOutput
from gateway.neutral.json import Json
from gateway.neutral.parts import FilePart, ImagePart, Part, RefusalPart, TextPart
from gateway.neutral.prompt import Prompt
from gateway.neutral.settings import requests_nothing
from gateway.routing.balance import Turns, rendezvous
from gateway.routing.router import Route, Step, keep
from gateway.sealing import Sealed, Sealer, is_sealed
from gateway.upstream import Upstream

_CACHE_KEY, _CACHE_CONTROL = "prompt_cache_key", "cache_control"
# Items that a prompt's cache is known by: conversations go on, and their beginning stays.
_OPENING = 2
_HEADER_BYTES = 200
_LARGE_BYTES = 64 * 1024
"""From this size of a request on, it is worth the time to look up a window that the operator has not set."""


class Lane:
    """One way to an answer: an upstream, what opens it, and the model's name there.

    What depends on these alone is made once and kept: a lane outlives its requests.
    """

    __slots__ = ("_detours", "_ways", "author", "credential", "headers", "model", "near_bytes", "upstream", "window")

    def __init__(self, upstream: Upstream, credential: Credential, model: str) -> None:
        self.upstream = upstream
        self.credential = credential
        self.model = model
        self.author = (upstream.name, model, credential.label)
        """The same, as seals have it."""
        self.headers: Sequence[Header] = (
            (b"x-waystone-provider", upstream.name.encode()),
            (b"x-waystone-model", header_value(model)),
        )
        """What the answer's headers say of it."""
        self.window = 0
        """How many tokens the model reads at once; 0 where that is not known."""
        self.near_bytes = _LARGE_BYTES
        """The size of a request from which on it may be beyond the window, or that has to be looked up."""
        if (window := upstream.window(model)) is not None:
            self.set_window(window)
        self._ways: dict[str | None, tuple[Dialect, Origin]] = {}
        self._detours: dict[str, tuple[Dialect, Origin]] = {}

    def set_window(self, tokens: int) -> None:
        """How many tokens the model reads at once has been looked up; 0 where nobody knows."""
        self.window = tokens
        # No text has fewer bytes than tokens. What nobody knows is looked up again, though not each time.
        self.near_bytes = tokens or _LARGE_BYTES

    def token_facts(self, origin: Origin) -> TokenFacts:
        """How the model counts, in this dialect. A deployment's name at the provider says nothing of that."""
        return origin.profile.tokens.of(self.model)

    def way(self, generation: Generation, preferred: str | None) -> tuple[Dialect, Origin]:
        """The dialect in which a request goes there, and who answers: the preferred dialect, where it is spoken there.

        Some models take some requests in another dialect of their provider only.
        """
        way = self.usual_way(preferred)
        profile = way[1].profile
        other = detour(generation, profile) if profile.detours else None
        if other is not None and other in self.upstream.profiles:
            return self._other_way(other)
        return way

    def usual_way(self, preferred: str | None) -> tuple[Dialect, Origin]:
        """The same for a request that takes no detour."""
        way = self._ways.get(preferred)
        if way is None:
            dialect = self.upstream.dialect(preferred)
            way = self._ways[preferred] = dialect, self._origin(dialect)
        return way

    def seal(self, sealer: Sealer, key_id: str, state: Mapping[str, Json]) -> str:
        """A state of its model's as text that only the key's own requests bring back to it."""
        return sealer.seal(key_id, Sealed(self.upstream.name, self.model, dict(state), self.credential.label))

    def _other_way(self, other: str) -> tuple[Dialect, Origin]:
        way = self._detours.get(other)
        if way is None:
            dialect = self.upstream.dialect(other)
            # The provider may well have in its other API what this one refuses.
            way = self._detours[other] = dialect, self._origin(dialect, f"{self.upstream.name} ({other})")
        return way

    def _origin(self, dialect: Dialect, api: str = "") -> Origin:
        upstream = self.upstream
        return Origin(upstream.name, upstream.named(self.model), upstream.profiles[dialect.name].of(self.model), api)


class Planner:
    """Puts the lanes of each request in order."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._turns = Turns()
        self._kept: dict[tuple[str, str, str], Lane] = {}

    def lanes(self, steps: Sequence[Step], generation: Generation, key_id: str) -> Sequence[Lane]:
        """The lanes in the order in which they are to be tried, each once.

        In each step, and among an upstream's keys, it goes in turn; with a prompt cache in play, always in the order
        that belongs to that prompt. Whoever sealed reasoning that is sent along comes first in its own step, and
        first of all where a tool call of its waits for the answer.
        """
        if (only := self.only(steps)) is not None:
            return [only]
        prompt = prompt_for_order(generation)
        cached = _cache_key(prompt, key_id)
        author = self._author(prompt, key_id)
        lanes: dict[tuple[str, str, str], Lane] = {}
        for step in steps:
            found = [lane for route in self._ordered(step, cached) for lane in self._of(route, cached)]
            for lane in sorted(found, key=lambda lane: _distance(lane, author)):
                lanes.setdefault(lane.author, lane)
        if author is not None and _is_under_way(prompt):
            return sorted(lanes.values(), key=lambda lane: _distance(lane, author))
        return list(lanes.values())

    def only(self, steps: Sequence[Step]) -> Lane | None:
        """The one lane that there is; None where there are several."""
        first = steps[0].routes[0]
        # `has_choice`, without the call: this is every request's way.
        if len(steps) == 1 and len(steps[0].routes) == 1 and len(first.upstream.credentials) == 1:
            return self._lane(first.upstream, first.upstream.credentials[0], first.model)
        return None

    def _ordered(self, step: Step, cached: bytes | None) -> Iterator[Route]:
        routes = {route.name: route for route in step.routes}
        return (routes[name] for name in self._chosen(step.name, _weights(step.routes), cached))

    def _of(self, route: Route, cached: bytes | None) -> Iterator[Lane]:
        upstream = route.upstream
        credentials = {credential.label: credential for credential in upstream.credentials}
        weights = {label: credential.weight for label, credential in credentials.items()}
        for label in self._chosen(("keys", upstream.name), weights, cached):
            yield self._lane(upstream, credentials[label], route.model)

    def _lane(self, upstream: Upstream, credential: Credential, model: str) -> Lane:
        """The one lane of these, made anew where it is not kept."""
        key = upstream.name, model, credential.label
        lane = self._kept.get(key)
        if lane is None:
            lane = Lane(upstream, credential, model)
            keep(self._kept, key, lane, model)
        return lane

    def _chosen(self, group: object, weights: Mapping[str, float], cached: bytes | None) -> Sequence[str]:
        return self._turns.order(group, weights) if cached is None else rendezvous(cached, weights)

    def _author(self, prompt: Prompt, key_id: str) -> Sealed | None:
        """Who sealed the latest reasoning that is sent along; None where nobody did."""
        for item in reversed(prompt.items):
            if isinstance(item, EarlierReasoning) and item.sealed is not None and is_sealed(item.sealed):
                sealed = self._sealer.open(key_id, item.sealed)
                if sealed is not None:
                    return sealed
        return None


def _weights(routes: Sequence[Route]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for route in routes:
        weights[route.name] = weights.get(route.name, 0.0) + route.weight
    return weights


def _distance(lane: Lane, author: Sealed | None) -> int:
    """How far a lane is from the author of what was sealed."""
    if author is None or (lane.upstream.name, lane.model) != (author.provider, author.model):
        return 2
    return 0 if lane.credential.label == author.credential else 1


def detour(generation: Generation, profile: Profile) -> str | None:
    """The other dialect that a request has to go by; None where it need not."""
    try:
        prompt = generation.prompt
    except InvalidRequest:
        # No other dialect can be asked this, and where one has to be, its encoder says why. Detours lead away from
        # chat, whose names are the neutral ones.
        body = generation.body
        return profile.detour([*_requested(body)], body.get("reasoning_effort"))
    asked = [*_requested(prompt.settings.values)]
    if prompt.tools:
        asked.append("tools")
    if prompt.output_format is not None and prompt.output_format.kind != "text":
        asked.append("response_format")
    return profile.detour(asked, prompt.settings.values.get("reasoning_effort"))


def _requested(fields: Mapping[str, Json]) -> Iterator[str]:
    """The names of the fields that request something. No tools are none."""
    return (name for name, value in fields.items() if value != [] and not requests_nothing(name, value))


def header_value(text: str) -> bytes:
    """A caller's text as the value of a header: nothing of it may end the header and begin another."""
    return (text if text.isascii() and text.isprintable() else quote(text)).encode()[:_HEADER_BYTES]


def has_choice(steps: Sequence[Step]) -> bool:
    """Whether there are several candidates, whose order depends on the prompt."""
    return len(steps) > 1 or len(steps[0].routes) > 1 or len(steps[0].routes[0].upstream.credentials) > 1


def prompt_for_order(generation: Generation) -> Prompt:
    """What the order of candidates depends on. A prompt that no other dialect could be asked has no such signs."""
    try:
        return generation.prompt
    except InvalidRequest:
        return Prompt()


def _is_under_way(prompt: Prompt) -> bool:
    """Whether the model itself is to go on: the last item is the output of a tool, or the model's own."""
    last = prompt.items[-1] if prompt.items else None
    return last is not None and not (isinstance(last, Message) and last.role == "user")


def _cache_key(prompt: Prompt, key_id: str) -> bytes | None:
    """What tells this prompt's cache from others; None where the request shows no sign of one."""
    named = prompt.settings.values.get(_CACHE_KEY)
    if isinstance(named, str) and named:
        return f"{key_id}\0{named}".encode("utf-8", "surrogatepass")
    if not _has_cache_control(prompt):
        return None
    opening = [prompt.instructions or "", *map(_text_of, prompt.items[:_OPENING])]
    return "\0".join([key_id, *opening]).encode("utf-8", "surrogatepass")


def _has_cache_control(prompt: Prompt) -> bool:
    """Whether the client asks for anything to be cached: the whole prompt, a tool, a message or a part of one."""
    if prompt.settings.values.get(_CACHE_CONTROL) or any(tool.cache for tool in prompt.tools):
        return True
    return any(
        item.cache or any(part.cache for part in item.content)
        for item in prompt.items
        if isinstance(item, Message | ToolOutput)
    )


def _text_of(item: Item) -> str:
    return "\0".join(map(_text_of_part, item.content)) if isinstance(item, Message) else type(item).__name__


def _text_of_part(part: Part) -> str:
    match part:
        case TextPart(text) | RefusalPart(text):
            return text
        case ImagePart() | FilePart():
            return part.url or part.file_id or ""
        case _:
            return type(part).__name__
