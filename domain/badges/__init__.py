"""What people earn besides tokens: levels and badges, each once."""
