"""Order in a channel: who moderates it, who is banned from it, what was reported. Its chat is the chat's own affair."""
