"""What stops a benchmark."""


class BenchmarkError(Exception):
    """Nothing can be measured, or what was measured is worth nothing; the message says why."""
