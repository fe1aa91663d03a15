"""The naive reference model: the rules written for obviousness, a second time, as a test oracle.

It shares no code with the engine and imports nothing of it. A programme is the list of its accepted
commands; every question scans that list again.

    from commands.testing.reference import Reference
    reference = Reference()
    reference.executer({"commande": "OuvrirProgramme", ...})["statut"]
    reference.enveloppe("fabriques", au="2020-12-31")
"""

from .modele import Reference

__all__ = ["Reference"]
