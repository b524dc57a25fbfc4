"""Executable, stateful tool environments with proven, verifiable tasks, made from task texts."""
