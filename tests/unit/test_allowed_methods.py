"""A method that a path does not take is answered with those that it takes, of that path and no other."""

import pytest

from gateway.contract.bundle import Bundle
from gateway.contract.methods import AllowedMethods

ALLOWED = AllowedMethods(Bundle.load())


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/responses", "GET, POST, HEAD"),
        ("/v1/responses/resp_1/cancel", "POST"),
        ("/v1/chat/completions", "POST"),
        ("/v1/responses/resp_1", "GET, DELETE, HEAD"),
        ("/v1/responses/resp_1/input_items", "GET, HEAD"),
        ("/v1/conversations/conv_1", "GET, POST, DELETE, HEAD"),
        ("/v1/conversations/conv_1/items", "GET, POST, HEAD"),
        ("/v1/conversations/conv_1/items/msg_1", "GET, DELETE, HEAD"),
        ("/v1/models/lab/deep/name", "GET, HEAD"),
        ("/v1/elsewhere", None),
        ("/v1/responses/", None),
    ],
)
def test_methods_are_those_of_the_path_itself(path: str, methods: str | None) -> None:
    assert ALLOWED.on(path) == methods
