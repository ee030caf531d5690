"""The figures of the house: what one request passes, and what the source looks like."""
