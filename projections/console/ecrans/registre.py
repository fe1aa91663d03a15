"""The register, searched, filtered and sorted; and the sheet of one structure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from msgspec import Struct

from ledger.evenements import BonusNumériqueAccordé, Fait, LabelRetiré
from ledger.registre import TOPICS

from ...echeancier import Echeancier, de_fiche
from ...fiche import Fiche
from ...libelles import ETATS, TERRITOIRES
from ..contributions import exiger_structure
from ..demande import Demande
from ..recherche import SENS, TRIS, Recherche, Retenues, retenir

_PAR_PAGE_DE_FAITS = 200


def lire_recherche(demande: Demande) -> Recherche:
    """What the address searches for. Raises: UsageError."""
    return Recherche(
        q=demande.texte("q"),
        etat=demande.choix("etat", tuple(ETATS)),
        territoire=demande.choix("territoire", tuple(TERRITOIRES)),
        numerique=demande.choix("numerique", ("oui", "non")),
        vague=demande.texte("vague"),
        label=demande.texte("label"),
        tri=demande.choix("tri", tuple(TRIS), "porteur"),
        sens=demande.choix("sens", SENS, "croissant"),
    )


def retenues(demande: Demande, recherche: Recherche) -> Retenues:
    """The structures that a search retains in this view."""
    regard = demande.regard
    cle = ("recherche", regard.position, regard.vue.au, recherche)
    return demande.tete.calculs.obtenir(
        cle, lambda _: retenir(regard.triees(recherche.tri, recherche.sens), recherche)
    )


def structures(demande: Demande) -> dict[str, Any]:
    """The register."""
    regard, recherche = demande.regard, lire_recherche(demande)
    trouvees = retenues(demande, recherche)
    lignes, pagination = demande.page(trouvees.fiches)
    return {
        "r": recherche,
        "filtre": bool(recherche.filtres()),
        "colonnes": [_colonne(demande, cle, recherche) for cle in TRIS],
        "lignes": lignes,
        "pagination": pagination,
        "total": len(regard.vue.situation.fiches),
        "trouvees": trouvees,
        "etats": ETATS,
        "territoires": TERRITOIRES,
        "vagues": regard.vagues,
        "annees": regard.annees_de_label,
    }


def _colonne(demande: Demande, cle: str, recherche: Recherche) -> tuple[str, str, str, str]:
    """Key, words, state for assistive tools, address that sorts by it."""
    montant = recherche.sens == "croissant"
    etat = "none"
    if cle == recherche.tri:
        etat = "ascending" if montant else "descending"
    inverse = "decroissant" if cle == recherche.tri and montant else "croissant"
    autres = {n: v for n, v in demande.autres_parametres().items() if n not in ("tri", "sens")}
    adresse = demande.liens.vers("structures", **{**autres, "tri": cle, "sens": inverse})
    return cle, TRIS[cle].nom, etat, adresse


def structure(demande: Demande, slug: str) -> dict[str, Any]:
    """Everything about one structure."""
    regard = demande.regard
    positions = exiger_structure(regard, slug)
    fiche = regard.vue.situation.fiches[slug]
    prevu = de_fiche(fiche, regard.vue.date_de_vue)
    dernieres, pagination = demande.page(positions, _PAR_PAGE_DE_FAITS)
    faits = [(position, fait, montant_de(fait)) for position, fait in demande.tete.lire(dernieres)]
    return {
        "fiche": fiche,
        "echeancier": prevu,
        "frise": sorted(_frise(demande, fiche, prevu), key=lambda etape: etape.jour),
        "faits": faits,
        "pagination": pagination,
        "date_de_vue": regard.vue.date_de_vue,
    }


class Etape(Struct, frozen=True):
    """A point of the timeline of a structure; its amount leads to a cell, or to a fact."""

    jour: date
    titre: str
    mot: str = ""
    genre: str = "fait"
    """How it is drawn: `fait`, `en_retard`, or the status of an instalment."""
    montant: int | None = None
    cellule: str = ""
    position: int = 0
    statut: str = ""


def _frise(demande: Demande, fiche: Fiche, prevu: Echeancier) -> Iterator[Etape]:
    """What happened to a structure and what is due, on one day in the order of a grant."""
    if fiche.label_date is not None:
        yield Etape(fiche.label_date, "Label")
    if fiche.bonus is not None:
        yield from _bonus(demande, fiche)
    for t in prevu.tranches:
        yield Etape(
            date.fromisoformat(t.echeance),
            f"Tranche {t.rang} · {t.exercice}",
            "due le ",
            t.statut,
            t.montant_centimes,
            cellule=f"echeancier.{fiche.structure}.{t.rang}.montant",
            statut=t.statut,
        )
    if fiche.retrait_date is not None:
        yield Etape(fiche.retrait_date, "Label retiré", genre="en_retard")


def _bonus(demande: Demande, fiche: Fiche) -> Iterator[Etape]:
    """The digital bonus: granted, then paid; a payment cancelled is none."""
    tete = demande.tete
    for position, fait in tete.lire(tete.du_type(TOPICS[BonusNumériqueAccordé], fiche.evenements)):
        montant = montant_de(fait)
        yield Etape(fait.date_effet, "Bonus accordé", montant=montant, position=position)
    for v in fiche.versements:
        if v.rang == 0 and v.position not in fiche.annules:
            yield Etape(v.date_effet, "Bonus versé", montant=v.montant, position=v.position)


def montant_de(fait: Fait) -> int | None:
    """The amount of a fact; of a withdrawal, what it withdraws. None where it bears none."""
    if isinstance(fait, LabelRetiré):
        return sum(r.montant_centimes for r in fait.retraits)
    return getattr(fait, "montant_centimes", None)
