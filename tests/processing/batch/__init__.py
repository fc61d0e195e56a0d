"""Checks of the pure steps of a batch."""
