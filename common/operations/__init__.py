"""Read through ports, let the core decide, write through ports."""
