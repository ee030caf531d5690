"""Reads the body of a Responses request into the neutral prompt."""
