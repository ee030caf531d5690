"""The tables of docs/ that come from code."""
