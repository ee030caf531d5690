"""What a model is sent of a conversation that is longer than the model can read: less of it, or a summary."""
