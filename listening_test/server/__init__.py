"""The web server of a study: its routes, headers, limits and errors."""
