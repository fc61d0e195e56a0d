"""Checks of `api.queries`."""
