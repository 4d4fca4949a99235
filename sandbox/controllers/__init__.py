"""Small controllers: they watch the store and move objects on, as their namesakes in real clusters do."""
