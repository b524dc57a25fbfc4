"""The command line. Importing it is cheap: what a command needs is loaded when it runs."""

from .app import app, main

__all__ = ["app", "main"]
