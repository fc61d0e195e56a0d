"""Checks of the door."""
