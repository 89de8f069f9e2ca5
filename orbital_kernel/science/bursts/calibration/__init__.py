"""Thresholds of the burst detector, measured on quiet and on injected data."""
