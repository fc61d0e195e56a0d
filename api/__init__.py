"""What people and their systems may see, and the map client."""
