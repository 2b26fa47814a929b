-- Recommendations ask for everything that one viewer must not be shown.

CREATE INDEX bans_of_user ON channel_bans (user_id);
