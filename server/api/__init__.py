"""The REST API under the paths and in the shapes that tools of the field know."""
