"""`python -m gateway`, the same as `waystone`."""

from gateway.cli.command import main

main()
