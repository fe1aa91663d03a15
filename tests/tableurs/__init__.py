"""Les classeurs : ce que l'on y écrit, ce que d'autres y relisent."""
