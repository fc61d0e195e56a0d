"""What other people's tools read from PostgreSQL: the schema `gis` and who may."""
