"""The neutral request and what all surfaces and dialects share."""
