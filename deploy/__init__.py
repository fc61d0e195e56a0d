"""Wiring: settings, clocks, connections, processes and the command line."""
