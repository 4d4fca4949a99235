"""Argo CD's published objects as frozen values: Applications, projects, Secrets and settings.

Each typed view stands beside the raw document it was read from, so that a field that nobody here knows is
kept. Reading collects every error; a lenient view, without the parts that could not be read, stays available.
"""
