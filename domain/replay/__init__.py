"""What was said in a show, read again from its history."""
