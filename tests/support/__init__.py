"""What several checks share: fakes, builders, receivers."""
