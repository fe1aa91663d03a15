"""Les tests sur un vrai serveur PostgreSQL, que la commande de test lance elle-même."""
