"""Where the lines are kept. The only package that knows the `eventsourcing` library and SQLite."""
