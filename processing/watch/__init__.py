"""What only time can trigger."""
