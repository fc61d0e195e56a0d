"""Tests of processing.locate."""
