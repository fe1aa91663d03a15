"""The replay under audit: each fact checked against the state that those before it make."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..budget import lignes_credits
from ..evenements import (
    AvenantSigné,
    BonusNumériqueAccordé,
    BonusNumériqueVersé,
    ExerciceClôturé,
    FabriqueLabellisée,
    Fait,
    TrancheVersée,
    VersementAnnulé,
    VersementRapproché,
)
from ..fonctions import Fonctions, manquements
from ..montants import format_euros
from ..programme import Demande, Dossier
from . import invariants
from .attendus import SANS_EFFET, Paiement, attendus
from .ordinaire import paiement_ordinaire
from .rejeu import Rejeu
from .transitions import Trouvaille, transition

_A_CONTROLER = frozenset(
    {
        TrancheVersée,
        BonusNumériqueVersé,
        FabriqueLabellisée,
        AvenantSigné,
        BonusNumériqueAccordé,
        VersementAnnulé,
        VersementRapproché,
    }
)


class Controle:
    """The replay under audit: the state so far, the cancellations, the closings.

    `relire(position)` gives back the fact of an earlier line: payments are not kept.
    """

    def __init__(self, programme: str, relire: Callable[[int], Fait | None]) -> None:
        self.etat = Rejeu(programme)
        self._fonctions = Fonctions()
        self._relire = relire
        self._annules: set[int] = set()
        self._rapproches: dict[int, Demande] = {}
        self._demandes: set[Demande] = set()
        self._clotures: list[ExerciceClôturé] = []
        self._disponible: list[Trouvaille] = []
        # the structures whose sums did not add up after their last fact
        self._en_defaut: set[str] = set()

    def avancer(self, fait: Fait) -> list[Trouvaille]:
        """The findings on the next fact; the replay then stands after it.

        Raises: LedgerError, LookupError or ValueError when nothing can follow.
        """
        etat = self.etat
        if (
            type(fait) is TrancheVersée
            and fait.structure not in self._en_defaut
            and not self._fonctions.concerne(fait.structure)
            and paiement_ordinaire(etat, fait)
        ):
            etat.avancer(fait)
            credit, cumul = invariants.credits_depasses(etat, fait), invariants.cumul(etat)
            return [*self._disponible, *credit, *cumul]
        vues = transition(etat, fait)
        vues += self._comparer(fait)
        dossiers = etat.avancer(fait)
        vues += manquements(self._fonctions.avancer(etat.position, fait))
        if etat.disponible_change:
            self._disponible = [*invariants.disponible(etat.soldes)]
        vues += self._disponible
        if etat.baisses:
            vues += invariants.credits_depasses(etat, fait)
        if dossiers is None:
            if isinstance(fait, ExerciceClôturé):
                self._clotures.append(fait)
                vues += invariants.cloture(etat.soldes, fait)
            return vues
        if type(fait) in _A_CONTROLER:
            vues += self._controler_structure(fait, dossiers[0])
        vues += self._plafonds(fait.structure, *dossiers)  # type: ignore[attr-defined]
        return vues

    def _controler_structure(self, fait: Fait, avant: Dossier | None) -> Iterator[Trouvaille]:
        """The checks of the facts that carry some; `avant` is the structure before."""
        match fait:
            case TrancheVersée() | BonusNumériqueVersé() if avant is not None:
                yield from invariants.versement(avant, fait)
                yield from invariants.cumul(self.etat)
            case FabriqueLabellisée():
                yield from invariants.echeancier(self.etat, fait)
                yield from invariants.quotas(self.etat, fait)
            case AvenantSigné():
                yield from invariants.echeancier(self.etat, fait)
            case BonusNumériqueAccordé() if avant is not None:
                yield from invariants.bonus(self.etat, avant, fait)
            case VersementAnnulé():
                self._annules.add(fait.position)
                demande = self._rapproches.pop(fait.position, None)
                if demande is not None:
                    self._demandes.discard(demande)
            case VersementRapproché():
                yield from self._rapprocher(fait)
            case _:
                pass

    def _rapprocher(self, fait: VersementRapproché) -> Iterator[Trouvaille]:
        """A payment in force, of that structure, not after it; one request for one payment."""
        code, position = "histoire_impossible", fait.position
        demande = Demande(fait.dp, fait.exercice_dp)
        paiement = self._paiement(position)
        if paiement is None or paiement.structure != fait.structure:
            yield code, f"{fait.structure} : pas de versement en vigueur en {position}."
        elif fait.date_effet < paiement.date_effet:
            yield code, f"{fait.structure} : rapproché avant d'être versé ({position})."
        if position in self._rapproches:
            yield code, f"{fait.structure} : le versement {position} est rapproché deux fois."
        if demande in self._demandes:
            yield code, f"{fait.structure} : la demande {fait.dp} prouve deux versements."
        self._rapproches[position] = demande
        self._demandes.add(demande)

    def _plafonds(self, structure: str, avant: Dossier | None, apres: Dossier) -> list[Trouvaille]:
        """The sums of the structure, unless the fact left as they were sums that were right."""
        if structure not in self._en_defaut and invariants.memes_sommes(avant, apres):
            return []
        vues = [*invariants.plafonds_payes(structure, apres)]
        if vues:
            self._en_defaut.add(structure)
        else:
            self._en_defaut.discard(structure)
        return vues

    def _comparer(self, fait: Fait) -> list[Trouvaille]:
        """The effects that the fact holds are those its predecessors determine."""
        vues: list[Trouvaille] = []
        paiement = None
        if type(fait) in SANS_EFFET and fait.regles_version == self.etat.version_au(
            fait.date_effet
        ):
            return vues
        if isinstance(fait, VersementAnnulé):
            paiement = self._paiement(fait.position)
            if paiement is None:
                vues.append(("effet_faux", f"Pas de versement à annuler en {fait.position}."))
        for membre, attendu in attendus(self.etat, fait, paiement).items():
            if getattr(fait, membre) != attendu:
                vues.append(("effet_faux", f"{membre} n'est pas ce que donne le recalcul."))
        return vues

    def _paiement(self, position: int) -> Paiement | None:
        """The payment of an earlier line, unless it was cancelled since."""
        fait = None if position in self._annules else self._relire(position)
        return fait if isinstance(fait, TrancheVersée | BonusNumériqueVersé) else None

    def conclure(self) -> Iterator[Trouvaille]:
        """What needs the whole journal: outstanding (invariant 7), sealed exercices (13)."""
        lignes = lignes_credits(self.etat.soldes)
        cloture = lignes[-1].rap_cloture_centimes if lignes else 0
        prevu = sum(ligne.cp_restant_a_prevoir_centimes for ligne in lignes)
        vivant = 0
        for dossier in self.etat.dossiers.values():
            label = dossier.label
            if label is not None:
                vivant += sum(c.montant_centimes for c in label.cohortes)
                if label.bonus is not None:
                    vivant += label.bonus.montant - label.bonus.verse - label.bonus.retire
        if not cloture == prevu == vivant:
            yield (
                "invariant_restes_a_payer",
                f"Restes à payer {format_euros(cloture)}, à prévoir {format_euros(prevu)}, reste "
                f"sur les labels {format_euros(vivant)}.",
            )
        for scelle in self._clotures:
            yield from invariants.cloture(self.etat.soldes, scelle)
