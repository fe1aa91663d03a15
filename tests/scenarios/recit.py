"""Les mots des scénarios : étant donné, quand, alors ; montants et dates comme on les écrit.

Une étape est une commande. `etant_donne` et `quand` l'exécutent et exigent qu'elle soit acceptée ;
`quand_on_tente` l'exécute sans rien exiger. `alors_*` compare un chiffre entier à ce qui est écrit.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from commands import Recu
from ledger import Journal
from ledger.montants import lire_euros
from projections import anomalies, credits, echeancier, enveloppe, regarder
from projections.situation import Vue
from tests.unit.monde import Monde, P, qui, tranches

Etape = tuple[str, str, dict[str, Any]]


def candidature(structure: str, le: str = "10/01/2020", **champs: Any) -> Etape:
    """A structure applies."""
    return ("DéposerCandidature", le, {"structure": structure, **champs})


def rejet(structure: str, le: str) -> Etape:
    """Its application is rejected."""
    return ("RejeterCandidature", le, {"structure": structure})


def labellisation(structure: str, le: str, montant: str = "150 000,00 €") -> Etape:
    """It is labelled, in three equal yearly instalments."""
    return (
        "LabelliserFabrique",
        le,
        {"structure": structure, "montant_centimes": lire_euros(montant)},
    )


def avenant(structure: str, le: str, montant: str, *lignes: tuple[int, str, str]) -> Etape:
    """Its grant becomes `montant`; instalments are (exercice, amount, due date)."""
    saisies = [(annee, lire_euros(euros), iso(jour)) for annee, euros, jour in lignes]
    champs = {
        "structure": structure,
        "montant_centimes": lire_euros(montant),
        "echeancier": tranches(*saisies),
    }
    return ("SignerAvenant", le, champs)


def bonus(structure: str, le: str) -> Etape:
    """The digital bonus is granted."""
    return ("AccorderBonusNumérique", le, {"structure": structure})


def bilan(structure: str, le: str, sur: int, *, accepte: bool) -> Etape:
    """A report on an exercice comes in."""
    return ("RecevoirBilan", le, {"structure": structure, "exercice": sur, "accepte": accepte})


def ordre(structure: str, le: str, rang: int, montant: str, par: str) -> Etape:
    """An officer orders a payment."""
    champs = {"rang": rang, "montant_centimes": lire_euros(montant)}
    return ("OrdonnancerTranche", le, {"structure": structure, "acteur": _role(par), **champs})


def versement(
    structure: str, le: str, rang: int, montant: str = "50 000,00 €", par: str = "alice (comptable)"
) -> Etape:
    """An accountant pays an instalment."""
    champs = {"rang": rang, "montant_centimes": lire_euros(montant)}
    return ("VerserTranche", le, {"structure": structure, "acteur": _role(par), **champs})


def versement_du_bonus(structure: str, le: str) -> Etape:
    """The bonus is paid."""
    return ("VerserBonus", le, {"structure": structure})


def rejet_bancaire(structure: str, le: str, position: int) -> Etape:
    """The bank sends a payment back."""
    return ("AnnulerVersement", le, {"structure": structure, "position": position})


def retrait(structure: str, le: str) -> Etape:
    """The label is withdrawn."""
    return ("RetirerLabel", le, {"structure": structure})


def demande(structure: str, le: str, montant: str) -> Etape:
    """Money is claimed back."""
    champs = {"structure": structure, "montant_centimes": lire_euros(montant)}
    return ("DemanderReversement", le, champs)


def encaissement(structure: str, le: str, montant: str) -> Etape:
    """Money claimed comes in."""
    champs = {"structure": structure, "montant_centimes": lire_euros(montant)}
    return ("EncaisserReversement", le, champs)


def cloture(exercice: int, le: str) -> Etape:
    """An exercice is closed."""
    return ("ClôturerExercice", le, {"exercice": exercice})


def fin_du_programme(le: str) -> Etape:
    """The programme is closed."""
    return ("CloreProgramme", le, {})


def iso(jour: str) -> str:
    """`03/02/2020` as the ledger writes it."""
    j, m, a = jour.split("/")
    return f"{a}-{m}-{j}"


def _role(qui_et_role: str) -> dict[str, str]:
    identifiant, role = qui_et_role.removesuffix(")").split(" (")
    return qui(identifiant, role)


class Recit:
    """One story: a programme opened on 11 July 2019 with the rules of the call."""

    def __init__(self, **regles: Any) -> None:
        self.monde = Monde(**regles)
        self.recu: Recu | None = None

    def etant_donne(self, *etapes: Etape) -> Recit:
        """What happened before."""
        for verbe, le, champs in etapes:
            self.monde.ok(verbe, iso(le), **champs)
        return self

    def quand(self, *etapes: Etape) -> int:
        """What happens, and is accepted. Its position."""
        position = 0
        for verbe, le, champs in etapes:
            position = self.monde.ok(verbe, iso(le), **champs)
        return position

    def quand_on_tente(self, etape: Etape) -> None:
        """What somebody tries."""
        verbe, le, champs = etape
        self.recu = self.monde.envoyer(verbe, iso(le), **champs)

    def alors_c_est_refuse(self, code: str, phrase: str = "") -> None:
        """The try is refused, with this code and this sentence."""
        assert self.recu is not None
        assert self.recu.refus is not None, "la tentative a été acceptée"
        assert (self.recu.refus.code, phrase in self.recu.refus.phrase) == (code, True)

    def alors_c_est_accepte(self) -> None:
        """The try is accepted."""
        assert self.recu is not None
        assert (self.recu.statut, self.recu.refus) == ("acceptee", None)

    def alors_l_enveloppe(self, au: str | None = None, **attendus: str) -> None:
        """Figures of the envelope, in EUR: `disponible="45 000 000,00 €"`."""
        ligne = enveloppe(self._vue(au))
        _comparer(ligne, attendus)

    def alors_l_exercice(self, exercice: int, au: str | None = None, **attendus: str) -> None:
        """Figures of one exercice, in EUR."""
        lignes = {ligne.exercice: ligne for ligne in credits(self._vue(au))}
        _comparer(lignes[exercice], attendus)

    def alors_les_tranches(self, structure: str, *attendus: str, au: str | None = None) -> None:
        """The status of each instalment."""
        lignes = echeancier(self._vue(au), structure).tranches
        assert [ligne.statut for ligne in lignes] == list(attendus)

    def alors_l_anomalie(self, code: str, structure: str | None = None) -> None:
        """An anomaly is listed."""
        assert (code, structure) in [(a.code, a.structure) for a in anomalies(self._vue(None))]

    def table(self, exercice: int) -> object:
        """The whole line of one exercice, to be compared later."""
        return {ligne.exercice: ligne for ligne in credits(self._vue(None))}[exercice]

    def _vue(self, au: str | None) -> Vue:
        jour = date.fromisoformat(iso(au)) if au is not None else None
        return regarder(Journal(self.monde.livre.store, P), au=jour)


def _comparer(ligne: object, attendus: dict[str, str]) -> None:
    obtenus = {nom: getattr(ligne, f"{nom}_centimes") for nom in attendus}
    assert obtenus == {nom: lire_euros(euros) for nom, euros in attendus.items()}
