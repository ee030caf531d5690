"""Idempotency keys: a request that comes twice is answered once, and its answer is sent again."""
