"""Fakes of the ports: the same contracts as the real adapters, in this process."""
