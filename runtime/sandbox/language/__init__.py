"""What generated code may say, and the small deterministic Python that it meets."""
