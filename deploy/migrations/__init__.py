"""Alembic migrations of the database of conclusions."""
