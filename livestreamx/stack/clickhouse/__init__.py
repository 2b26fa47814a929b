"""ClickHouse for the embedded stack: the in-process engine behind the server's own HTTP interface."""
