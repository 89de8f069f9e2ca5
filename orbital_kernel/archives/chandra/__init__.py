"""Readers of Chandra's own files: events, light curves, catalogues."""
