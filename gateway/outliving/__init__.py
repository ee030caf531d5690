"""Answers that outlive their clients: made in tasks of their own, and handed to the client while it is there."""
