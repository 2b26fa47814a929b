"""The websocket gateway: rooms, fan-out, chat, gifts, moods."""
