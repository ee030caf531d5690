"""What dialects share: the turns of a conversation, its tools and their names, answers in the client's terms."""
