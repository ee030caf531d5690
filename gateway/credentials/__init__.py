"""What opens upstreams: keys, and the tokens and signatures that clouds want in their place."""
