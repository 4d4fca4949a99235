"""Watches clusters: keeps the live snapshot and makes applications due when something changed."""
