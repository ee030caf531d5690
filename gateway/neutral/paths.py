"""Paths in the client's request, for errors and reports."""


def field_path(path: str, name: str) -> str:
    """The path of a field of the part or tool at `path`; what the history holds has no fields in the request."""
    return f"{path}.{name}" if "[" in path else path
