"""Rules and SQL that REST and sockets both need, one folder an aggregate."""
