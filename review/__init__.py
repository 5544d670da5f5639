"""What a change does to the marts: their rows and columns before it and after it."""
