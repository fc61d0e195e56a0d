"""The edges of processing: databases, logs, HTTP."""
