-- How seasons ended: the first thousand of each board, written once.

CREATE TABLE seasons (
    ref       text PRIMARY KEY,
    ended_at  timestamptz NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE season_results (
    season  text NOT NULL REFERENCES seasons,
    board   text NOT NULL CHECK (board IN ('gifts', 'xp', 'engagement', 'creators', 'patrons')),
    rank    int NOT NULL CHECK (rank >= 1),
    user_id uuid NOT NULL,
    score   bigint NOT NULL CHECK (score > 0),
    PRIMARY KEY (season, board, rank),
    UNIQUE (season, board, user_id)
);
CREATE INDEX season_results_of_user ON season_results (user_id);
