"""Storage as a plan: the desired state, the difference, its execution."""
