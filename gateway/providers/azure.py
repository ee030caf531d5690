"""Azure OpenAI: OpenAI's models under the names of deployments."""

from dataclasses import replace

from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.providers import openai
from gateway.providers.row import Row

# Its reference of the Responses API has no count of tokens (August 2026).
_TOKENS = openai.TOKENS.everywhere(lambda facts: replace(facts, is_counted=False))


def _in_chat(profile: ChatProfile) -> ChatProfile:
    # No files (shared facts on providers, section 3, August 2026).
    return replace(profile, part_forms={"file": None}, tokens=_TOKENS)


def _in_deployments(profile: ChatProfile) -> ChatProfile:
    # Responses were never there (shared facts on providers, section 3).
    return replace(profile, detours=())


def _in_responses(profile: ResponsesProfile) -> ResponsesProfile:
    # Nothing public says that it keeps prompts of its own; `stored_prompts` in the settings says so for a resource.
    return replace(profile, keeps_prompts=False, tokens=_TOKENS)


# A deployment is often named after its model. What a name does not tell is Azure's to judge.
_CHAT = openai.CHAT.everywhere(_in_chat)

ROW = Row(
    name="azure",
    profiles=(_CHAT, openai.RESPONSES.everywhere(_in_responses)),
    base_url="{endpoint}/openai/v1",
    key_variable="AZURE_OPENAI_API_KEY",
    base_url_variable="AZURE_OPENAI_ENDPOINT",
    scheme="azure",
    variables={
        "api_version": ("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"),
        "azure_ad_token": "AZURE_OPENAI_AD_TOKEN",
    },
    # With a version, the API of deployments is meant: the model stands in the address.
    variants={
        "api_version": Row(
            name="azure",
            profiles=(_CHAT.everywhere(_in_deployments),),
            base_url="{endpoint}/openai/deployments/{model}?api-version={api_version}",
            scheme="azure",
        )
    },
)
