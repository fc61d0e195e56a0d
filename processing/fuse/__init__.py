"""Same event? Which reports are one incident, as a function of the set of reports."""
