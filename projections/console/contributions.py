"""The facts behind any figure of a page: the cells of the tables, and what only pages show.

Besides the cells of `projections.cellules`:

    matrice.2020.paye-2021         a case of the matrix (`total` for its last line)
    enveloppe.consomme             committed less what came back
    credits.2021.ae_rendues        AE that withdrawals of earlier years give back
    structures.STRUCTURE.retire    of one structure: `retire`, `reclame`, `encaisse`
    registre.montant               of the structures that a search retains: `nombre`, `montant`,
                                   `paye`
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from ledger.erreurs import UsageError
from ledger.evenements import Fait, FaitDeStructure
from ledger.registre import TYPES
from ledger.soldes import EFFETS, PROGRAMME, Cle, Soldes

from ..cellules import Cellule, Unite, lire_cellule
from ..fiche import Chantier, Fiche, inscrire
from ..matrice import Cohortes, LigneMatrice
from ..suivi import Suivi
from .regard import Regard
from .taches import Avancement
from .tete import Tete

_MATRICE = re.compile(
    r"matrice\.(?P<annee>[0-9]{4}|total)\.(?P<poste>engage|retraits|reste|paye-[0-9]{4})"
)
_DE_FICHE = re.compile(r"structures\.(?P<structure>[^.]+)\.(?P<membre>retire|reclame|encaisse)")
_DU_REGISTRE = re.compile(r"registre\.(?P<membre>nombre|montant|paye)")
_RENDUES = re.compile(r"credits\.(?P<annee>[0-9]{4})\.ae_rendues")
CONSOMME = "enveloppe.consomme"
_CONSOMME = {(PROGRAMME, "impute"): 1, (PROGRAMME, "rendu"): -1}
_FAIT_D_ETAT = {
    "deposee": "candidature-deposee",
    "rejetee": "candidature-rejetee",
    "retiree": "candidature-retiree",
    "labellisee": "fabrique-labellisee",
    "label_retire": "label-retire",
}

Apport = tuple[int, int]
"""A position, and what its fact adds."""


class StructureInconnue(UsageError):  # noqa: N818 - a statement of fact
    """The structure is not in the view."""

    code = "structure_inconnue"


class Apports(Struct, frozen=True):
    """The facts that sum to a figure: their positions in order, what each adds, in `unite`.

    Sixteen bytes a fact: a console keeps many of them.
    """

    unite: Unite
    positions: array[int]
    gains: array[int]

    @property
    def valeur(self) -> int:
        """The figure."""
        return sum(self.gains)

    @property
    def octets(self) -> int:
        """What it keeps in memory."""
        return 16 * len(self.positions)


def en_apports(unite: Unite, suite: Iterable[Apport]) -> Apports:
    """Keep what adds something."""
    positions, gains = array("q"), array("q")
    for position, gain in suite:
        if gain:
            positions.append(position)
            gains.append(gain)
    return Apports(unite, positions, gains)


def lire_nom(nom: str) -> str:
    """The one name of a figure. Raises: UsageError for what names none."""
    if nom == CONSOMME or any(m.fullmatch(nom) for m in (_DE_FICHE, _DU_REGISTRE, _RENDUES)):
        return nom
    if nom.startswith("matrice."):
        if _MATRICE.fullmatch(nom) is None:
            raise UsageError(f"{nom[:80]!r} ne désigne pas une case de la matrice.")
        return nom
    return str(lire_cellule(nom))


def au_terminal(nom: str) -> bool:
    """Whether `fabriques expliquer` knows this figure too."""
    try:
        lire_cellule(nom)
    except UsageError:
        return False
    return True


def expliquer(
    tete: Tete, regard: Regard, nom: str, pas: Avancement, fiches: tuple[Fiche, ...] = ()
) -> Apports:
    """The facts that sum to a figure of this view; `fiches`: those that a search retains.

    Raises: UsageError for what names no figure; StructureInconnue; ChainBrokenError; StoreError.
    """
    nom = lire_nom(nom)

    def tous() -> Iterator[tuple[int, Fait]]:
        pas.total = regard.position
        return tete.faits(regard.position, au=regard.vue.au, pas=pas)

    if (lu := _DU_REGISTRE.fullmatch(nom)) is not None:
        if lu["membre"] == "nombre":
            return en_apports("nombre", ((p, 1) for p in sorted(_entrees(tete, fiches))))
        voulues = {f.structure for f in fiches}
        return en_apports("centimes", _de_fiches(tous(), lu["membre"], voulues))
    if (lu := _DE_FICHE.fullmatch(nom)) is not None:
        faits = tete.lire(_faits_de(tete, regard, lu["structure"]))
        return en_apports("centimes", _de_fiches(faits, lu["membre"], {lu["structure"]}))
    if (lu := _MATRICE.fullmatch(nom)) is not None:
        return en_apports("centimes", _de_matrice(tous(), lu["annee"], lu["poste"]))
    if nom == CONSOMME:
        return en_apports("centimes", _de_soldes(tous(), _CONSOMME))
    if (lu := _RENDUES.fullmatch(nom)) is not None:
        rendues = {(int(lu["annee"]), "retraits_recyclables"): 1}
        return en_apports("centimes", _de_soldes(tous(), rendues))
    cellule = lire_cellule(nom)
    if cellule.structure is not None:
        faits = tete.lire(_faits_de(tete, regard, cellule.structure))
        return en_apports(cellule.unite, _de_cellule(faits, cellule))
    return en_apports(cellule.unite, _de_cellule(tous(), cellule))


def exiger_structure(regard: Regard, structure: str) -> tuple[int, ...]:
    """The positions of the facts of a structure. Raises: StructureInconnue."""
    fiche = regard.vue.situation.fiches.get(structure)
    if fiche is None:
        raise StructureInconnue(
            f"La structure {structure[:80]} n'est pas dans {regard.vue.programme} à ces dates.",
            remede="La chercher dans le registre, ou choisir une date plus tardive.",
        )
    return fiche.evenements


def _faits_de(tete: Tete, regard: Regard, structure: str) -> tuple[int, ...]:
    """The facts of a structure in this view: none when it comes later. Raises StructureInconnue."""
    if structure not in regard.vue.situation.fiches and tete.connait(structure):
        return ()
    return exiger_structure(regard, structure)


def _de_cellule(faits: Iterable[tuple[int, Fait]], cellule: Cellule) -> Iterator[Apport]:
    suivi, nom = Suivi((cellule,)), str(cellule)
    for position, fait in faits:
        yield position, suivi.compter(position, fait).get(nom, 0)


def _de_soldes(faits: Iterable[tuple[int, Fait]], voulus: Mapping[Cle, int]) -> Iterator[Apport]:
    """What each fact adds to balances, each with its sign."""
    soldes = Soldes({})
    for position, fait in faits:
        effet = EFFETS.get(type(fait))
        effets = () if effet is None else tuple(effet(fait, soldes))
        for cle, centimes in effets:
            soldes.valeurs[cle] = soldes.valeurs.get(cle, 0) + centimes
        yield position, sum(voulus.get(cle, 0) * centimes for cle, centimes in effets)


_LECTURES: dict[str, Callable[[Chantier], int]] = {
    "paye": lambda chantier: sum(chantier.verse.values()),
    "montant": lambda chantier: chantier.montant or 0,  # UNSET until a label
    "retire": lambda chantier: chantier.retire,
    "reclame": lambda chantier: chantier.reclame,
    "encaisse": lambda chantier: chantier.encaisse,
}


def _de_fiches(
    faits: Iterable[tuple[int, Fait]], membre: str, voulues: set[str]
) -> Iterator[Apport]:
    """What each fact changes to a member of the structures wanted."""
    lire, chantiers = _LECTURES[membre], dict[str, Chantier]()
    for position, fait in faits:
        if isinstance(fait, FaitDeStructure) and fait.structure in voulues:
            chantier = chantiers.setdefault(fait.structure, Chantier())
            avant = lire(chantier)
            inscrire(chantier, position, fait)
            yield position, lire(chantier) - avant


def _entrees(tete: Tete, fiches: Iterable[Fiche]) -> Iterator[int]:
    """Of each structure, the fact that put it in its state; else the first one that names it."""
    rangs = {topic.split(":")[0]: rang for rang, topic in enumerate(TYPES)}
    types = tete.types
    for fiche in fiches:
        rang = rangs[_FAIT_D_ETAT[fiche.etat]]
        yield next(
            (p for p in reversed(fiche.evenements) if types[p - 1] == rang), fiche.evenements[0]
        )


def _de_matrice(faits: Iterable[tuple[int, Fait]], engagement: str, poste: str) -> Iterator[Apport]:
    annee = None if engagement == "total" else int(engagement)
    for position, fait in faits:
        seul = Cohortes()
        seul.compter(fait)
        lignes = (e for e in seul.lignes() if annee is None or e.engagement == annee)
        yield position, sum(_poste(ligne, poste) for ligne in lignes)


def _poste(ligne: LigneMatrice, poste: str) -> int:
    if poste == "engage":
        return ligne.engage_centimes
    if poste == "retraits":
        return ligne.retraits_centimes
    if poste == "reste":
        return ligne.reste_centimes
    annee = int(poste.removeprefix("paye-"))
    return sum(p.montant_centimes for p in ligne.paiements if p.exercice == annee)
