"""Agreement with outside standards."""
