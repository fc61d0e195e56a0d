"""Checks of the desk."""
