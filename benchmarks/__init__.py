"""What is fast, measured beside its own limit."""
