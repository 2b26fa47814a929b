"""Who did what, before and after: an append-only log for roles, moderation, money and configuration."""
