"""The `parley` command: wiring and nothing else."""
