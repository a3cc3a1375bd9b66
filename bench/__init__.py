"""Benchmarks of Parley, run by scripts/bench. One file in `bench/suites` is one benchmark."""
