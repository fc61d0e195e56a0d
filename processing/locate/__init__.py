"""Where: admin areas, nearest features, uncertainty. Pure over columns."""
