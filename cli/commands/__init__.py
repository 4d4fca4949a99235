"""The commands of `moor`, one module a subject."""
