"""Schemas that callers bring: bounds with their places, hostile ones beside the event loop, and what comes back."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest

from gateway.companion import process as companion_module
from gateway.companion.process import Companion
from gateway.errors import InvalidRequest, Unavailable, UpstreamDown
from gateway.schemas.validator import AnswerSchema, SchemaValidator
from gateway.settings.bounds import SchemaBounds

PLACE = ("response_format", "json_schema", "schema")
AT = ".".join(PLACE)
BOUNDS = SchemaBounds()
MAIL = r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9-]+)*$"
IBAN = r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$"

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def validator() -> AsyncIterator[SchemaValidator]:
    validator = SchemaValidator(BOUNDS)
    yield validator
    await validator.close()


def patterned(*patterns: str) -> dict[str, Any]:
    return {"properties": {f"p{number}": {"pattern": pattern} for number, pattern in enumerate(patterns)}}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels - 1):
        schema = {"items": schema}
    return schema


def doubling(levels: int) -> dict[str, Any]:
    """A small schema of which each level applies the next one twice: validating takes 2 to the power of the levels."""
    twice = {f"a{i}": {"allOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(levels)}
    return {"$ref": "#/$defs/a0", "$defs": {**twice, f"a{levels}": {"type": "integer"}}}


def filled(length: int) -> dict[str, Any]:
    """A schema that is so long, as JSON without blanks."""
    return {"description": "x" * (length - len('{"description":""}'))}


WITHIN = [
    filled(BOUNDS.bytes),
    patterned(*[MAIL] * 25, *[IBAN] * 25),
    nested(BOUNDS.nesting),
    {"properties": {f"p{number}": {} for number in range(BOUNDS.properties)}},
    {"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"pattern": {"type": "string"}}},
    doubling(64),
    {"type": "object", "default": {"pattern": "("}, "properties": {"const": {}, "default": {"pattern": "a"}}},
    {"const": {"pattern": "(?=x)"}, "enum": [{"patternProperties": {"(": 1}}], "examples": [{"pattern": "["}]},
    {},
]


@pytest.mark.parametrize("schema", WITHIN, ids=range(len(WITHIN)))
async def test_schema_within_the_bounds_is_usable(validator: SchemaValidator, schema: dict[str, Any]) -> None:
    await AnswerSchema(validator, "k", schema, PLACE).require_usable()


BEYOND: list[tuple[dict[str, Any], str, str]] = [
    (filled(BOUNDS.bytes + 1), AT, "at most 262144 bytes"),
    (patterned(*["a"] * 51), f"{AT}.properties.p50.pattern", "at most 50 patterns"),
    ({"patternProperties": {f"a{i}": {} for i in range(51)}}, f"{AT}.patternProperties.a50", "at most 50 patterns"),
    (nested(BOUNDS.nesting + 1), AT + ".items" * BOUNDS.nesting, "at most 100 levels"),
    (nested(1000), AT, "at most 100 levels"),
    ({"properties": {f"p{i}": {} for i in range(5001)}}, f"{AT}.properties", "at most 5000 properties"),
    (patterned(r"^(\p{L}{1,40}|\d{1,40}){1,3}$"), f"{AT}.properties.p0.pattern", "at most 200000 bytes"),
    ({"anyOf": [{}, {"pattern": "(?=a)"}]}, f"{AT}.anyOf[1].pattern", "without look-around"),
    ({"type": "objekt"}, AT, "no JSON Schema"),
    ({"$ref": "https://example.org/a"}, AT, "no JSON Schema"),
    ({"$schema": "https://example.org/a"}, AT, "no JSON Schema"),
]


@pytest.mark.parametrize(("schema", "place", "limit"), BEYOND, ids=range(len(BEYOND)))
async def test_schema_beyond_a_bound_is_refused_with_the_bound_and_the_place(
    validator: SchemaValidator, schema: dict[str, Any], place: str, limit: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await AnswerSchema(validator, "k", schema, PLACE).require_usable()
    assert refused.value.code == "invalid_json_schema"
    assert place.startswith((refused.value.param or "none").removesuffix("…"))
    assert limit in refused.value.message


async def test_bounds_are_settings() -> None:
    validator = SchemaValidator(SchemaBounds(patterns=1, bytes=100))
    with pytest.raises(InvalidRequest, match="at most 1 patterns"):
        await AnswerSchema(validator, "k", patterned("a", "b"), PLACE).require_usable()
    with pytest.raises(InvalidRequest, match="at most 100 bytes"):
        await AnswerSchema(validator, "k", filled(101), PLACE).require_usable()
    await validator.close()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"a": 1.5}', None),
        ("", "something that is not JSON"),
        ("No.", "something that is not JSON"),
        ('{"a": 1} {}', "something that is not JSON"),
        ("\ud800", "something that is not JSON"),
        ('{"a": "x"}', "not of the form"),
        ("[]", "not of the form"),
        ('```json\n{"a": 1}\n```', "something that is not JSON"),
        ('{"a": 1, "b":' + "[" * 900 + "]" * 900 + "}", "not of the form"),
        ("[" * 5000 + "]" * 5000, "something that is not JSON"),
    ],
)
async def test_answer_is_held_to_its_schema(validator: SchemaValidator, text: str, fault: str | None) -> None:
    properties = {"a": {"type": "number"}}
    schema = AnswerSchema(
        validator, "k", {"type": "object", "required": ["a"], "properties": properties, "maxProperties": 1}, PLACE
    )
    await schema.require_usable()
    if fault is None:
        await schema.require(text, "lab")
        return
    with pytest.raises(UpstreamDown, match=fault) as failed:
        await schema.require(text, "lab")
    assert (failed.value.status, failed.value.code) == (502, "upstream_bad_reply")


@contextmanager
def longest_stop() -> Iterator[Callable[[], float]]:
    """The most processor time, in seconds, that the loop's thread spent between two looks at what else there is.

    Processor time: what else the machine does, does not count.
    """
    loop, looks, is_over = asyncio.get_running_loop(), [time.thread_time()], False

    def look() -> None:
        looks.append(time.thread_time())
        if not is_over:
            loop.call_soon(look)

    look()
    try:
        yield lambda: max(later - earlier for earlier, later in pairwise(looks))
    finally:
        is_over = True


HOSTILE: list[tuple[dict[str, Any], str]] = [
    (patterned(*[rf"[01]*1[01]{{{2400 + number}}}" for number in range(50)]), '{"p1": "' + "01" * 3000 + '"}'),
    ({"items": {"enum": [{"v": number} for number in range(20_000)]}}, "[" + ",".join(['{"v":19999}'] * 3000) + "]"),
    (doubling(40), "1"),
    ({"properties": {f"p{i}": {"type": "string"} for i in range(5_000)}}, "{}"),
    (filled(BOUNDS.bytes), "1"),
    (nested(BOUNDS.nesting), "[" * 99 + "]" * 99),
]


async def test_hostile_schemas_at_once_hold_up_neither_the_loop_nor_its_memory() -> None:
    validator = SchemaValidator(SchemaBounds(cpu_seconds=0.2))

    async def use(schema: dict[str, Any], text: str) -> str:
        answer = AnswerSchema(validator, "k", schema, PLACE)
        try:
            await answer.require_usable()
            await answer.require(text, "lab")
        except (InvalidRequest, UpstreamDown) as error:
            return error.message
        return "valid"

    await use({}, "1")
    before = _resident_bytes()
    with longest_stop() as seconds:
        found = await asyncio.gather(*(use(*hostile) for hostile in HOSTILE * 2))
    assert seconds() < 0.05
    assert _resident_bytes() - before < 64 * 2**20
    assert "too long to validate" in found[2]
    assert await use({"type": "integer"}, "1") == "valid"
    await validator.close()


async def test_process_ends_when_it_is_idle_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(companion_module, "IDLE_SECONDS", 0.01)
    started: list[asyncio.subprocess.Process] = []
    start = Companion._start

    async def watched(self: Companion) -> asyncio.subprocess.Process:
        started.append(await start(self))
        return started[-1]

    monkeypatch.setattr(Companion, "_start", watched)
    validator = SchemaValidator(BOUNDS)
    schema = AnswerSchema(validator, "k", {"type": "integer"}, PLACE)
    await schema.require_usable()
    assert await started[0].wait() == 0
    await schema.require("1", "lab")
    await validator.close()
    assert len(started) == 2


async def test_client_that_leaves_spoils_nobody_elses_answer(validator: SchemaValidator) -> None:
    numbers = AnswerSchema(validator, "k", {"type": "integer"}, PLACE)
    await numbers.require_usable()
    for _ in range(20):
        left = asyncio.ensure_future(numbers.require('"no number"', "lab"))
        stays = asyncio.ensure_future(numbers.require("1", "lab"))
        await asyncio.sleep(0)
        left.cancel()
        await stays


async def test_process_that_is_killed_is_started_again(validator: SchemaValidator) -> None:
    schema = AnswerSchema(validator, "k", {"type": "integer"}, PLACE)
    await schema.require_usable()
    process = validator.companion._process
    assert process is not None
    process.kill()
    await process.wait()
    await schema.require("1", "lab")


async def test_more_than_may_wait_are_refused_for_the_moment(
    validator: SchemaValidator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companion_module, "MOST_WAITING", 2)
    schema = AnswerSchema(validator, "k", {}, PLACE)
    found = await asyncio.gather(*(schema.require_usable() for _ in range(4)), return_exceptions=True)
    assert [type(error) for error in found] == [type(None), type(None), Unavailable, Unavailable]


async def test_process_that_cannot_run_is_not_the_callers_fault(
    validator: SchemaValidator, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = AnswerSchema(validator, "k", {}, PLACE)
    for program in ("/bin/false", "/nonexistent"):
        monkeypatch.setattr("sys.executable", program)
        with pytest.raises(Unavailable):
            await schema.require_usable()
    monkeypatch.undo()
    await schema.require_usable()


async def test_keys_take_turns(validator: SchemaValidator) -> None:
    order: list[str] = []

    async def use(key_id: str) -> None:
        await AnswerSchema(validator, key_id, {}, PLACE).require_usable()
        order.append(key_id)

    await asyncio.gather(*(use(key_id) for key_id in ("a", "a", "a", "a", "b", "b", "c")))
    assert order == ["a", "a", "b", "c", "a", "b", "a"]


def _resident_bytes() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * 4096
