"""A PostgreSQL with PostGIS for development and tests."""
