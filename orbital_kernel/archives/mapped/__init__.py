"""Tables of users, read by a mapping that names their columns and units."""
