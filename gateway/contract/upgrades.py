"""What the header `Upgrade` of a request wants."""


def is_websocket(upgrade: bytes) -> bool:
    """Whether it wants a WebSocket."""
    return any(protocol.strip().lower() == b"websocket" for protocol in upgrade.split(b","))
