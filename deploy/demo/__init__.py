"""The sample mission: South Sudan, from public data, replayed through the real intake."""
