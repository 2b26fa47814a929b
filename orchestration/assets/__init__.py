"""The path from history to a served model; each asset calls one function and says what came out."""
