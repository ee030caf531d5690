"""Records what the gateway sends upstream, answers and accounts for many requests, and compares it later."""
