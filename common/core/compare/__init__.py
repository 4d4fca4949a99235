"""Desired against live: drift and whose it is, ignore rules, in-sync stamps, and diffs for people."""
