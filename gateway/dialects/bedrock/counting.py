"""Counts tokens with Amazon Bedrock: `POST /model/{id}/count-tokens`.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html (August 2026).
"""

import re
from urllib.parse import quote

from gateway.dialects.base import CountCalls, Counting, Origin, Outbound
from gateway.neutral.json import count_or_none, object_or_empty, parse, written

_FIELDS = frozenset(("messages", "system", "toolConfig", "additionalModelRequestFields"))
# It takes models, and no profiles of inference, whose names have a geography in front (recording bedrock/035, whose
# model was called through one).
_GEOGRAPHY = re.compile(r"^(?:us|us-gov|eu|apac|jp|au|ca|sa|global)\.(?=\w+\.)")
_ARN = "arn:"


def count_calls(sent: Outbound, origin: Origin) -> CountCalls | None:
    """The request as it would be sent, without what has no part in its input; None for a model behind an ARN."""
    if origin.model.startswith(_ARN):
        return None
    body = object_or_empty(parse(sent.body))
    converse = {name: value for name, value in body.items() if name in _FIELDS}
    path = f"/model/{quote(_GEOGRAPHY.sub('', origin.model), safe='')}/count-tokens"
    return CountCalls([Outbound(path, written({"input": {"converse": converse}}), headers=sent.headers)])


def read_count(body: bytes) -> int | None:
    """The tokens of the input."""
    return count_or_none(object_or_empty(parse(body)).get("inputTokens"))


# "The provided model doesn't support counting tokens" is a ValidationException (AWS's guide, "Count tokens", 2026).
COUNTING = Counting(count_calls, read_count, refuses_models=True)
