"""The pages and tables of the documentation that come from code."""
