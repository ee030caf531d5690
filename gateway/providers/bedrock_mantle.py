"""Amazon Bedrock's other address, for the models that it serves in OpenAI's own shape."""

from gateway.dialects.profiles.base import Profile
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.providers import compatible
from gateway.providers.row import Row

# It answers as OpenAI does (recordings bedrock/001, 002 and 043 to 045).
_SHARED = Profile(dropped=frozenset({"top_k"}) | compatible.OF_OPENAI)

ROW = Row(
    name="bedrock-mantle",
    profiles=(ChatProfile.over(_SHARED), ResponsesProfile.over(_SHARED)),
    base_url="https://bedrock-mantle.{region}.api.aws/v1",
    key_variable="AWS_BEARER_TOKEN_BEDROCK",
    variables={"region": ("AWS_REGION", "AWS_DEFAULT_REGION")},
    note="The models of Bedrock that it serves in OpenAI's own shape.",
)
