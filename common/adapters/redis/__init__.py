"""What is kept in Redis: the due set, the live snapshot, rendered blobs, small facts. All of it can be made
again after a flush.
"""
