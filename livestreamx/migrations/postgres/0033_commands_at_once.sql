-- Overlays and sounds play at once, however many: only what changes the show takes turns in a stream.

DROP INDEX one_running_command_per_stream;
CREATE UNIQUE INDEX one_change_of_the_show_per_stream ON commands (stream_id)
    WHERE state = 'running' AND action NOT IN ('overlay.play', 'sound.play');
