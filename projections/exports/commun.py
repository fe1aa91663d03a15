"""What every accounting export shares: the operations to write, and the balances they must give.

Assertions are read from the projections, never from the postings that they check.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import Struct

from ledger import Fait, Journal
from ledger.budget import LigneCredits
from ledger.erreurs import ChainBrokenError
from ledger.evenements import FaitDeStructure, JournalRepris
from ledger.preuve.releve import origine
from ledger.registre import TOPICS
from ledger.soldes import effets
from ledger.version import VERSION

from ..credits import credits
from ..enveloppe import enveloppe
from ..partie_double import ecritures
from ..situation import Vue
from ..tableur import visible
from .comptes import Ligne, ligne, sous_compte

DEVISE = "EUR"


class Operation(Struct, frozen=True, gc=False):
    """One event: its fact, the hex hash of its journal line, its postings (none: no money)."""

    position: int
    fait: Fait
    type: str
    structure: str | None
    feuille: str
    lignes: tuple[Ligne, ...]


class Assertion(Struct, frozen=True, gc=False):
    """The balance that an account must have, in cents; `total`: sub-accounts included."""

    compte: str
    centimes: int
    total: bool = False


_RESTE = {
    "engage": 1,
    "engage_bonus": 1,
    "retraits_meme": -1,
    "retraits_meme_bonus": -1,
    "retraits_anterieurs": -1,
    "retraits_anterieurs_bonus": -1,
    "cp_payes": -1,
    "cp_payes_bonus": -1,
    "regularisations": -1,
    "regularisations_bonus": -1,
}
"""What each balance of `ledger.soldes` does to the outstanding."""


class Livre:
    """A view of a journal, to be written out: its operations, and then what they must add up to."""

    def __init__(self, journal: Journal, vue: Vue) -> None:
        self.vue = vue
        self._store = journal.store
        self._restes: dict[str, int] = {}

    def operations(self) -> Iterator[Operation]:
        """The facts of the view in the order of positions, one at a time, read again and verified.

        Raises: ChainBrokenError (also when the journal is not the one the view was read from),
        StoreError.
        """
        vue = self.vue
        derniere = vue.situation.position
        lecteur = Journal(self._store, vue.programme)
        self._restes = dict.fromkeys(vue.situation.fiches, 0)
        for position, fait in lecteur.rattraper(jusqua=derniere):
            if vue.au is not None and fait.date_effet > vue.au:
                continue
            structure = fait.structure if isinstance(fait, FaitDeStructure) else None
            if structure is not None:
                reste = sum(
                    _RESTE.get(m, 0) * c for (_, m), c in effets(fait, vue.situation.soldes)
                )
                self._restes[structure] = self._restes.get(structure, 0) + reste
            yield Operation(
                position,
                fait,
                TOPICS[type(fait)],
                structure,
                lecteur.arbre.feuille(position).hex(),
                tuple(ligne(poste) for poste in ecritures(position, fait)),
            )
        if lecteur.arbre.racine() != vue.racine:
            raise ChainBrokenError(
                f"Le journal {vue.programme} a changé pendant l'export.", position=derniere
            )

    def assertions(self) -> Iterator[Assertion]:
        """What the projections say of every account, once the operations were read.

        The outstanding of a structure is the sum of what its facts do to the balances, as every
        figure: its schedule says the same unless a late fact took place before a known one.
        """
        yield from _du_programme(self.vue)
        for ligne_credits in credits(self.vue):
            yield from _de_l_exercice(self.vue, ligne_credits)
        reclame = 0
        for slug, reste in sorted(self._restes.items()):
            fiche, compte = self.vue.situation.fiches[slug], sous_compte(slug)
            yield Assertion(f"Emplois:CP:Paye:{compte}", fiche.paye)
            yield Assertion(f"Soldes:RAP:Reste:{compte}", reste)
            du = fiche.reclame - fiche.encaisse
            yield Assertion(f"Soldes:Reversements:Demandes:{compte}", du)
            reclame += fiche.reclame
        yield Assertion("Origines:Reversements:Titres", -reclame)


def _du_programme(vue: Vue) -> Iterator[Assertion]:
    soldes, figure = vue.situation.soldes, enveloppe(vue)
    hors = figure.engage_centimes - soldes.impute
    retraits = ("retraits_meme", "retraits_meme_bonus", "retraits_recyclables")
    rendu_hors = sum(soldes.total(membre) for membre in retraits) - soldes.rendu
    yield Assertion("Origines:Enveloppe:Plafond", -figure.enveloppe_centimes)
    yield Assertion("Emplois:Enveloppe:Engage", soldes.impute)
    yield Assertion("Emplois:Enveloppe:Retraits", -soldes.rendu)
    yield Assertion("Soldes:Enveloppe:Disponible", figure.disponible_centimes)
    yield Assertion("Emplois:Hors-Enveloppe:Engage", hors)
    yield Assertion("Emplois:Hors-Enveloppe:Retraits", -rendu_hors)
    yield Assertion("Soldes:Hors-Enveloppe:Disponible", rendu_hors - hors)
    yield Assertion("Emplois:CP:Paye", figure.paye_centimes, total=True)
    yield Assertion("Soldes:RAP:Reste", figure.reste_a_payer_centimes, total=True)
    yield Assertion("Mouvements:RAP", -figure.reste_a_payer_centimes, total=True)


def _de_l_exercice(vue: Vue, c: LigneCredits) -> Iterator[Assertion]:
    annee = c.exercice
    recyclables = vue.situation.soldes.exercice(annee).retraits_recyclables
    rap = f"Mouvements:RAP:{annee}"
    yield Assertion(f"Origines:AE:{annee}:Ouvertes", -c.ae_ouvertes_centimes)
    yield Assertion(f"Soldes:AE:{annee}:Gelees", c.ae_gelees_centimes)
    yield Assertion(f"Emplois:AE:{annee}:Engagees", c.ae_engagees_centimes)
    meme = c.retraits_meme_exercice_centimes
    yield Assertion(f"Emplois:AE:{annee}:Retraits-Meme-Exercice", -meme)
    yield Assertion(f"Emplois:AE:{annee}:Retraits-Anterieurs", -recyclables)
    yield Assertion(f"Soldes:AE:{annee}:Disponibles", c.ae_disponibles_centimes)
    yield Assertion(f"Origines:CP:{annee}:Ouverts", -c.cp_ouverts_centimes)
    yield Assertion(f"Soldes:CP:{annee}:Geles", c.cp_geles_centimes)
    yield Assertion(f"Soldes:CP:{annee}:Disponibles", c.cp_disponibles_centimes)
    yield Assertion(f"{rap}:Engage", -c.ae_engagees_centimes)
    yield Assertion(f"{rap}:Payes", c.cp_payes_centimes)
    yield Assertion(f"{rap}:Regularisations", c.regularisations_centimes)
    yield Assertion(f"{rap}:Retraits-Meme-Exercice", meme)
    yield Assertion(f"{rap}:Retraits-Anterieurs", c.retraits_anterieurs_centimes)
    variation = c.rap_cloture_centimes - c.rap_ouverture_centimes
    yield Assertion(rap, -variation, total=True)
    yield Assertion(f"Mouvements:Reversements:{annee}:Encaisses", c.reversements_centimes)


class Identite(Struct, frozen=True):
    """Where an export comes from. `au` and `origine` are null when there is none."""

    programme: str
    intitule: str
    origine: str | None
    position: int
    racine: str
    au: date | None
    moteur: str


def identite(journal: Journal, vue: Vue) -> Identite:
    """Which journal, which dates, which engine. Raises: StoreError."""
    position = vue.situation.position
    fondation = min(position, 1)
    for trouvee, topic, _ in journal.store.lire(vue.programme, jusqua=position):
        if topic == TOPICS[JournalRepris]:
            fondation = trouvee
    return Identite(
        vue.programme,
        visible(vue.situation.intitule).replace("\n", " "),
        origine(vue.programme, vue.arbre.feuille(fondation)) if fondation else None,
        position,
        b64encode(vue.racine).decode("ascii"),
        vue.au,
        f"fabriques-ledger {VERSION}",
    )


def en_tete(lue: Identite) -> tuple[str, ...]:
    """The same, as lines for a comment."""
    return (
        f"Programme : {lue.programme} - {lue.intitule}",
        f"Origine : {lue.origine or 'aucune'}",
        f"Position : {lue.position}",
        f"Racine : {lue.racine}",
        f"Faits comptés jusqu'au : {lue.au.isoformat() if lue.au else 'dernier'}",
        f"Moteur : {lue.moteur}",
    )


def lendemain(vue: Vue) -> date | None:
    """The day of the assertions: after the greatest effect date counted (None without any)."""
    derniere = vue.situation.derniere_date
    return None if derniere is None else derniere + timedelta(days=1)


def montant(centimes: int) -> str:
    """Cents as the tools read them: `-1234.56 EUR`."""
    euros, reste = divmod(abs(centimes), 100)
    return f"{'-' if centimes < 0 else ''}{euros}.{reste:02d} {DEVISE}"
