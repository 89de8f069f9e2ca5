"""Readers of alerts: GCN notices as JSON, VOEvents."""
