"""What storage costs, and how queries scale."""
