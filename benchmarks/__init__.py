"""What is fast, measured side by side with its limit: `python -m benchmarks --help`."""
