"""Checks of the micro-batch engine."""
