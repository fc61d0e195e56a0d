"""Checks of `api.repository`."""
