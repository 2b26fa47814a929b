"""Who leads: boards that the dataflows keep in Redis, with the people on them."""
