"""Code lists: versioned data with labels in English and French, one JSON file a list."""
