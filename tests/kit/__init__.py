"""Les trousses de test, telles que les trouve un inconnu qui éprouve son propre système."""
