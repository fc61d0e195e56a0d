"""The commands of `tocsin`, one module a group."""
