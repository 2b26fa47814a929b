"""Who people are: registration, passwords, sessions with rotating refresh tokens, access tokens, roles."""
