"""How seasons end: their boards are kept, and their best are rewarded."""
