"""Reading the files of tables that others made."""
