"""What clients speak: each surface reads a validated body into a Generation and writes events back."""
