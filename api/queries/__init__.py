"""Pure builders: parameters in, a SQLAlchemy statement out. Nothing here runs one."""
