-- Clips that creators bring: the file lies in the platform's folder, what it is lies here.

CREATE TABLE vods (
    id          uuid PRIMARY KEY DEFAULT uuidv7(),
    creator_id  uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    title       text NOT NULL CHECK (length(title) BETWEEN 1 AND 140),
    visibility  text NOT NULL CHECK (visibility IN ('public', 'unlisted', 'private')),
    kind        text NOT NULL CHECK (kind IN ('mp4', 'webm')),
    bytes       bigint NOT NULL CHECK (bytes > 0),
    duration_ms int NOT NULL CHECK (duration_ms > 0),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX vods_of_creator ON vods (creator_id, id);
CREATE INDEX public_vods ON vods (id) WHERE visibility = 'public';
