"""The Responses API's answers: its object, its items, its stream of events."""
