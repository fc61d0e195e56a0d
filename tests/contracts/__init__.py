"""One suite per port, run over the fake and the real."""
