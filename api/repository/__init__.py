"""Runs the statements of `api.queries` and turns rows into values."""
