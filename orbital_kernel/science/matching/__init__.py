"""Sources of two catalogues matched by position, with probabilities."""
