"""What scripts/generate makes of openapi/: the contract as one document, and its types."""
