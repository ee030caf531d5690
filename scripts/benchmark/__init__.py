"""Measures the running gateway: speed beside a bare proxy, memory, start."""
