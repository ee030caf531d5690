"""Makes the contract: merges, overlays and bundles openapi/, checks its style, and writes generated/."""
