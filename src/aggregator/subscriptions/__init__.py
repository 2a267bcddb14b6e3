"""What the user wants to read: feeds.toml, as a list of subscriptions."""
