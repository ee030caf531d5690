"""What a call is known by, where its upstream gives it no name."""

import uuid


def new_call_id() -> str:
    """A fresh identifier, by which a call's output names it."""
    return f"call_{uuid.uuid4().hex}"
