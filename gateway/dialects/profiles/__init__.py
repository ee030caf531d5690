"""What a dialect has to know about one upstream that speaks it: a base for all dialects, and a class for each."""
