"""How many tokens a request's input takes: by its provider, by the model's own tokenizer, or by an estimate."""
