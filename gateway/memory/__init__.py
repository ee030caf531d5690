"""What the gateway remembers for its clients: responses, conversations, and the turns between them."""
