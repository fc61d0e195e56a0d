"""A real Apache Kafka for development and tests, on this machine only."""
