"""The history of the tables, one module a revision. A new one: copy the last, and set `HEAD` in tables.py."""
