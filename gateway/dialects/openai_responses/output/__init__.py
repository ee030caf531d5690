"""The output items of one answer, built from what an upstream reports of them in whatever order."""
