"""States and results as JSON: strictly, with typed markers, or as a projection."""
