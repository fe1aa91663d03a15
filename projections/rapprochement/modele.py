"""What a reconciliation compares and what it says: plain values, amounts in cents."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Nom = Literal[
    "rapproche",
    "deja_rapproche",
    "regroupe",
    "montant_different",
    "autre_exercice",
    "ambigu",
    "annulation",
    "dp_en_double",
    "dp_incomplete",
    "chorus_seul",
    "livre_seul",
]
VERDICTS: dict[Nom, str] = {
    "rapproche": "Une demande et un versement se répondent, et eux seuls : à confirmer.",
    "deja_rapproche": "Déjà confirmé, et Chorus dit toujours le même montant.",
    "regroupe": "Plusieurs d'un côté pour un de l'autre, au même numéro : même total, au centime.",
    "montant_different": "La demande et le versement sont identifiés, leurs montants diffèrent.",
    "autre_exercice": "La demande et le versement se répondent, sur deux exercices.",
    "ambigu": "Plusieurs candidats, ou des preuves qui se contredisent : rien n'est choisi.",
    "annulation": "Une demande négative ou nulle, ou celle d'un versement annulé au livre.",
    "dp_en_double": "Le même poste de la même demande figure deux fois dans le fichier.",
    "dp_incomplete": "Une ligne de la demande ne se lit pas : sa somme n'est pas connue.",
    "chorus_seul": "Payé selon Chorus, sans versement au livre.",
    "livre_seul": "Versé selon le livre, sans demande dans le fichier.",
}
"""Every verdict and what it means, in the order in which a report lists them."""
CONCORDANTS: frozenset[Nom] = frozenset({"rapproche", "deja_rapproche", "regroupe"})
"""The verdicts that call for nothing but a confirmation. `regroupe` is not confirmed: the orders of
the ledger already hold the number of the request."""
Palier = Literal[1, 2, 3]
PALIERS: dict[Palier, str] = {
    1: "numéro de demande de paiement et montant",
    2: "engagement juridique, exercice et montant",
    3: "SIRET, exercice et montant",
}
"""The declared tiers, the strongest first; a weaker one never contradicts a stronger one."""


class LigneChorus(Struct, frozen=True, gc=False):
    """One line (poste) of the extract, its labels left out. Absent text is empty, never `#`.

    `lisible` is False for a line whose amount, or another member, could not be read.
    """

    feuille: str
    ligne: int
    dp: str
    exercice: int
    montant_centimes: int
    poste: str = ""
    ej: str = ""
    poste_ej: str = ""
    siret: str = ""
    ultramarin: str = ""
    """RIDET or TAHITI number, in place of a SIRET."""
    fournisseur: str = ""
    date: str | None = None
    lisible: bool = True


class VersementAuLivre(Struct, frozen=True, gc=False):
    """A payment of the ledger, with what is known to recognise it.

    `numeros` are its reference and the requests of the orders it uses; `demandes` the latter alone,
    which no other number of Chorus can be. `rapproche` is the request
    (number, exercice) already confirmed; `annulation` the position of its cancellation.
    """

    position: int
    structure: str
    rang: int
    montant_centimes: int
    exercice: int
    date: str
    reference: str
    siret: str = ""
    ejs: tuple[str, ...] = ()
    numeros: tuple[str, ...] = ()
    demandes: tuple[str, ...] = ()
    annulation: int | None = None
    rapproche: tuple[str, int] | None = None


class Demande(Struct, frozen=True, gc=False):
    """A payment request: its lines, summed. `ejs` and `sirets` are those of its lines, sorted."""

    dp: str
    exercice: int
    montant_centimes: int
    ejs: tuple[str, ...]
    sirets: tuple[str, ...]
    ultramarins: tuple[str, ...]
    fournisseur: str
    date: str | None
    feuille: str
    ligne: int
    """The first line of the request in the file."""
    lignes: int
    doublon: str = ""
    """Why a line of it seems to be there twice; empty when none is."""
    lisible: bool = True


class Verdict(Struct, frozen=True):
    """What is said of one request, of one payment, or of both; and why."""

    verdict: Nom
    palier: Palier | None
    explication: str
    dp: str | None = None
    exercice_dp: int | None = None
    ej: str | None = None
    fournisseur: str | None = None
    identifiant: str | None = None
    """SIRET, RIDET or TAHITI of the payee in Chorus."""
    chorus_centimes: int | None = None
    date_chorus: str | None = None
    feuille: str | None = None
    ligne: int | None = None
    lignes: int = 0
    structure: str | None = None
    position: int | None = None
    rang: int | None = None
    livre_centimes: int | None = None
    exercice: int | None = None
    reference: str | None = None
    ecart_centimes: int | None = None
    """Chorus less ledger, where both are known."""
    candidats: tuple[str, ...] = ()
    """The first ones that were weighed and not chosen."""
