"""What models cost, as the price list has it; that it costs the server nothing, and the network is left alone."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

import gateway.prices.known
from gateway.prices import LISTERS, Known, Prices
from gateway.prices.known import quote
from gateway.providers import ROWS
from tests.house.sources import ROOT

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PROGRAM = Path(gateway.prices.known.__file__)
# Sockets and names that are looked up are told by audit events; threads are counted at the end.
WATCHED = """
import runpy, sys, threading
seen = []
sys.addaudithook(lambda event, arguments: event.startswith(("socket.", "urllib.")) and seen.append(event))
runpy.run_path(sys.argv[1], run_name="__main__")
print(seen, threading.active_count(), file=sys.stderr)
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def known_of(row: str, model: str) -> Known | None:
    return (await Prices().of([(row, model)])).get((row, model))


@pytest.mark.anyio
async def test_price_of_a_model_is_in_dollars_per_million_tokens_and_says_where_it_is_from() -> None:
    known = await known_of("openai", "gpt-4o-mini-2024-07-18")
    assert known is not None
    assert known.price is not None
    assert (known.price.input, known.price.cached_input, known.price.output) == (0.15, 0.075, 0.6)
    assert known.context_window == 128_000
    assert known.source.startswith("genai-prices ")
    assert known.source.endswith(": openai/gpt-4o-mini")


@pytest.mark.parametrize(
    ("row", "model"),
    [
        ("azure", "gpt-4.1"),
        ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("vertex", "claude-opus-4-5@20251101"),
        ("gemini", "gemini-2.5-flash"),
        ("openrouter", "anthropic/claude-sonnet-4.5"),
        ("groq", "openai/gpt-oss-120b"),
        ("fireworks", "accounts/fireworks/models/deepseek-v3p2"),
        ("xai", "grok-4"),
    ],
)
def test_models_are_found_under_the_names_that_their_provider_has_for_them(row: str, model: str) -> None:
    found = quote(get_snapshot(), LISTERS[row], model, NOW)
    assert found is not None
    assert found["price"]["input"]
    assert found["price"]["output"]


@pytest.mark.anyio
async def test_of_a_price_in_tiers_the_first_is_told() -> None:
    known = await known_of("gemini", "gemini-2.5-pro")
    assert known is not None
    assert known.price is not None
    assert (known.price.input, known.price.output, known.price.is_tiered) == (1.25, 10.0, True)


@pytest.mark.anyio
async def test_nothing_is_said_of_what_is_not_known() -> None:
    names = [("", "gpt-5"), ("lab", "gpt-5"), ("openai", "no-such"), ("openai", "\ud800")]
    assert await Prices().of(names) == {}


@pytest.mark.anyio
async def test_what_was_looked_up_is_kept(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import json, sys\n"
        f"open({str(tmp_path / 'runs')!r}, 'a').write('x')\n"
        "json.dump([None for _ in json.load(sys.stdin)], sys.stdout)\n"
    )
    prices = Prices(program)
    for model in ("a", "a", "b", "a"):
        assert await prices.of([("openai", model)]) == {}
    assert (tmp_path / "runs").read_text() == "xx"


@pytest.mark.anyio
@pytest.mark.parametrize("text", ["raise SystemExit(3)", "print('no JSON')", "print('[]')"])
async def test_a_lookup_that_fails_leaves_the_list_without_prices(tmp_path: Path, text: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(text)
    assert await Prices(program).of([("openai", "gpt-5")]) == {}


def test_lookup_touches_no_network_and_begins_no_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(PROGRAM)],
        input=b'[["openai", "gpt-5"]]',
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert b'"input": ' in done.stdout
    assert done.stderr.strip() == b"[] 1"


def test_server_does_not_import_the_price_list() -> None:
    loaded = "import sys, gateway.app, gateway.cli.models"
    lines = f"{loaded}; print([name for name in sys.modules if name.startswith('genai')])"
    done = subprocess.run(
        [sys.executable, "-c", lines], capture_output=True, check=True, timeout=60, cwd=ROOT, env={"PYTHONPATH": "."}
    )
    assert done.stdout.strip() == b"[]", done.stdout


def test_every_name_in_the_table_is_that_of_a_row_and_has_a_list() -> None:
    assert LISTERS.keys() <= ROWS.keys()
    assert set(LISTERS.values()) <= {provider.id for provider in get_snapshot().providers}


@settings(deadline=None)
@given(st.sampled_from(sorted(set(LISTERS.values()))), st.text(max_size=60))
def test_any_name_can_be_looked_up(provider: str, model: str) -> None:
    found = quote(get_snapshot(), provider, model, NOW)
    assert found is None or found["source"].startswith("genai-prices ")


def test_no_price_on_the_list_is_negative_and_a_list_price_has_an_input_or_an_output() -> None:
    snapshot = get_snapshot()
    for provider in snapshot.providers:
        for model in provider.models:
            found = quote(snapshot, provider.id, model.id, NOW)
            if found and (price := found["price"]):
                figures = [price[name] for name in ("input", "cached_input", "cache_write", "output")]
                assert all(figure is None or figure >= 0 for figure in figures)
                assert figures[0] is not None or figures[3] is not None
