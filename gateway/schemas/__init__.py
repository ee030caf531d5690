"""JSON Schemas that callers bring: compiled and applied in a process of their own, never on the event loop."""
