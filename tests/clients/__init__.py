"""Real clients against a real server: the official SDK, plain HTTP, and bare sockets."""
