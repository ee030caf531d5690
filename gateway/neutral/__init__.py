"""The typed request and the events between what clients speak and what upstreams speak."""
