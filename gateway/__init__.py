"""The engine behind the handlers: contract, surfaces, dialects, providers, state."""
