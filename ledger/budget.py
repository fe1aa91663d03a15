"""The `credits` table: AE, CP and outstanding by exercice, from the balances.

Lives in the ledger because closing an exercice seals these very lines. In cents.
"""

from __future__ import annotations

from hashlib import sha256

from msgspec import Struct
from msgspec.structs import asdict

from .preuve.canonique import json_canonique
from .soldes import Soldes


class LigneCredits(Struct, frozen=True):
    """One exercice: AE and CP opened, consumed, available; outstanding roll-forward.

    `rap_cloture = rap_ouverture + ae_engagees - cp_payes - regularisations - retraits`.
    `cp_restant_a_prevoir` is what is left of live instalments and bonuses by planned exercice,
    what was planned in a closed exercice being shown in the first open one.
    """

    exercice: int
    ae_ouvertes_centimes: int
    ae_gelees_centimes: int
    ae_engagees_centimes: int
    retraits_meme_exercice_centimes: int
    retraits_anterieurs_centimes: int
    cp_ouverts_centimes: int
    cp_geles_centimes: int
    cp_payes_centimes: int
    regularisations_centimes: int
    reversements_centimes: int
    ae_disponibles_centimes: int
    cp_disponibles_centimes: int
    cp_restant_a_prevoir_centimes: int
    rap_ouverture_centimes: int
    rap_cloture_centimes: int


def a_prevoir(soldes: Soldes) -> dict[int, int]:
    """What is left to pay by planned exercice; closed years fall into the first open one."""
    prevu: dict[int, int] = {}
    clos = soldes.dernier_clos
    for (annee, membre), centimes in soldes.valeurs.items():
        if membre == "a_prevoir":
            vue = max(annee, clos + 1)
            prevu[vue] = prevu.get(vue, 0) + centimes
    return {annee: centimes for annee, centimes in prevu.items() if centimes}


def lignes_credits(soldes: Soldes, *, jusqua: int | None = None) -> tuple[LigneCredits, ...]:
    """The lines of the table, ascending and without gap, up to an exercice (included) if given.

    From the first exercice on which anything was recorded to the last, planned payments and closed
    exercices included: what a closing seals is what the table shows, for ever.
    """
    prevu = a_prevoir(soldes)
    annees = soldes.mouvementees() | prevu.keys()
    if not annees:
        return ()
    lignes: list[LigneCredits] = []
    reste = 0
    fin = max(*annees, soldes.dernier_clos)
    for annee in range(min(annees), fin + 1 if jusqua is None else jusqua + 1):
        ligne = _ligne(soldes, annee, prevu.get(annee, 0), reste)
        reste = ligne.rap_cloture_centimes
        lignes.append(ligne)
    return tuple(lignes)


def _ligne(soldes: Soldes, annee: int, prevu: int, ouverture: int) -> LigneCredits:
    solde = soldes.exercice(annee)
    engage = solde.engage + solde.engage_bonus
    meme = solde.retraits_meme + solde.retraits_meme_bonus
    anterieurs = solde.retraits_anterieurs + solde.retraits_anterieurs_bonus
    payes = solde.cp_payes + solde.cp_payes_bonus
    regularisations = solde.regularisations + solde.regularisations_bonus
    return LigneCredits(
        exercice=annee,
        ae_ouvertes_centimes=solde.ae_ouvertes,
        ae_gelees_centimes=solde.ae_gelees,
        ae_engagees_centimes=engage,
        retraits_meme_exercice_centimes=meme,
        retraits_anterieurs_centimes=anterieurs,
        cp_ouverts_centimes=solde.cp_ouverts,
        cp_geles_centimes=solde.cp_geles,
        cp_payes_centimes=payes,
        regularisations_centimes=regularisations,
        reversements_centimes=solde.reversements,
        ae_disponibles_centimes=soldes.ae_disponibles(annee),
        cp_disponibles_centimes=soldes.cp_disponibles(annee),
        cp_restant_a_prevoir_centimes=prevu,
        rap_ouverture_centimes=ouverture,
        rap_cloture_centimes=ouverture + engage - payes - regularisations - meme - anterieurs,
    )


def empreinte_credits(lignes: tuple[LigneCredits, ...]) -> str:
    """Hex SHA-256 of the canonical JSON of the lines: what a closing seals."""
    return sha256(json_canonique([asdict(ligne) for ligne in lignes])).hexdigest()


def ligne_seule(soldes: Soldes, annee: int, lignes: tuple[LigneCredits, ...]) -> LigneCredits:
    """The line of one exercice among those given, or one of zeros when nothing was recorded."""
    for ligne in lignes:
        if ligne.exercice == annee:
            return ligne
    return _ligne(soldes, annee, 0, 0)
