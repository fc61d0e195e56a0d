"""Checks of the wiring."""
