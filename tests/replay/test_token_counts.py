"""Recorded requests are counted without their providers, and come near to what those have counted."""

from statistics import median

import pytest

from scripts.figures.token_errors import LONG, report
from tests.replay.counted import OTHER_THAN_THE_TEXT, CountedRequest, counted_requests

REQUESTS = counted_requests()
OWN = [request for request in REQUESTS if request.is_own and request.is_plain]
LONG_TEXTS = [request for request in REQUESTS if request.is_plain and request.provided > LONG]
A_MESSAGE = 3
MOST = 0.15


def path_of(request: CountedRequest) -> str:
    return request.path.removesuffix(".json")


@pytest.mark.parametrize("request_", OWN, ids=path_of)
def test_openais_own_models_are_counted_to_three_tokens_a_message(request_: CountedRequest) -> None:
    assert abs(request_.counted - request_.provided) <= A_MESSAGE * max(request_.messages, 1)


@pytest.mark.parametrize("provider", sorted({request.provider for request in LONG_TEXTS}))
def test_half_of_the_long_texts_of_a_provider_are_within_fifteen_in_a_hundred(provider: str) -> None:
    assert median(request.error for request in LONG_TEXTS if request.provider == provider) <= MOST


@pytest.mark.parametrize("start", OTHER_THAN_THE_TEXT)
def test_provider_that_counts_something_else_is_far_from_our_count(start: str) -> None:
    found = [request for request in REQUESTS if request.path.startswith(f"{start}-")]
    if not found:
        pytest.skip("the recordings are not here")
    assert found[0].error > MOST


def test_errors_are_printed_by_provider() -> None:
    lines = report().strip().splitlines()
    assert len(lines) == 2 + len({request.provider for request in REQUESTS})
