"""Decides when: the tick, due times and cluster watches."""
