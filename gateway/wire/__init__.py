"""How bytes travel to and from upstreams: the transport, its HTTP/1.1 client, and the readers of streams."""
