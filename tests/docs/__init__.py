"""README, guides et programmes d'exemple, exécutés tels qu'ils sont écrits."""
