"""Known faults put into good classes, to see which of them an inspection finds."""
