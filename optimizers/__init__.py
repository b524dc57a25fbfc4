"""Compiling programs against execution validity."""

from .compiling import compile_program, load_program, save_program

__all__ = ["compile_program", "load_program", "save_program"]
