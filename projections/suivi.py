"""Follow cells fact after fact: what each one becomes, minus what it was.

The tables are not computed again at each fact. Most cells are signed sums of balances (`FORMES_*`):
what a fact adds to them *is* its effect. The others are read again when what they depend on moves.
A property compares every cell with the public tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from ledger.budget import a_prevoir, lignes_credits
from ledger.evenements import Fait, FaitDeStructure, ProgrammeOuvert, RèglesRévisées
from ledger.montants import dix_milliemes
from ledger.preuve.merkle import Arbre
from ledger.soldes import EFFETS, PROGRAMME, Cle, Effet, Soldes

from .cellules import MEMBRES, Cellule, valeurs_de_fiche
from .enveloppe import quotas
from .fiche import Fiche
from .fiche import appliquer as inscrire
from .situation import Situation, Vue, appliquer

Forme = Mapping[str, int]
"""Members of the balances, each with its sign."""


def _forme(plus: str, moins: str = "") -> Forme:
    return {**dict.fromkeys(plus.split(), 1), **dict.fromkeys(moins.split(), -1)}


_ENGAGE = "engage engage_bonus"
_MEME = "retraits_meme retraits_meme_bonus"
_ANTERIEURS = "retraits_anterieurs retraits_anterieurs_bonus"
_CP = "cp_payes cp_payes_bonus"
_REGULARISATIONS = "regularisations regularisations_bonus"
_RESTE = _forme(_ENGAGE, f"{_MEME} {_ANTERIEURS} {_CP} {_REGULARISATIONS}")

FORMES_ENVELOPPE: dict[str, Forme] = {
    "enveloppe": _forme("enveloppe"),
    "engage": _forme(_ENGAGE),
    "engage_subventions": _forme("engage"),
    "engage_bonus": _forme("engage_bonus"),
    "retraits_meme_exercice": _forme(_MEME),
    "retraits_anterieurs": _forme(_ANTERIEURS),
    "retraits_meme_exercice_bonus": _forme("retraits_meme_bonus"),
    "retraits_anterieurs_bonus": _forme("retraits_anterieurs_bonus"),
    "disponible": _forme("enveloppe rendu", "impute"),
    "paye": _forme(f"{_CP} {_REGULARISATIONS}"),
    "reste_a_payer": _RESTE,
    "reversements": _forme("reversements"),
    "labels.total": _forme("labels"),
    "labels.qpv": _forme("labels_qpv"),
    "labels.hors_qpv": _forme("labels_hors_qpv"),
    "labels.numeriques": _forme("labels_numeriques"),
}
FORMES_CREDITS: dict[str, Forme] = {
    "ae_ouvertes": _forme("ae_ouvertes"),
    "ae_gelees": _forme("ae_gelees"),
    "ae_engagees": _forme(_ENGAGE),
    "retraits_meme_exercice": _forme(_MEME),
    "retraits_anterieurs": _forme(_ANTERIEURS),
    "cp_ouverts": _forme("cp_ouverts"),
    "cp_geles": _forme("cp_geles"),
    "cp_payes": _forme(_CP),
    "regularisations": _forme(_REGULARISATIONS),
    "reversements": _forme("reversements"),
    "ae_disponibles": _forme(f"ae_ouvertes {_MEME} retraits_recyclables", f"ae_gelees {_ENGAGE}"),
    "cp_disponibles": _forme("cp_ouverts", f"cp_geles {_CP} {_REGULARISATIONS}"),
}
_TAUX = "enveloppe.taux_consommation"
_QUOTAS = tuple(f"enveloppe.quotas.{m}" for m in ("total", "qpv", "hors_qpv", "numeriques"))

Gains = dict[str, int]
"""What one fact adds to each cell it moves, by name of cell."""


class Suivi:
    """The value of cells after the facts counted so far; those named, else every one that is.

    `valeurs` holds the cells that a fact ever moved, by name; any other is worth 0.
    """

    def __init__(self, cellules: Iterable[Cellule] | None = None) -> None:
        suivies = None if cellules is None else tuple(cellules)
        self._noms = None if suivies is None else frozenset(map(str, suivies))
        self._structures = None if suivies is None else {c.structure for c in suivies}
        self._plan = suivies is None or any(
            c.membre.startswith(("rap_", "cp_restant")) for c in suivies
        )
        self._soldes = Soldes({})
        self._sommes: dict[Cle, tuple[tuple[str, int], ...]] = {}
        self._cadre = Situation()
        self._fiches: dict[str, Fiche] = {}
        self._flux: dict[int, int] = {}
        self._mouvementees: set[int] = set()
        self._prevu: dict[int, int] = {}
        self._reste: dict[int, int] = {}
        self.valeurs: Gains = {}

    def presentes(self) -> set[str]:
        """Every cell that is, by name: those worth 0 that no fact moved too."""
        noms = {*self.valeurs, *(f"enveloppe.{m}" for m in MEMBRES["enveloppe"])}
        annees = [ligne.exercice for ligne in lignes_credits(self._soldes)]
        noms |= {f"credits.{a}.{m}" for a in annees for m in MEMBRES["credits"]}
        for fiche in self._fiches.values():
            noms |= {str(cellule) for cellule in valeurs_de_fiche(fiche)}
        return noms

    def copie(self) -> Suivi:
        """Another one at the same point: counting in one leaves the other as it is."""
        autre = Suivi()
        autre.__dict__.update(self.__dict__)
        autre._soldes = Soldes(self._soldes.valeurs.copy())
        autre._fiches, autre._flux = self._fiches.copy(), self._flux.copy()
        autre._mouvementees, autre.valeurs = self._mouvementees.copy(), self.valeurs.copy()
        return autre

    def compter(self, position: int, fait: Fait) -> Gains:
        """Count one more fact: what it adds to each cell that it moves."""
        gains: Gains = {}
        effet = EFFETS.get(type(fait))
        if effet is not None:
            self._mouvoir(tuple(effet(fait, self._soldes)), gains)
        if isinstance(fait, FaitDeStructure):
            if self._structures is None or fait.structure in self._structures:
                self._inscrire(position, fait, gains)
        elif isinstance(fait, ProgrammeOuvert | RèglesRévisées):
            self._reviser(position, fait, gains)
        noms, valeurs = self._noms, self.valeurs
        retenus = {n: g for n, g in gains.items() if g and (noms is None or n in noms)}
        for nom, gain in retenus.items():
            valeurs[nom] = valeurs.get(nom, 0) + gain
        return retenus

    def _mouvoir(self, effets: tuple[Effet, ...], gains: Gains) -> None:
        soldes = self._soldes
        valeurs, taux, du_plan = soldes.valeurs, _taux(soldes), False
        for cle, centimes in effets:
            valeurs[cle] = valeurs.get(cle, 0) + centimes
            sommes = self._sommes.get(cle)
            if sommes is None:
                sommes = self._sommes[cle] = self._sommes_de(cle)
            for nom, sens in sommes:
                gains[nom] = gains.get(nom, 0) + sens * centimes
            annee, membre = cle
            if annee == PROGRAMME:
                du_plan |= membre == "dernier_clos"
            elif membre == "a_prevoir":
                du_plan = True
            else:
                self._mouvementees.add(annee)
                self._flux[annee] = self._flux.get(annee, 0) + _RESTE.get(membre, 0) * centimes
        gains[_TAUX] = _taux(soldes) - taux
        if self._plan:
            self._planifier(gains, prevu=du_plan)

    def _sommes_de(self, cle: Cle) -> tuple[tuple[str, int], ...]:
        """The cells followed that sum a balance, each with its sign."""
        annee, membre = cle
        tables = [("enveloppe", FORMES_ENVELOPPE)]
        if annee != PROGRAMME:
            tables.append((f"credits.{annee}", FORMES_CREDITS))
        sommes = [
            (f"{prefixe}.{cellule}", forme[membre])
            for prefixe, formes in tables
            for cellule, forme in formes.items()
            if membre in forme
        ]
        return tuple(s for s in sommes if self._noms is None or s[0] in self._noms)

    def _planifier(self, gains: Gains, *, prevu: bool) -> None:
        """What is planned (a closing moves it), and the outstanding, which runs along the years."""
        if prevu:
            plan = a_prevoir(self._soldes)
            for annee in self._prevu.keys() | plan.keys():
                gain = plan.get(annee, 0) - self._prevu.get(annee, 0)
                gains[f"credits.{annee}.cp_restant_a_prevoir"] = gain
            self._prevu = plan
        avant, apres = self._reste, self._outstanding()
        for annee in avant.keys() | apres.keys():
            gain = apres.get(annee, 0) - avant.get(annee, 0)
            if gain:
                gains[f"credits.{annee}.rap_cloture"] = gain
            gain = _ouverture(apres, annee) - _ouverture(avant, annee)
            if gain:
                gains[f"credits.{annee}.rap_ouverture"] = gain
        self._reste = apres

    def _outstanding(self) -> dict[int, int]:
        """The outstanding at the end of each exercice of the table, which has no gap."""
        annees = self._mouvementees | self._prevu.keys()
        if not annees:
            return {}
        lignes, cumul = {}, 0
        for annee in range(min(annees), max(*annees, self._soldes.dernier_clos) + 1):
            cumul += self._flux.get(annee, 0)
            lignes[annee] = cumul
        return lignes

    def _inscrire(self, position: int, fait: FaitDeStructure, gains: Gains) -> None:
        nom = fait.structure
        ancienne = self._fiches.get(nom)
        avant = {} if ancienne is None else valeurs_de_fiche(ancienne)
        # without its lists, which no cell reads: a structure of a thousand facts costs no more
        fiche = self._fiches[nom] = replace(
            inscrire(ancienne, position, fait),
            conventions=(),
            annules=(),
            annulations_reclamees=(),
            versements=(),
            evenements=(),
        )
        apres = valeurs_de_fiche(fiche)
        for cellule in avant.keys() | apres.keys():
            gain = apres.get(cellule, 0) - avant.get(cellule, 0)
            if gain:
                gains[str(cellule)] = gain

    def _reviser(self, position: int, fait: Fait, gains: Gains) -> None:
        avant = _quotas(self._cadre)
        self._cadre = appliquer(self._cadre, position, fait)
        for nom, ancien, nouveau in zip(_QUOTAS, avant, _quotas(self._cadre), strict=True):
            gains[nom] = nouveau - ancien


def _taux(soldes: Soldes) -> int:
    return dix_milliemes(soldes.enveloppe - soldes.disponible, soldes.enveloppe)


def _ouverture(reste: dict[int, int], annee: int) -> int:
    """The outstanding at the start of an exercice; 0 when the table does not show it."""
    return reste.get(annee - 1, 0) if annee in reste else 0


def _quotas(cadre: Situation) -> tuple[int, int, int, int]:
    lus = quotas(Vue("", None, cadre, Arbre()))
    return lus.total, lus.qpv, lus.hors_qpv, lus.numeriques
