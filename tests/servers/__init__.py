"""Real servers for tests, on free ports of loopback: the gateway itself, and upstreams that follow a script."""
