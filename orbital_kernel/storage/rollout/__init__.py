"""Adding an observatory: requirements and the order of steps."""
