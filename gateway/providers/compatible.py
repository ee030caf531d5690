"""Any server that speaks the OpenAI chat dialect and is named in waystone.yaml."""

import re

from gateway.dialects.profiles.openai_chat import ChatProfile

# vLLM, llama.cpp, DeepSeek and OpenRouter put a prompt that is too long into words only
# (shared facts on providers, section 19, August 2026).
TOO_LONG = re.compile(
    r"maximum context length|context (size|length|window).{0,40}exceed|exceeds? the (available )?context"
    r"|prompt (is )?too long",
    re.I,
)

# What the gateway's own answers may have beside OpenAI's fields of a message, and clients send back with them.
OF_ANSWERS = frozenset({"reasoning_details", "citations", "images"})

# What OpenAI itself has beside its models, and no other provider documents: a moderation, and options of its cache.
OF_OPENAI = frozenset({"moderation", "prompt_cache_options"})

PROFILE = ChatProfile(context_too_long=TOO_LONG)
