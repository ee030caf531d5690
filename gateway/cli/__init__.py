"""The command `waystone` and its sub-commands, each imported when it is called."""
