-- What creators lay over their picture: pictures of their own and words, in a box given in hundredths of the stage; and
-- a picture of their own behind a show.

CREATE TABLE overlays (
    creator_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key        text NOT NULL CHECK (key ~ '^[a-z0-9][a-z0-9_-]{0,23}$'),
    place      smallint NOT NULL CHECK (place BETWEEN 1 AND 12),
    kind       text NOT NULL CHECK (kind IN ('picture', 'words')),
    x          smallint NOT NULL CHECK (x BETWEEN 0 AND 99),
    y          smallint NOT NULL CHECK (y BETWEEN 0 AND 99),
    width      smallint NOT NULL CHECK (width BETWEEN 1 AND 100 - x),
    height     smallint NOT NULL CHECK (height BETWEEN 1 AND 100 - y),
    asset_id   uuid REFERENCES assets ON DELETE CASCADE,
    text       text NOT NULL DEFAULT '' CHECK (length(text) <= 120),
    enabled    boolean NOT NULL,
    PRIMARY KEY (creator_id, key),
    UNIQUE (creator_id, place),
    CHECK ((kind = 'picture') = (asset_id IS NOT NULL)),
    CHECK (kind = 'picture' OR text <> '')
);
CREATE INDEX overlays_of_asset ON overlays (asset_id) WHERE asset_id IS NOT NULL;

ALTER TABLE scenes ADD COLUMN background_asset_id uuid REFERENCES assets ON DELETE SET NULL;
CREATE INDEX scenes_of_asset ON scenes (background_asset_id) WHERE background_asset_id IS NOT NULL;
