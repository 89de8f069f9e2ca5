"""The only archive files that use a network: TAP and GCN over Kafka."""
