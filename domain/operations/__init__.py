"""Running the platform: how far each flow has come, and the records that none could read."""
