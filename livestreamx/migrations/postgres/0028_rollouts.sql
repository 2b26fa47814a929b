-- What an admin has decided about a feature: off, or on for a share of people. A feature without a row is on for everybody.
CREATE TABLE rollouts (
    feature    text PRIMARY KEY,
    is_on      boolean NOT NULL,
    share      smallint NOT NULL CHECK (share BETWEEN 0 AND 100),
    changed_by uuid REFERENCES users,
    changed_at timestamptz NOT NULL DEFAULT now()
);
