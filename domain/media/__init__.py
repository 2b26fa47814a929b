"""The picture of a stream: passes into its room at the media server, and what follows from who comes and goes there."""
