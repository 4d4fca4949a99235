"""One module for each outside thing, behind the port it implements."""
