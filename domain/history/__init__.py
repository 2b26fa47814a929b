"""What a viewer has watched, and what of it may be known."""
