-- Who earned which badge, once each; users.badges shows them in the order they came.

CREATE TABLE user_badges (
    user_id   uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    badge     text NOT NULL,
    stream_id uuid,
    earned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, badge)
);
INSERT INTO user_badges (user_id, badge) SELECT id, unnest(badges) FROM users ON CONFLICT DO NOTHING;

-- Whether it is new; false also for a user who is not there.
CREATE FUNCTION award_badge(who uuid, what text, where_at uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO user_badges (user_id, badge, stream_id) SELECT id, what, where_at FROM users WHERE id = who
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE users SET badges = badges || what WHERE id = who AND NOT what = ANY (badges);
    RETURN true;
END$$;
