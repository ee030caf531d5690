"""`waystone check`: one tiny real call, and words for what came of it."""
