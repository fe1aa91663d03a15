"""A snapshot against the replay of the journal: everything that it says is worked out again.

The audit never reads a snapshot to go faster; it is here a thing to check, like the read model.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..cliche import Cliche, ClicheIgnore, lire
from ..journal import Journal
from ..programme import Programme, evolve
from ..stockage.port import Store
from .constats import Constat

CODE = "cliche_divergent"
_NOMMEES = 5


def confronter_cliche(store: Store, programme: str, chemin: Path) -> tuple[Constat, ...]:
    """What a snapshot says otherwise than the replay of the lines it stands for.

    One that a writer would not take in is a finding too: it says why.
    Raises: ChainBrokenError, ImpossibleHistoryError, StoreError for the journal itself.
    """
    try:
        cliche = lire(chemin, store, programme)
    except ClicheIgnore as raison:
        return (Constat(CODE, None, f"{chemin.name} serait ignoré : {raison}."),)
    if cliche is None:
        return ()
    journal, etat = Journal(store, programme), Programme(slug=programme)
    for _, fait in journal.rattraper(jusqua=cliche.taille):
        etat = evolve(etat, fait)
    return tuple(
        Constat(CODE, cliche.taille, f"{chemin.name} : {ecart}.")
        for ecart in _ecarts(cliche, journal, etat)
    )


def _ecarts(cliche: Cliche, journal: Journal, etat: Programme) -> Iterator[str]:
    arbre = journal.arbre
    if (cliche.racine, cliche.souches) != (arbre.racine(), arbre.souches()):
        yield "la racine n'est pas celle du journal"
    if (cliche.dernier_instant, cliche.fondations) != (journal.dernier_instant, journal.fondations):
        yield "l'heure de la dernière ligne ou les lignes fondatrices ne sont pas celles du journal"
    tenu = cliche.etat
    for nom, a, b in (
        ("les règles", tenu.regles, etat.regles),
        ("la clôture du programme", tenu.clos, etat.clos),
        ("les exercices mouvementés", tenu.exercices_avec_faits, etat.exercices_avec_faits),
        ("les rapprochements", tenu.rapproches, etat.rapproches),
    ):
        if a != b:
            yield f"{nom} ne sont pas ce que donne le rejeu"
    for (annee, membre), centimes in sorted(
        tenu.soldes.valeurs.items() ^ etat.soldes.valeurs.items()
    ):
        if tenu.soldes.valeurs.get((annee, membre)) == centimes:
            donne = etat.soldes.valeurs.get((annee, membre))
            ou = f" de {annee}" if annee else ""
            yield f"solde {membre}{ou} tenu à {centimes}, {donne} au rejeu"
    autres = sorted(
        s for s in {*tenu.dossiers, *etat.dossiers} if tenu.dossiers.get(s) != etat.dossiers.get(s)
    )
    if autres:
        suite = f" et {len(autres) - _NOMMEES} autres" if len(autres) > _NOMMEES else ""
        yield f"l'état de {', '.join(autres[:_NOMMEES])}{suite} n'est pas celui du rejeu"
