"""What the gateway is run with: every known provider at the scripted upstreams, and some that differ from it."""

from collections.abc import Mapping
from typing import Any

from gateway.providers import ROWS
from scripts.goldens.application import PORT

COMPATIBLE = tuple(name for name, row in ROWS.items() if any(dialect.startswith("openai-") for dialect in row.dialects))
"""The providers that speak one of OpenAI's APIs. Each is there three times: as its row has it, and as `NAME-chat` and
`NAME-responses`."""
FOREIGN = tuple(name for name in ROWS if name not in COMPATIBLE)
"""Those that speak none of them."""
_DIALECTS = ("anthropic-messages", "bedrock-converse", "gemini", "cohere", "openai-chat", "openai-responses")


def _provider(name: str, **more: Any) -> dict[str, Any]:
    key = {} if {"access_key_id", "api_keys"} & more.keys() else {"api_key": f"golden-key-of-{name}"}
    return {"base_url": f"http://127.0.0.1:{PORT}/{name}", **key, **more}


def _rows() -> dict[str, Any]:
    found = {name: _provider(name) for name in (*FOREIGN, *COMPATIBLE)}
    for name in COMPATIBLE:
        for api in ("chat", "responses"):
            found[f"{name}-{api}"] = _provider(f"{name}-{api}", provider=name, dialect=f"openai-{api}")
    return found


def _special() -> dict[str, Any]:
    found = {f"plain-{dialect}": _provider(f"plain-{dialect}", dialect=dialect) for dialect in _DIALECTS}
    for dialect in _DIALECTS:
        found[f"drops-{dialect}"] = _provider(f"drops-{dialect}", dialect=dialect, hosted_tools="drop")
    for name in ("openai", "anthropic", "gemini", "bedrock", "cohere"):
        found[f"{name}-two"] = _provider(f"{name}-two", provider=name)
        found[f"{name}-drops"] = _provider(f"{name}-drops", provider=name, hosted_tools="drop")
    keys = {"access_key_id": "AKIAGOLDEN", "secret_access_key": "golden-secret-access-key", "region": "us-east-1"}
    return {
        **found,
        "bedrock-signed": _provider("bedrock-signed", provider="bedrock", **keys),
        "azure-dated": _provider(
            "azure-dated",
            provider="azure",
            base_url=f"http://127.0.0.1:{PORT}",
            api_version="2024-10-21",
            deployments={"big": "our-gpt-4o"},
        ),
        "named": _provider("named", dialect="openai-chat", headers={"x-team": "gold"}, query={"version": "7"}),
        "limits": _provider("limits", dialect="openai-chat", token_limit_field="max_tokens", stream_usage=False),
        "keys": {
            **_provider("keys", dialect="openai-chat", api_keys=["golden-key-one", "golden-key-two"]),
            "api_key": None,
        },
        "down": {"base_url": "http://127.0.0.1:9/v1", "dialect": "openai-chat", "models": ["any"]},
    }


FRESH = 120
"""Providers `fresh-N`, each for one case whose upstream fails."""
PAIRS = 30
"""Models `sure-N` of two providers of their own, and providers `patient-N`, which are asked twice."""


def _fresh() -> dict[str, Any]:
    more = {"dialect": "openai-chat", "models": ["m"]}
    retries = {"attempts": 2, "longest_wait": 0.01}
    return {
        **{f"fresh-{number}": _provider(f"fresh-{number}", **more) for number in range(FRESH)},
        **{f"one-{number}": _provider(f"one-{number}", **more) for number in range(PAIRS)},
        **{f"two-{number}": _provider(f"two-{number}", **more) for number in range(PAIRS)},
        **{f"patient-{number}": _provider(f"patient-{number}", **more, retries=retries) for number in range(PAIRS)},
    }


def _sure() -> dict[str, Any]:
    last = "gemini/gemini-2.5-pro"
    return {
        f"sure-{number}": {"targets": [f"one-{number}/m"], "fallbacks": [f"two-{number}/m", last]}
        for number in range(PAIRS)
    }


CONFIG: Mapping[str, Any] = {
    # What fails here is scripted: neither a retry nor a pause is wanted but where a case is about it.
    "retries": {"attempts": 1},
    "breaker": {"failures": 10_000, "seconds": 0.001},
    "embedded": {"enabled": False},
    "providers": {**_rows(), **_special(), **_fresh()},
    "models": {
        "sure": {
            "targets": ["plain-openai-chat/m"],
            "fallbacks": ["anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-pro"],
        },
        "alias": {"targets": ["openai/gpt-5.1"]},
        "shared": {"targets": [{"model": "fresh-118/m", "weight": 3}, {"model": "fresh-119/m", "weight": 1}]},
        "author": {"targets": ["plain-openai-chat/m", "anthropic/claude-sonnet-4-5"]},
        **_sure(),
    },
}
