"""The facts behind any figure of a page: the cells of the tables, and those of the matrix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ledger.erreurs import UsageError
from ledger.evenements import Fait, FaitDeStructure
from ledger.registre import TOPICS

from ..cellules import Cellule, lire_cellule
from ..explication import Contribution, Explication, expliquer_tout
from ..matrice import Cohortes, LigneMatrice
from .regard import Regard
from .taches import Avancement
from .tete import Tete

_MATRICE = re.compile(
    r"matrice\.(?P<annee>[0-9]{4}|total)\.(?P<poste>engage|retraits|reste|paye-[0-9]{4})"
)


class StructureInconnue(UsageError):  # noqa: N818 - a statement of fact
    """The structure is not in the view."""

    code = "structure_inconnue"


def expliquer(tete: Tete, regard: Regard, nom: str, pas: Avancement) -> Explication:
    """The facts that sum to a figure of this view, in the order of positions.

    Raises: UsageError for what names no figure; StructureInconnue; ChainBrokenError; StoreError.
    """
    vue = regard.vue
    if nom.startswith("matrice."):
        return _expliquer_matrice(tete, regard, nom, pas)
    cellule = lire_cellule(nom)
    if cellule.structure is None:
        pas.total = regard.position
        faits = tete.faits(regard.position, au=vue.au, pas=pas)
    else:
        faits = tete.lire(exiger_structure(regard, cellule.structure))
    return _une(faits, cellule, regard)


def exiger_structure(regard: Regard, structure: str) -> tuple[int, ...]:
    """The positions of the facts of a structure. Raises: StructureInconnue."""
    fiche = regard.vue.situation.fiches.get(structure)
    if fiche is None:
        raise StructureInconnue(
            f"La structure {structure[:80]} n'est pas dans {regard.vue.programme} à ces dates.",
            remede="La chercher dans le registre, ou choisir une date plus tardive.",
        )
    return fiche.evenements


def _une(faits: Iterable[tuple[int, Fait]], cellule: Cellule, regard: Regard) -> Explication:
    (explication,) = expliquer_tout(faits, (cellule,), au=regard.vue.au)
    return explication


def _expliquer_matrice(tete: Tete, regard: Regard, nom: str, pas: Avancement) -> Explication:
    lu = _MATRICE.fullmatch(nom)
    if lu is None:
        raise UsageError(f"{nom[:80]!r} ne désigne pas une case de la matrice.")
    annee = None if lu["annee"] == "total" else int(lu["annee"])
    pas.total = regard.position
    apports: list[Contribution] = []
    for position, fait in tete.faits(regard.position, au=regard.vue.au, pas=pas):
        seul = Cohortes()
        seul.compter(fait)
        lignes = (e for e in seul.lignes() if annee is None or e.engagement == annee)
        centimes = sum(_poste(ligne, lu["poste"]) for ligne in lignes)
        if centimes:
            structure = fait.structure if isinstance(fait, FaitDeStructure) else None
            apports.append(
                Contribution(position, fait.date_effet, TOPICS[type(fait)], structure, centimes)
            )
    return Explication(
        cellule=nom,
        unite="centimes",
        valeur_centimes=sum(a.centimes for a in apports),
        position=regard.position,
        au=regard.vue.au,
        contributions=tuple(apports),
    )


def _poste(ligne: LigneMatrice, poste: str) -> int:
    if poste == "engage":
        return ligne.engage_centimes
    if poste == "retraits":
        return ligne.retraits_centimes
    if poste == "reste":
        return ligne.reste_centimes
    annee = int(poste.removeprefix("paye-"))
    return sum(p.montant_centimes for p in ligne.paiements if p.exercice == annee)


_TABLES = {
    "enveloppe": "Enveloppe",
    "credits": "Crédits",
    "structures": "Structure",
    "echeancier": "Échéancier",
    "matrice": "Matrice",
}
_MEMBRES = {
    "enveloppe": "enveloppe",
    "engage": "engagé",
    "engage_subventions": "subventions engagées",
    "engage_bonus": "bonus engagés",
    "retraits_meme_exercice": "retiré dans l'exercice de l'engagement",
    "retraits_anterieurs": "retiré dans un exercice suivant",
    "retraits_meme_exercice_bonus": "bonus retirés dans l'exercice de l'engagement",
    "retraits_anterieurs_bonus": "bonus retirés dans un exercice suivant",
    "disponible": "disponible",
    "paye": "payé",
    "reste_a_payer": "reste à payer",
    "reversements": "reversements encaissés",
    "taux_consommation": "taux de consommation",
    "labels": "labels en vigueur",
    "quotas": "quota",
    "total": "total",
    "qpv": "en QPV",
    "hors_qpv": "hors QPV",
    "numeriques": "numériques",
    "ae_ouvertes": "AE ouvertes",
    "ae_gelees": "AE gelées",
    "ae_engagees": "AE engagées",
    "ae_disponibles": "AE disponibles",
    "cp_ouverts": "CP ouverts",
    "cp_geles": "CP gelés",
    "cp_payes": "CP payés",
    "regularisations": "régularisations",
    "cp_disponibles": "CP disponibles",
    "cp_restant_a_prevoir": "CP restant à prévoir",
    "rap_ouverture": "restes à payer à l'ouverture",
    "rap_cloture": "restes à payer à la clôture",
    "montant": "montant",
    "verse": "versé",
    "reste": "reste à verser",
    "retraits": "retiré",
}


def nom_francais(nom: str, regard: Regard | None = None) -> str:
    """What a cell is called in a page: `Crédits, 2020, CP payés`; a structure by its name."""
    table, *suite = nom.split(".")
    mots = [*_mots(table, suite)]
    if table in ("structures", "echeancier"):
        fiche = None if regard is None else regard.vue.situation.fiches.get(suite[0])
        return ", ".join([fiche.porteur or suite[0] if fiche else suite[0], *mots[1:]])
    return ", ".join([_TABLES.get(table, table), *mots])


def _mots(table: str, suite: list[str]) -> Iterator[str]:
    for rang, mot in enumerate(suite):
        if table in ("structures", "echeancier") and rang == 0:
            yield mot
        elif table == "echeancier" and rang == 1:
            yield "bonus numérique" if mot == "0" else f"tranche {mot}"
        elif mot.startswith("paye-"):
            yield f"payé en {mot.removeprefix('paye-')}"
        else:
            yield _MEMBRES.get(mot, mot)
