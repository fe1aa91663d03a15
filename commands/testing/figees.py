"""Golden histories: commands, and what every correct ledger answers to them, as data files.

Each file of `donnees/histoires/` is one JSON object: `titre`; `commandes`, as `fabriques executer`
reads them; `recus` (`statut`, `code`, `positions`), one per command; `vues`, each an effect date
`au`, a position `connu_au` and `chiffres` there. Written once by the reference model,
checked by the engine; a file never changes, others may come.

    for histoire in histoires_figees():
        jouer(MonService, histoire)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any, NamedTuple

from ledger.testing.valeurs import Json

from .confrontation import Divergence, Envoi, Pas, Regard
from .contexte import PROGRAMME
from .ecarts import premier_ecart
from .systeme import Systeme


class HistoireFigee(NamedTuple):
    """One golden history. Amounts in cents, dates ISO."""

    nom: str
    titre: str
    commandes: list[Json]
    recus: list[Json]
    vues: list[Json]


def histoires_figees() -> Iterator[HistoireFigee]:
    """Every golden history, by name."""
    dossier = files("commands.testing") / "donnees" / "histoires"
    for fichier in sorted(dossier.iterdir(), key=lambda f: f.name):
        lue: dict[str, Any] = json.loads(fichier.read_bytes())
        yield HistoireFigee(fichier.name.removesuffix(".json"), **lue)


def jouer(fabrique: Callable[[], Systeme], histoire: HistoireFigee) -> None:
    """Send a golden history to a new system; receipts and figures must be the frozen ones.

    Raises: Divergence.
    """
    systeme, trace = fabrique(), list[Pas]()
    try:
        for commande, attendu in zip(histoire.commandes, histoire.recus, strict=True):
            trace.append(Envoi(commande))
            recu = systeme.executer(commande)
            ecart = premier_ecart(attendu, {nom: recu.get(nom) for nom in attendu})
            if ecart is not None:
                raise Divergence(f"{histoire.nom}, {commande['id_commande']} : {ecart}.", trace)
        for vue in histoire.vues:
            demande = {"programme": PROGRAMME, "au": vue["au"], "connu_au": vue["connu_au"]}
            trace.append(Regard(vue["au"], vue["connu_au"]))
            for nom, structure, attendu in _chiffres(vue["chiffres"]):
                lu = systeme.lire(nom, structure=structure, **demande)
                ecart = premier_ecart(attendu, lu)
                if ecart is not None:
                    raise Divergence(f"{histoire.nom}, {nom} : {ecart}.", trace)
    finally:
        systeme.fermer()


def _chiffres(figures: Json) -> Iterator[tuple[str, str | None, Any]]:
    for nom in ("enveloppe", "credits", "structures"):
        if nom in figures:
            yield nom, None, figures[nom]
    for structure, figure in figures.get("echeanciers", {}).items():
        yield "echeancier", structure, figure
