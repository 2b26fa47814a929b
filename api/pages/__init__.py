"""The server-rendered pages: a controller each; templates, styles and scripts lie in `api/templates`, `api/static`."""
