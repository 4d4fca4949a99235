"""Small controllers: they watch the store and move objects on, each as its namesake in a real cluster does."""
