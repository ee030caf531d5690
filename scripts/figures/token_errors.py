"""Prints how far counts of tokens that are made here are from the providers', over the recordings of real requests.

`python -m scripts.figures.token_errors`
"""

from collections.abc import Sequence
from statistics import median

from scripts.benchmark.report import table
from tests.replay.counted import CountedRequest, by_bytes, counted_requests

LONG = 500
"""Tokens; a shorter text is all what stands around it."""
_HEAD = ("provider", "requests", "of text alone", "median error %", f"over {LONG} tokens", "median error %", "worst %")


def report() -> str:
    """A table with a line for each provider, and the same errors where tokens are estimated from bytes."""
    requests = counted_requests()
    rows = [_row(name, requests) for name in sorted({request.provider for request in requests})]
    return table((*_HEAD, "median by bytes %"), rows)


def _row(provider: str, requests: list[CountedRequest]) -> list[str]:
    own = [request for request in requests if request.provider == provider]
    plain = [request for request in own if request.is_plain]
    long = [request for request in plain if request.provided > LONG]
    errors, of_long = [request.error for request in plain], [request.error for request in long]
    bytewise = [by_bytes(requests, request) for request in long]
    worst = _percent(of_long[:1] and [max(of_long)])
    counts = (str(len(own)), str(len(plain)), _percent(errors), str(len(long)), _percent(of_long), worst)
    return [provider, *counts, _percent(bytewise)]


def _percent(errors: Sequence[float]) -> str:
    return f"{median(errors) * 100:.1f}" if errors else "–"


if __name__ == "__main__":
    print(report())
