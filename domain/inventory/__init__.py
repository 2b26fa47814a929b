"""Exclusive packs, sold for tokens while they last, and what people own of them."""
