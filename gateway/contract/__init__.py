"""The OpenAPI contract, as the running server uses it."""
