"""Alerts: correlation of flags and the life cycle. Pure."""
