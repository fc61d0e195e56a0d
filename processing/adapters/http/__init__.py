"""Sending webhooks, on an event loop of its own thread."""
