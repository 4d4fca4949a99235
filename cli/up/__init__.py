"""`moor up`: every part on one machine, supervised."""
