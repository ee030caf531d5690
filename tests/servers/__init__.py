"""Real servers for tests, on free ports of loopback: the gateway itself, and scripted upstreams."""
