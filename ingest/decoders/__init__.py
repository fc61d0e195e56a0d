"""Decoders of what field units send, one module a format. Pure."""
