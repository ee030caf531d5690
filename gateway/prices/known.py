"""A program: reads `[[provider, model], …]` from its input, and writes what genai-prices knows of each.

A process of its own, since the library's import takes 31 MB and, in one piece, the better part of half a second, in
which no stream of the server's would go on. It ends when it has answered. It never goes to the network: nothing here
starts the library's updates, and the prices are those of the installed version.
"""

import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import ModelInfo, TieredPrices

_MODALITIES = {"input_audio_mtok": "audio", "input_image_mtok": "images", "output_image_mtok": "image_output"}
# Our names, and those of the library, for US dollars per million tokens.
_MTOK = {
    "input": "input_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "output": "output_mtok",
}


def quote(snapshot: DataSnapshot, provider: str, model: str, now: datetime) -> dict[str, Any] | None:
    """What is known of one model; None where its provider's list has nothing that matches the name."""
    try:
        lister, info = snapshot.find_provider_model(model, None, provider, None)
    except LookupError:
        return None
    return {
        "price": _price(info, now),
        "context_window": info.context_window,
        "capabilities": _capabilities(info, now),
        "is_deprecated": bool(info.deprecated),
        "source": f"genai-prices {version('genai-prices')}: {lister.id}/{info.id}",
    }


def _price(info: ModelInfo, now: datetime) -> dict[str, Any] | None:
    """The prices that hold now. A price in tiers is that of the first one, which short prompts pay."""
    prices = info.get_prices(now)
    found = {ours: getattr(prices, theirs) for ours, theirs in _MTOK.items()}
    if found["input"] is None and found["output"] is None:
        return None
    is_tiered = any(isinstance(price, TieredPrices) for price in found.values())
    return {ours: _base(price) for ours, price in found.items()} | {"is_tiered": is_tiered}


def _capabilities(info: ModelInfo, now: datetime) -> list[str]:
    """What has a price of its own can be done."""
    prices = info.get_prices(now)
    return [name for unit, name in _MODALITIES.items() if getattr(prices, unit) is not None]


def _base(price: Any) -> float | None:
    amount = price.base if isinstance(price, TieredPrices) else price
    return None if amount is None else float(amount)


def main() -> None:
    """Answer what is asked."""
    snapshot, now = get_snapshot(), datetime.now(UTC)
    asked = json.load(sys.stdin)
    json.dump([quote(snapshot, provider, model, now) for provider, model in asked], sys.stdout)


if __name__ == "__main__":
    main()
