"""Reading and writing the database of conclusions."""
