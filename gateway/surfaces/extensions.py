"""What a client wrote beside the fields that the contract lists."""

from gateway.neutral.json import object_or_empty

extensions = object_or_empty
"""The same object without its type, for fields that the contract leaves open; empty for what is no object.

A field that the contract lists is read from its own type, so that a change of the contract is seen.
"""
