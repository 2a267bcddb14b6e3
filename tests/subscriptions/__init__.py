"""What the user wants to read."""
