"""What admins look up about people and their money, and the few acts on an account that are theirs alone."""
