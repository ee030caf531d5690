"""Azure OpenAI: OpenAI's models under the names of deployments."""

from dataclasses import replace

from gateway.dialects.profiles import Facts
from gateway.providers import openai
from gateway.providers.row import Row


def _as_azure(facts: Facts) -> Facts:
    # No files in chat (shared facts on providers, section 3, August 2026).
    return replace(facts, part_forms={"file": None})


# A deployment is often named after its model. What a name does not tell is Azure's to judge.
FACTS = replace(
    _as_azure(openai.FACTS), models=tuple((pattern, _as_azure(facts)) for pattern, facts in openai.FACTS.models)
)

ROW = Row(
    name="azure",
    dialects=("openai-chat", "openai-responses"),
    base_url="{endpoint}/openai/v1",
    key_variable="AZURE_OPENAI_API_KEY",
    base_url_variable="AZURE_OPENAI_ENDPOINT",
    facts=FACTS,
    scheme="azure",
    variables={
        "api_version": ("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"),
        "azure_ad_token": "AZURE_OPENAI_AD_TOKEN",
    },
    # With a version, the API of deployments is meant: the model stands in the address, and Responses were never there
    # (shared facts on providers, section 3).
    variants={
        "api_version": Row(
            name="azure",
            dialects=("openai-chat",),
            base_url="{endpoint}/openai/deployments/{model}?api-version={api_version}",
            facts=FACTS,
            scheme="azure",
        )
    },
)
