"""What dialects share about a conversation: its turns, calls paired with their outputs, tools and their flat names."""
