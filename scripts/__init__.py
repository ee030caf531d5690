"""The project's own commands, one verb each."""
