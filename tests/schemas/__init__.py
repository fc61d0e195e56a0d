"""Checks of the schemas."""
