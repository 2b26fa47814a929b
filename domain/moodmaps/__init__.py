"""How a channel looks in each mood."""
