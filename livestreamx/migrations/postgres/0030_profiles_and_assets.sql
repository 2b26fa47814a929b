-- What people make of their pages: a theme, files of their own, and how their channel looks in each mood.

ALTER TABLE users ADD COLUMN theme text NOT NULL DEFAULT 'ember';

CREATE TABLE assets (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    owner_id   uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('png', 'webp', 'gif', 'mp3')),
    name       text NOT NULL DEFAULT '' CHECK (length(name) <= 80),
    bytes      int NOT NULL CHECK (bytes BETWEEN 1 AND 5242880),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX assets_of_owner ON assets (owner_id, id);

CREATE TABLE mood_maps (
    creator_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    map        jsonb NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
