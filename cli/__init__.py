"""The `moor` command."""
