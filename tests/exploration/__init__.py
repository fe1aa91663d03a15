"""Explorer en SQL : la copie, les questions, Datasette."""
