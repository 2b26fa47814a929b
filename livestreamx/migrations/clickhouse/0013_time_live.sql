-- How long each mood lasted while the stream was live: the last hop may end after it.
ALTER TABLE mood_cells ADD COLUMN IF NOT EXISTS felt_ms UInt64 DEFAULT hops * 5000 AFTER changes;
