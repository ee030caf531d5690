"""Gemini in Google Cloud's Vertex AI."""

from dataclasses import replace

from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.providers.gemini import MODELS
from gateway.providers.row import Row


def _in_the_cloud(profile: GeminiProfile) -> GeminiProfile:
    # It does not know the field, and takes both kinds of tools without it (recording `vertex/010`). A service tier is
    # asked for by a header there; python-genai refuses the field for it (both August 2026).
    # Its count of tokens takes no whole request (https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens).
    return replace(
        profile,
        counts_whole_requests=False,
        tells_hosted_calls=False,
        tier_header="x-vertex-ai-llm-shared-request-type",
    )


ROW = Row(
    name="vertex",
    profiles=(MODELS.everywhere(_in_the_cloud),),
    # v1beta1 has what v1 has, and what is new besides: levels of thinking, JSON Schema (recordings `vertex/*`).
    base_url="https://{host}/v1beta1/projects/{project}/locations/{location}/publishers/google",
    base_url_variable="VERTEX_BASE_URL",
    models_url="https://{host}/v1beta1/publishers/google/models?pageSize=1000",
    scheme="google",
    variables={
        "project": ("GOOGLE_CLOUD_PROJECT", "VERTEXAI_PROJECT", "GCLOUD_PROJECT"),
        "location": ("GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION", "VERTEXAI_LOCATION"),
        "credentials_file": "GOOGLE_APPLICATION_CREDENTIALS",
    },
    # Shared facts on providers, section 0.1.
    hosts={
        "": "{location}-aiplatform.googleapis.com",
        "global": "aiplatform.googleapis.com",
        "us": "aiplatform.us.rep.googleapis.com",
        "eu": "aiplatform.eu.rep.googleapis.com",
    },
    note="Needs a Google Cloud project and location; an express key goes with a base_url of its own.",
)
