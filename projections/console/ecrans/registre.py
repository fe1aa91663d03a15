"""The register, searched, filtered and sorted; and the sheet of one structure."""

from __future__ import annotations

from typing import Any

from ledger.evenements import Fait

from ...echeancier import de_fiche
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
    dernieres, pagination = demande.page(positions, _PAR_PAGE_DE_FAITS)
    faits = [(position, fait, _montant(fait)) for position, fait in demande.tete.lire(dernieres)]
    return {
        "fiche": fiche,
        "echeancier": de_fiche(fiche, regard.vue.date_de_vue),
        "faits": faits,
        "pagination": pagination,
        "date_de_vue": regard.vue.date_de_vue,
    }


def _montant(fait: Fait) -> int | None:
    return getattr(fait, "montant_centimes", None)
