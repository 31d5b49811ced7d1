"""Figures to look at, not to pass: run each as `python -m benchmarks.<name>`."""
