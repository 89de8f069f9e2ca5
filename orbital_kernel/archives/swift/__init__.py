"""Readers of Swift's own files: BAT, XRT, UVOT, logs and catalogues."""
