"""A system under test beside the reference model, step by step; a failing trace made short.

Steps are data (a command, a restart, a look at the figures), so a trace that shows a divergence is
replayed without some of its steps until none can be left out. Commands mean the same wherever they
stand, which choices drawn for a state do not: that is why Hypothesis' own shrinking is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, NamedTuple

from hypothesis.strategies import SearchStrategy

from ledger.testing.valeurs import Json

from .contexte import PROGRAMME
from .ecarts import premier_ecart
from .histoires import en_lignes
from .reference import Reference
from .systeme import Systeme

CHIFFRES = ("enveloppe", "credits", "structures", "echeancier")
"""The figures of the contract."""
Controle = Callable[[Mapping[str, Any]], Sequence[str]]
"""A check of figures alone: their JSON by name -> what is wrong, in sentences."""


@dataclass(frozen=True, kw_only=True)
class Epreuve:
    """What is asked of the system. Everything by default; leave out what it does not claim."""

    verbes: Collection[str] = ()
    """The accented verbs that it knows, besides OuvrirProgramme; all when empty."""
    reglements: SearchStrategy[Json] | None = None
    """The rules that programmes open with; all options of the contract by default."""
    chiffres: Collection[str] = CHIFFRES
    """The figures that `lire` gives."""
    membres: Mapping[str, Collection[str]] = field(default_factory=dict)
    """For a figure, the only members compared; all of them by default."""
    au: bool = True
    """Whether figures are asked at past effect dates."""
    connu_au: bool = True
    """Whether figures are asked as known at past positions."""
    codes: bool = True
    """Whether the codes of refusals are compared, or the mere fact of refusing."""
    positions: bool = True
    """Whether positions are compared."""
    malformees: bool = True
    """Whether commands with a defect of form are sent."""
    orthographes: bool = True
    """Whether a retry may spell the same content otherwise."""
    controles: Sequence[Controle] = ()
    """Checks of the figures read: `projections.testing.controler` for instance."""
    rejeux: int = 500
    """How many times a failing trace may be replayed to make it short."""


class Envoi(NamedTuple):
    """Step: send a command."""

    commande: Json


class Regard(NamedTuple):
    """Step: compare every figure, at an effect date (ISO), as known at a position."""

    au: str | None = None
    connu_au: int | None = None


class Redemarrage(NamedTuple):
    """Step: stop the system and start it again."""


Pas = Envoi | Regard | Redemarrage
_PAIRES_MAX = 14
_REGLES_SIMPLES: Json = {
    "credits": "non_suivis",
    "quotas": "indicatifs",
    "instruction_requise": False,
    "avis_requis": False,
    "bilan_requis": False,
    "ordonnancement_requis": False,
}
_MALFORMEE = "commande_invalide"


class Divergence(AssertionError):  # noqa: N818 - a disagreement, not a fault of the kit
    """The system and the reference model disagree.

    Attributes:
        constat: what differs, in one French sentence.
        commandes: every command sent, in order; the last one or a look at figures differs.
    """

    def __init__(self, constat: str, trace: Sequence[Pas]) -> None:
        self.constat = constat
        self.trace = tuple(trace)
        self.commandes = tuple(pas.commande for pas in trace if isinstance(pas, Envoi))
        super().__init__(
            f"{constat}\n{len(self.commandes)} commandes, pour « fabriques executer - » :\n"
            f"{en_lignes(self.commandes)}"
        )


class Confrontation:
    """One system, new and empty, and the reference model: what each step must answer alike."""

    def __init__(self, fabrique: Callable[[], Systeme], epreuve: Epreuve) -> None:
        self.systeme = fabrique()
        self.epreuve = epreuve
        self.reference = Reference()
        self.trace: list[Pas] = []
        self.acceptees: list[Json] = []

    def avancer(self, pas: Pas) -> str | None:
        """Take one step; what differs, None when both agree."""
        self.trace.append(pas)
        match pas:
            case Envoi(commande):
                return self._envoyer(commande)
            case Regard(au, connu_au):
                return self._regarder(au, connu_au)
            case Redemarrage():
                self.systeme.redemarrer()
                return None

    def _envoyer(self, commande: Json) -> str | None:
        attendu = self.reference.executer(commande)
        obtenu = self.systeme.executer(commande)
        if attendu["statut"] == "acceptee":
            self.acceptees.append(commande)
        noms = ["statut"]
        noms += ["code"] if self.epreuve.codes else []
        noms += ["positions"] if self.epreuve.positions else []
        vus = {nom: _liste(obtenu.get(nom)) for nom in noms}
        voulus = {nom: attendu[nom] for nom in noms}
        if vus == voulus:
            return None
        de = f"{commande.get('commande')} ({commande.get('id_commande')})"
        return f"{de} : attendu {_dire(voulus)}, obtenu {_dire(vus)}."

    def _regarder(self, au: str | None, connu_au: int | None) -> str | None:
        if not self.acceptees:
            return None
        if connu_au is not None:
            connu_au = min(connu_au, len(self.acceptees))
        voulus = self.reference.chiffres(PROGRAMME, au, connu_au)
        lus: dict[str, Any] = {"au": au}
        demande: Json = {"programme": PROGRAMME, "au": au, "connu_au": connu_au}
        for chiffre in self.epreuve.chiffres:
            membres = self.epreuve.membres.get(chiffre)
            cas: Iterable[tuple[str | None, Any]] = [(None, voulus.get(chiffre))]
            if chiffre == "echeancier":
                cas = voulus["echeanciers"].items()
            for structure, voulu in cas:
                nom = chiffre if structure is None else f"{chiffre}.{structure}"
                lus[nom] = self.systeme.lire(chiffre, structure=structure, **demande)
                ecart = premier_ecart(voulu, lus[nom], membres=membres)
                if ecart is not None:
                    return f"{nom}{_vue(au, connu_au)} : {ecart}."
        for controle in self.epreuve.controles:
            for defaut in controle(lus):
                return f"Chiffres{_vue(au, connu_au)} : {defaut}"
        return None


def rejouer(
    fabrique: Callable[[], Systeme], trace: Iterable[Pas], epreuve: Epreuve | None = None
) -> str | None:
    """Take these steps on a new system; the first difference, None when there is none."""
    confrontation = Confrontation(fabrique, epreuve or Epreuve())
    try:
        for pas in trace:
            constat = confrontation.avancer(pas)
            if constat is not None:
                return constat
        return None
    finally:
        confrontation.systeme.fermer()


def confronter(
    fabrique: Callable[[], Systeme], envoyees: Iterable[Json], epreuve: Epreuve | None = None
) -> None:
    """Send these commands to a new system and compare receipts and final figures.

    Raises: Divergence.
    """
    trace: list[Pas] = [*map(Envoi, envoyees), Regard()]
    constat = rejouer(fabrique, trace, epreuve)
    if constat is not None:
        raise Divergence(constat, trace)


def reduire(
    fabrique: Callable[[], Systeme], trace: Sequence[Pas], epreuve: Epreuve, constat: str
) -> Divergence:
    """The short divergence that leaving steps, then members, out of a failing trace leads to.

    Halves first, then single steps, then pairs: no step or pair of what is left can go. The last
    step, the one that differs, stays. At most `epreuve.rejeux` replays.
    """
    reduction = _Reduction(fabrique, epreuve, [*trace], constat)
    reduction.sans_contraintes()
    morceau = len(trace) // 2
    while morceau > 1:
        reduction.sans_morceaux(morceau)
        morceau //= 2
    while reduction.sans_morceaux(1) or reduction.sans_paires():
        pass
    reduction.sans_membres()
    return Divergence(reduction.constat, reduction.reste)


class _Reduction:
    """A failing trace, and what is left of it so far."""

    def __init__(
        self, fabrique: Callable[[], Systeme], epreuve: Epreuve, reste: list[Pas], constat: str
    ) -> None:
        self.fabrique, self.epreuve = fabrique, epreuve
        self.reste, self.constat = reste, constat
        self.budget = epreuve.rejeux

    def essayer(self, essai: list[Pas]) -> bool:
        """Keep a trace that still shows a divergence."""
        self.budget -= 1
        vu = rejouer(self.fabrique, essai, self.epreuve) if self.budget >= 0 else None
        # a command spoilt by the reduction itself is another story
        if vu is None or (_MALFORMEE in vu and _MALFORMEE not in self.constat):
            return False
        self.reste, self.constat = essai, vu
        return True

    def sans_morceaux(self, taille: int) -> bool:
        """Leave out runs of steps, from the end; whether any could go."""
        avant, fin = len(self.reste), len(self.reste) - 1
        while fin > 0:
            debut = max(fin - taille, 0)
            self.essayer(self.reste[:debut] + self.reste[fin:])
            fin = debut
        return len(self.reste) < avant

    def sans_paires(self) -> bool:
        """Leave out two steps at once, when few are left; whether any could go."""
        if len(self.reste) > _PAIRES_MAX:
            return False
        for i, j in combinations(range(len(self.reste) - 1), 2):
            if self.essayer([p for rang, p in enumerate(self.reste) if rang not in (i, j)]):
                return True
        return False

    def sans_contraintes(self) -> None:
        """Open the programme under the plainest rules: fewer commands are then needed."""
        for rang, pas in enumerate(self.reste):
            regles = pas.commande.get("regles") if isinstance(pas, Envoi) else None
            if not isinstance(pas, Envoi) or not isinstance(regles, dict):
                continue
            for nom in [
                n for n in _REGLES_SIMPLES if regles.get(n) not in (None, _REGLES_SIMPLES[n])
            ]:
                plus_simples = regles | {nom: _REGLES_SIMPLES[nom]}
                essai = [*self.reste]
                essai[rang] = Envoi(pas.commande | {"regles": plus_simples})
                if self.essayer(essai):
                    regles = plus_simples

    def sans_membres(self) -> None:
        """Leave out the members of commands that make no difference (a required one does)."""
        for rang, pas in enumerate(self.reste):
            if isinstance(pas, Envoi):
                for nom in [*pas.commande]:
                    vu = self.reste[rang]
                    moins = {n: v for n, v in vu.commande.items() if n != nom}  # type: ignore[union-attr]
                    self.essayer([*self.reste[:rang], Envoi(moins), *self.reste[rang + 1 :]])


def _vue(au: str | None, connu_au: int | None) -> str:
    return (f" au {au}" if au is not None else "") + (
        f", connu à la position {connu_au}" if connu_au is not None else ""
    )


def _dire(reponse: Json) -> str:
    return ", ".join(f"{valeur}" for valeur in reponse.values() if valeur not in (None, []))


def _liste(valeur: Any) -> Any:
    return list(valeur) if isinstance(valeur, tuple) else valeur
