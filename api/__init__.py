"""The Litestar application: one controller a resource, pages, dashboards."""
