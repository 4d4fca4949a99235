"""Does the work: the Celery application, its queues, signals, and tasks of a few lines."""
