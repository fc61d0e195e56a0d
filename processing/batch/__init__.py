"""What one batch is made of: rows, the ports to the store, and the pure steps between them."""
