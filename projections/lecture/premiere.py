"""Since when a stored value is wrong: one pass over the facts, for the cells that differ.

The first diverging position is the one after the last prefix of the journal whose replay gives the
stored value; for a value that the replay never gave, the first one at which its row exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from immutables import Map
from msgspec.structs import astuple, replace

from ledger.evenements import Fait, FaitDeStructure
from ledger.journal import Journal
from ledger.preuve.souches import Souches
from ledger.stockage.port import Store

from ..anomalies_saisie import Saisie
from ..credits import credits
from ..fiche import Fiche
from ..partie_double import mouvements
from ..situation import Situation, Vue, appliquer
from . import rangees
from .rangees import Rangee
from .schema import TABLES
from .signaleur import Signaleur

CLES = {
    **{nom: table.pk for nom, table in TABLES.items()},
    "structures": ("programme", "structure"),  # `numero` is only a row number
    "signalements": ("programme", "structure", "rang"),
}
"""What names a row of each table for a person: its primary key, or what stands for it."""
PAR_POSITION = frozenset(nom for nom, cle in CLES.items() if "position" in cle)
CONSTANTES = frozenset({"types", "etats", "codes"})
PAR_FICHE: dict[str, Callable[[str, int, Fiche], Iterable[Rangee]]] = {
    "structures": lambda p, numero, f: (rangees.de_structure(p, numero, f),),
    "tranches": lambda p, _, f: rangees.des_tranches(p, f),
    "bonus": lambda p, _, f: rangees.du_bonus(p, f),
    "conventions": lambda p, _, f: rangees.des_conventions(p, f),
}
_RANGS_DE_CLE = {
    nom: tuple(list(TABLES[nom].colonnes).index(c) for c in cle) for nom, cle in CLES.items()
}


def cle_de(table: str, rangee: Rangee) -> Rangee:
    """The key of a row."""
    return tuple(rangee[rang] for rang in _RANGS_DE_CLE[table])


class Cible:
    """A stored cell (or row, `colonne` None; absent, `tenu` None too) followed along the replay."""

    def __init__(self, table: str, cle: Rangee, colonne: int | None, tenu: Any) -> None:
        self.table = table
        self.cle = cle
        self._colonne = colonne
        self._tenu = tenu
        self._absente = colonne is None and tenu is None
        self._egale = False
        self._divergence: int | None = None
        self._apparition: int | None = None

    def voir(self, position: int, rangee: Rangee | None) -> None:
        """The row that the replay gives from this position on (None: no such row)."""
        if rangee is None:
            egale = self._absente
        else:
            if self._apparition is None:
                self._apparition = position
            egale = (rangee if self._colonne is None else rangee[self._colonne]) == self._tenu
        if self._egale and not egale:
            self._divergence = position
        self._egale = egale

    @property
    def position(self) -> int | None:
        """The first diverging position; None for a row that the replay never has."""
        return self._apparition if self._divergence is None else self._divergence


def situer(store: Store, programme: str, *, numero: int, jusqua: int, cibles: list[Cible]) -> None:
    """Show the replay of one programme to the cells to follow, up to a position.

    Raises: ChainBrokenError, StoreError.
    """
    journal, rejeu = Journal(store, programme), _Rejeu(programme, numero, cibles)
    for position, fait in journal.rattraper(jusqua=jusqua):
        rejeu.avancer(position, fait, journal)


class _Rejeu:
    """The tables of one programme after each fact, as far as somebody follows them."""

    def __init__(self, programme: str, numero: int, cibles: list[Cible]) -> None:
        self._programme = programme
        self._numero = numero
        self._situation = Situation()
        self._souches = Souches()
        self._tete = ""
        self._saisie = Saisie()
        self._signaleur = Signaleur()
        self._comptes: dict[str, int] = {}
        self._effectifs = dict.fromkeys(rangees.COMPTEES, 0)
        # by table and structure (None: of the whole programme)
        self._groupes: dict[tuple[str, str | None], list[Cible]] = {}
        for cible in cibles:
            structure = cible.cle[1] if cible.table in (*PAR_FICHE, "signalements") else None
            self._groupes.setdefault((cible.table, structure), []).append(cible)
        self._signalees = {s for table, s in self._groupes if table == "signalements"}

    def avancer(self, position: int, fait: Fait, journal: Journal) -> None:
        """One more fact."""
        avant, self._situation = self._situation, appliquer(self._situation, position, fait)
        slug = fait.structure if isinstance(fait, FaitDeStructure) else None
        feuille = journal.arbre.feuille(position)
        self._souches.ajouter((feuille,))
        self._tete = feuille.hex()
        self._saisie.prendre([(position, fait)])
        self._signaleur.prendre([(position, fait)])
        for debit, credit, centimes in mouvements(fait):
            if centimes:
                self._comptes[debit] = self._comptes.get(debit, 0) + centimes
                self._comptes[credit] = self._comptes.get(credit, 0) - centimes
        for fiches, sens in ((avant.fiches, -1), (self._situation.fiches, 1)):
            if slug is not None and slug in fiches:
                for nom, nombre in rangees.effectifs_de(fiches[slug]).items():
                    self._effectifs[nom] += sens * nombre
        for (table, structure), cibles in self._groupes.items():
            if table in PAR_FICHE:
                if structure == slug and slug is not None:
                    fiche = self._situation.fiches[slug]
                    _montrer(
                        cibles, position, PAR_FICHE[table](self._programme, self._numero, fiche)
                    )
            elif table != "signalements":
                _montrer(cibles, position, self._lignes(table, fait))
        self._signaler(position, slug, avant)

    def _lignes(self, table: str, fait: Fait) -> Iterable[Rangee]:
        """The rows of a table of the programme."""
        p, situation = self._programme, self._situation
        match table:
            case "soldes":
                return rangees.des_soldes(p, situation.soldes)
            case "credits":
                return ((p, *astuple(c)) for c in credits(self._vue({})))
            case "enveloppe":
                return (rangees.de_l_enveloppe(self._vue({})),)
            case "jours":
                jours = situation.disponible_par_jour
                return ((p, j.isoformat(), *valeurs) for j, valeurs in jours.items())
            case "comptes":
                return ((p, *compte) for compte in self._comptes.items())
            case "saisies":
                return rangees.des_saisies(p, self._saisie)
            case "programmes":
                return (self._ligne_du_programme(fait),)
            case _:
                return ()

    def _ligne_du_programme(self, fait: Fait) -> Rangee:
        instant, vue = fait.enregistre_le, self._vue({})
        return rangees.du_programme(
            vue, self._numero, instant, self._tete, self._saisie, self._effectifs
        )

    def _vue(self, fiches: Mapping[str, Fiche]) -> Vue:
        """A view with the structures at hand only: nothing followed reads the others."""
        situation = replace(self._situation, fiches=Map(fiches))
        return Vue(self._programme, None, situation, self._souches)

    def _signaler(self, position: int, slug: str | None, avant: Situation) -> None:
        """Warnings change with their structure, the rules and the day; the programme's, always."""
        if not self._signalees:
            return
        apres = self._situation
        toutes = apres.regles is not avant.regles or apres.derniere_date != avant.derniere_date
        revues = self._signalees if toutes else self._signalees & {slug, None}
        fiches = {s: apres.fiches[s] for s in revues if s is not None and s in apres.fiches}
        suivies = self._signaleur.par_structure(self._programme)
        lignes = list(rangees.des_signalements(self._vue(fiches), suivies))
        for structure in revues:
            if structure is None or structure in fiches:
                _montrer(self._groupes["signalements", structure], position, iter(lignes))


def _montrer(cibles: list[Cible], position: int, lignes: Iterable[Rangee]) -> None:
    table = cibles[0].table
    par_cle = {cle_de(table, ligne): ligne for ligne in lignes}
    for cible in cibles:
        cible.voir(position, par_cle.get(cible.cle))
