"""The ratings on disk: tables, connections, migrations and backups."""
