"""Attacks on a running gateway, whole and hard: what the tests do in small."""
