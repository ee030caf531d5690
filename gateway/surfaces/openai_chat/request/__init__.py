"""Reads the body of a chat request into the neutral request."""
