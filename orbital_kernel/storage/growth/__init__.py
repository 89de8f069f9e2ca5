"""Forecasts of use, and quotas that grow before they block."""
