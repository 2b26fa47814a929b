"""What somebody may be recommended at this moment."""
