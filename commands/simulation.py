"""Simulating: a scenario executed by the real handlers, on a fork in memory. Nothing is written.

    resultat = simuler(store, "fabriques", lire_scenario(octets, "fabriques"), jour=jour)
    regarder(Journal(resultat.fourche, "fabriques"))   # the figures, as for the real base

The fork reads the base and never writes it. Its clock stands still: the same scenario on the same
facts gives the same lines, whatever the day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from msgspec import Struct

from ledger.erreurs import UsageError
from ledger.simulation import EtapeJouee, RefusSimule
from ledger.stockage.memoire import MemoryStore
from ledger.stockage.port import Store

from .execution import GrandLivre
from .hypotheses import Groupe, Hypothese, HypotheseSansObjetError
from .lecture_json import CommandeIllisible, en_commande
from .modele import Commande
from .recus import Recu
from .refus import Refus
from .scenario import Etape, completer

COMMANDES_MAX = 100_000
"""Commands that one simulation plays at most."""
_CORRELATION = "simulation"
_PAS = 500
"""Commands between two words of progress."""


class LimiteDepasseeError(UsageError):
    """A scenario that would play more commands than a simulation may."""

    code = "scenario_trop_long"


class _HorlogeArretee:
    """A clock that is always late: the journal keeps the instant of its last line."""

    def maintenant(self) -> str:
        return "1970-01-01T00:00:00.000000Z"


class Resultat(Struct, frozen=True):
    """A simulation played: the fork to read figures from, each line, every refusal in order."""

    fourche: MemoryStore
    etapes: tuple[EtapeJouee, ...]
    refus: tuple[RefusSimule, ...]
    commandes: tuple[Commande, ...]
    """The commands accepted, in order: executed for real on the same base, they do the same."""

    @property
    def premier_refus(self) -> RefusSimule | None:
        """The first rule that broke, in the order of the scenario."""
        return self.refus[0] if self.refus else None


def simuler(
    store: Store,
    programme: str,
    etapes: Iterable[Etape],
    *,
    jour: date,
    position: int | None = None,
    progres: Callable[[int], object] | None = None,
) -> Resultat:
    """Play a scenario on a fork of the programme, from `position` (its last one by default).

    `jour` is the last effect date known there: what is due by then is paid that day. `progres` is
    told, from time to time, how many commands were played.
    Raises: HypotheseSansObjetError, LimiteDepasseeError, StoreError, ChainBrokenError.
    """
    debut = store.taille(programme) if position is None else position
    fourche = MemoryStore(store, jusqua={programme: debut})
    livre = GrandLivre(fourche, clock=_HorlogeArretee())  # not closed: the fork is still to be read
    partie = _Partie(livre, programme, debut, progres)
    jouees = [partie.jouer(etape, jour) for etape in etapes]
    return Resultat(fourche, tuple(jouees), tuple(partie.refus), tuple(partie.acceptees))


class _Partie:
    """One simulation being played: its fork, and what was answered so far."""

    def __init__(
        self,
        livre: GrandLivre,
        programme: str,
        debut: int,
        progres: Callable[[int], object] | None,
    ) -> None:
        self._livre = livre
        self._programme = programme
        self._debut = debut
        self._progres = progres
        self._envoyees = self._jouees = 0
        self.refus: list[RefusSimule] = []
        self.acceptees: list[Commande] = []

    def jouer(self, etape: Etape, jour: date) -> EtapeJouee:
        """Play one line to its end, or to the refusal that it looks for."""
        comptes: Counter[str] = Counter()
        if isinstance(etape.action, Commande):
            commande = etape.action
            if etape.numerotee:
                commande = commande.model_copy(update={"id_commande": self._identifiant()})
            self._envoyer(etape, [commande], comptes)
        else:
            self._developper(etape, etape.action, jour, comptes)
        return EtapeJouee(
            ligne=etape.ligne,
            nom=etape.nom,
            phrase=etape.phrase,
            groupes_acceptes=comptes["groupes"],
            groupes_refuses=comptes["refuses"],
            commandes_acceptees=comptes["acceptee"],
            deja_executees=comptes["deja_executee"],
        )

    def _developper(
        self, etape: Etape, hypothese: Hypothese, jour: date, comptes: Counter[str]
    ) -> None:
        etat = self._livre.etat(self._programme)
        try:
            for groupe in hypothese.groupes(etat, jour):
                accepte = self._envoyer(etape, self._completer(groupe), comptes)
                if hypothese.cherche and not accepte:
                    return
        except HypotheseSansObjetError as erreur:
            raise HypotheseSansObjetError(
                f"Scénario, ligne {etape.ligne} ({hypothese.nom}) : {erreur.message.rstrip('.')}.",
                remede=erreur.remede,
            ) from erreur

    def _completer(self, groupe: Groupe) -> list[Commande]:
        return [self._valider(brut) for brut in groupe]

    def _valider(self, brut: dict[str, Any]) -> Commande:
        lue = en_commande(completer(brut, self._programme, self._identifiant()))
        if isinstance(lue, CommandeIllisible):
            raise HypotheseSansObjetError(lue.refus.message, remede=lue.refus.remede)
        return lue

    def _identifiant(self) -> str:
        """An id that the base cannot hold: it names the position that the fork starts from."""
        self._envoyees += 1
        if self._envoyees > COMMANDES_MAX:
            raise LimiteDepasseeError(
                f"Le scénario jouerait plus de {COMMANDES_MAX} commandes.",
                remede="Réduire le nombre de labels ou de lignes.",
            )
        return f"simulation-{self._debut}-{self._envoyees}"

    def _envoyer(self, etape: Etape, groupe: list[Commande], comptes: Counter[str]) -> bool:
        """Execute what stands or falls together; whether it stood."""
        avant, self._jouees = self._jouees, self._jouees + len(groupe)
        if self._progres is not None and avant // _PAS != self._jouees // _PAS:
            self._progres(self._jouees)
        recus = self._livre.executer_lot(groupe, atomique=True, correlation=_CORRELATION)
        refus = recus[0].refus
        if refus is not None:
            comptes["refuses"] += 1
            self.refus.append(_refus(etape, groupe[recus[0].rang], refus))
            return False
        comptes["groupes"] += 1
        for commande, recu in zip(groupe, recus, strict=True):
            self._noter(commande, recu, comptes)
        return True

    def _noter(self, commande: Commande, recu: Recu, comptes: Counter[str]) -> None:
        comptes[recu.statut] += 1
        if recu.statut == "acceptee":
            self.acceptees.append(commande)


def _refus(etape: Etape, commande: Commande, refus: Refus) -> RefusSimule:
    annee = commande.date_effet.year
    exercice = refus.details.get("exercice", getattr(commande, "exercice", None))
    return RefusSimule(
        ligne=etape.ligne,
        commande=commande.verbe,
        id_commande=commande.id_commande,
        structure=getattr(commande, "structure", None),
        date_effet=commande.date_effet,
        exercice=exercice if isinstance(exercice, int) else annee,
        code=refus.code,
        message=refus.message,
        remede=refus.remede,
        details=refus.details,
        cherche=isinstance(etape.action, Hypothese) and etape.action.cherche,
    )
