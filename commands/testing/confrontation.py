"""A system under test beside the reference model, step by step.

Steps are data (a command, a restart, a look at the figures): a trace can be replayed, and made
short (`reduction`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from hypothesis.strategies import SearchStrategy

from ledger.testing.valeurs import Json

from .contexte import PROGRAMME
from .ecarts import premier_ecart
from .histoires import en_lignes
from .reference import Reference
from .systeme import Systeme

T = TypeVar("T")
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
            f"{constat}\n{_redemarrages(trace)}{len(self.commandes)} commandes, pour "
            f"« fabriques executer - » :\n{en_lignes(self.commandes)}"
        )


class Confrontation:
    """One system, new and empty, and the reference model: what each step must answer alike."""

    def __init__(self, fabrique: Callable[[], Systeme], epreuve: Epreuve) -> None:
        self.systeme = fabrique()
        self.epreuve = epreuve
        self.reference = Reference()
        self.trace: list[Pas] = []
        self.acceptees: list[Json] = []
        self.levee: Exception | None = None  # what the system raised: a difference like any other

    def avancer(self, pas: Pas) -> str | None:
        """Take one step; what differs, None when both agree.

        Raises: NotImplementedError, for a figure asked of a system that does not read it.
        """
        self.trace.append(pas)
        try:
            match pas:
                case Envoi(commande):
                    return self._envoyer(commande)
                case Regard(au, connu_au):
                    return self._regarder(au, connu_au)
                case Redemarrage():
                    self._appeler("redemarrer", self.systeme.redemarrer)
                    return None
        except _LeveeError as erreur:
            return str(erreur)

    def _appeler(self, quoi: str, appel: Callable[..., T], *args: Any, **demande: Any) -> T:
        """Call the system; whatever it raises is its answer, and a wrong one."""
        try:
            return appel(*args, **demande)
        except NotImplementedError:
            raise
        except Exception as erreur:
            self.levee = erreur
            raise _LeveeError(f"{quoi} : {type(erreur).__name__} levée, {erreur}.") from erreur

    def _envoyer(self, commande: Json) -> str | None:
        de = f"{commande.get('commande')} ({commande.get('id_commande')})"
        attendu = self.reference.executer(commande)
        if attendu["statut"] == "acceptee":
            self.acceptees.append(commande)
        obtenu = self._appeler(de, self.systeme.executer, commande)
        noms = ["statut"]
        noms += ["code"] if self.epreuve.codes else []
        noms += ["positions"] if self.epreuve.positions else []
        vus = {nom: _liste(obtenu.get(nom)) for nom in noms}
        voulus = {nom: attendu[nom] for nom in noms}
        if vus == voulus:
            return None
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
                lus[nom] = self._appeler(
                    f"{nom}{_vue(au, connu_au)}",
                    self.systeme.lire,
                    chiffre,
                    structure=structure,
                    **demande,
                )
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
    return derouler(fabrique, trace, epreuve or Epreuve()).constat


class Deroulement(NamedTuple):
    """What came of a trace: the difference, what the system raised, the steps taken."""

    constat: str | None
    levee: Exception | None
    trace: Sequence[Pas]


def derouler(
    fabrique: Callable[[], Systeme], trace: Iterable[Pas], epreuve: Epreuve
) -> Deroulement:
    """Take these steps on a new system, up to the first difference."""
    confrontation = Confrontation(fabrique, epreuve)
    try:
        for pas in trace:
            constat = confrontation.avancer(pas)
            if constat is not None:
                return Deroulement(constat, confrontation.levee, confrontation.trace)
        return Deroulement(None, None, confrontation.trace)
    finally:
        confrontation.systeme.fermer()


def confronter(
    fabrique: Callable[[], Systeme], envoyees: Iterable[Json], epreuve: Epreuve | None = None
) -> None:
    """Send these commands to a new system and compare receipts and final figures.

    Raises: Divergence.
    """
    trace: list[Pas] = [*map(Envoi, envoyees), Regard()]
    constat, levee, _ = derouler(fabrique, trace, epreuve or Epreuve())
    if constat is not None:
        raise Divergence(constat, trace) from levee


class _LeveeError(Exception):
    """The system raised instead of answering."""


def _redemarrages(trace: Sequence[Pas]) -> str:
    """After which commands the system was restarted, which the commands alone do not say."""
    rangs: list[int] = []
    envois = 0
    for pas in trace:
        envois += isinstance(pas, Envoi)
        if isinstance(pas, Redemarrage):
            rangs.append(envois)
    return "".join(f"Redémarrage après la commande {rang}.\n" for rang in rangs)


def _vue(au: str | None, connu_au: int | None) -> str:
    return (f" au {au}" if au is not None else "") + (
        f", connu à la position {connu_au}" if connu_au is not None else ""
    )


def _dire(reponse: Json) -> str:
    return ", ".join(f"{valeur}" for valeur in reponse.values() if valeur not in (None, []))


def _liste(valeur: Any) -> Any:
    return list(valeur) if isinstance(valeur, tuple) else valeur
