"""Who may come in: the local account, its tokens and its attempts."""
