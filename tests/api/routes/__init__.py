"""Checks of `api.routes`."""
