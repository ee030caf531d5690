"""`python -m gateway`, the same as `waystone`."""

from gateway.cli import main

main()
