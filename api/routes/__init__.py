"""The routes, one module a noun. Each module lists its `ROUTES` with the permission they need."""
