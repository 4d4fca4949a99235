"""Renderers: a source of an Application made into objects, each tool in a process of its own."""
