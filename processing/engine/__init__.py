"""The micro-batch loop. It knows positions and limits, and no geography."""
