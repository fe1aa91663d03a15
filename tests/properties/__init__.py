"""Propriétés : ce qui vaut pour toute histoire, cherché par Hypothesis."""
