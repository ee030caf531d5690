"""Where a request goes, and what is done when it fails there: plans, attempts, and what is known of the providers."""
