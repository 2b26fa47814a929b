"""Who is asking: tokens from header or cookie, what cookies must prove, and who may do what."""
