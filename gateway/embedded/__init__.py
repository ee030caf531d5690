"""The demonstration model that runs on this machine: SmolLM2-135M-Instruct, by llama.cpp."""

from gateway.embedded.model import MODEL, Address, EmbeddedModel

__all__ = ["MODEL", "Address", "EmbeddedModel"]
