"""The verbs: one module per close family, each with its command models and their decisions."""
