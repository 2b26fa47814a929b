-- Whether somebody wants recommendations made for them, and since when their watching may be known.

CREATE TABLE history_choices (
    user_id       uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    opt_out       boolean NOT NULL DEFAULT false,
    history_since timestamptz NOT NULL
);
