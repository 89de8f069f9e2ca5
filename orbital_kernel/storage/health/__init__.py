"""Health of the cluster: checks, alerts, metrics."""
