"""Checks of what people see."""
