"""What is said in a stream's chat: its modes, what its filters let through, and what moderators do about messages."""
