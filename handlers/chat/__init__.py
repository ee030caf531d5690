"""Chat, as OpenAI shapes it."""
