"""Questions that the audience asks and votes up."""
