"""What operators see of a gateway: key figures, and what Prometheus scrapes."""
