"""Kafka as the log of processing."""
