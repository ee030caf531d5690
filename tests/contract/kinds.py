"""Makes the contract's two large unions smaller, so that a short run of the fuzzer still gets through all of it."""

import random
from typing import Any

VARIABLE = "FUZZ_KINDS"
"""The environment variable that asks for it: how many kinds, a colon, a seed."""

# Each with the branch for every kind that is not listed.
UNIONS = {"InputItem": "OtherInputItem", "Tool": "OtherHostedTool"}


def keep_kinds(document: dict[str, Any], count: int, seed: int) -> None:
    """Keep so many branches of each large union, the first and others drawn by the seed, and that for all others.

    To that branch the kinds that were left out are unknown ones, as they would be to a client that is older.
    """
    schemas = document["components"]["schemas"]
    draw = random.Random(seed)
    for union, other in UNIONS.items():
        fallback = {"$ref": f"#/components/schemas/{other}"}
        first, *branches = (branch for branch in schemas[union]["anyOf"] if branch != fallback)
        kept = [first, *draw.sample(branches, min(count - 1, len(branches)))]
        schemas[union]["anyOf"] = [*kept, fallback]
        schemas[other]["properties"]["type"]["not"]["enum"] = [
            kind for branch in kept for kind in _kinds(schemas[branch["$ref"].rpartition("/")[2]])
        ]


def _kinds(schema: dict[str, Any]) -> list[str]:
    kind = schema["properties"]["type"]
    kinds = [kind["const"]] if "const" in kind else kind["enum"]
    return [name for name in kinds if name is not None]
