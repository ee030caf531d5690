"""What `hooks` does to requests, for the operations that generate, with an upstream of every dialect behind them.

A request that keeps the contract is answered, or refused by decision 0010: with the field that the upstream cannot
take, and in the gateway's words.
"""

from typing import Any

import schemathesis

from tests.contract import hooks
from tests.contract.dialects import is_forgiven, is_made_up, models_for

REFUSALS = {
    "unsupported_parameter",
    "unsupported_value",
    "invalid_value",
    "invalid_json_schema",
}
RARE = {
    *("audio", "prediction", "modalities", "logit_bias", "logprobs", "top_logprobs", "n", "web_search_options"),
    *("prompt", "moderation", "functions", "function_call"),
}
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_UNKNOWN = ("model_not_found", "ambiguous_model")
# What only an answer tells: that it is not in the form, or not the call, that was asked for.
_NOT_KEPT = "upstream_bad_reply"


@schemathesis.hook("before_call")
def before_dialect(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Ask the providers of all dialects, once `hooks` has made the request one that can be meant."""
    model = case.body.get("model") if isinstance(case.body, dict) else None
    models = models_for(case.operation.path)
    if model in hooks.MODELS or model in hooks.NATIVE:
        if _is_positive(case):
            case.body = modest(case.body)
        case.body["model"] = models[hooks.draw(case.body) % len(models)]
        if isinstance(case.body.get("models"), list) and _is_positive(case):
            case.body["models"] = [models[hooks.draw(name) % len(models)] for name in case.body["models"]]


def modest(body: dict[str, Any]) -> dict[str, Any]:
    """A copy of a request, mostly without what few can do: all of it at once is what coverage asks, and nobody has."""
    gone = RARE if hooks.draw(body) % 4 else ()
    return {name: value for name, value in body.items() if name not in gone}


@schemathesis.check
def answered_or_refused_by_the_rule(context: Any, response: Any, case: Any) -> None:
    """The one check that takes the place of `positive_data_acceptance` and `not_a_server_error`."""
    status = response.status_code
    if status < 400 or (status < 500 and not _is_positive(case)):
        return
    error = response.json()["error"]
    is_served = case.body["model"] in models_for(case.operation.path)
    if (not is_served and error["code"] in _UNKNOWN) or is_forgiven(error["message"]):
        return
    if is_made_up(error["message"], case.body) or _has_made_up_value(case.body):
        return
    if status == 400:
        assert error["code"] in REFUSALS, f"refused for no reason that is ours: {error}"
        assert error["param"], f"refused without a field: {error}"
        field = error["param"].partition("[")[0].partition(".")[0]
        assert field in case.body, f"refused for what was not asked: {error}"
    else:
        is_form = error["code"] == _NOT_KEPT and _asks_for_form(case.body)
        assert is_form, f"a server error: {status} {error}"


def _is_positive(case: Any) -> bool:
    return case.meta is None or bool(case.meta.generation.mode.is_positive)


def _has_made_up_value(body: dict[str, Any]) -> bool:
    """Whether a chat request has a form or an effort that nobody has: these reach its upstream as they came."""
    form, effort = body.get("response_format"), body.get("reasoning_effort")
    is_odd_form = isinstance(form, dict) and form.get("type") not in ("text", "json_object", "json_schema")
    return is_odd_form or (effort is not None and effort not in EFFORTS)


def _asks_for_form(body: dict[str, Any]) -> bool:
    text = body.get("text")
    form = body.get("response_format") or (text.get("format") if isinstance(text, dict) else None)
    return bool(form)
