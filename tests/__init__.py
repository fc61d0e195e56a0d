"""Checks of Tocsin; the folders mirror the packages."""
