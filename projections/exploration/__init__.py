"""Exploring the read model in SQL: a copy that can be handed over, and Datasette's settings.

    from projections.exploration import composer
    composer(Path("exploration"), store)

`composer` writes a folder: the copy, its checkpoints, French titles, units and questions, and the
plugin that shows cents as euros. Nothing here imports Datasette.
"""

from .copie import copier, exporter_copie, releves_de
from .dossier import commande_datasette, composer

__all__ = ["commande_datasette", "composer", "copier", "exporter_copie", "releves_de"]
