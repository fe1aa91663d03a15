"""The register, searched, filtered and sorted; and the sheet of one structure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger.evenements import Fait

from ...echeancier import de_fiche
from ...fiche import Fiche
from ...libelles import ETATS, TERRITOIRES
from ..contributions import exiger_structure
from ..demande import Demande
from ..regard import pliee

_TRIS: dict[str, tuple[str, Callable[[Fiche], Any]]] = {
    "porteur": ("Porteur", lambda f: (pliee(f.porteur), f.structure)),
    "ville": ("Ville", lambda f: (pliee(f.ville), f.code_postal)),
    "territoire": ("Zone", lambda f: f.territoire),
    "vague": ("Vague", lambda f: f.vague or ""),
    "etat": ("État", lambda f: f.etat),
    "montant": ("Subvention", lambda f: f.montant),
    "paye": ("Payé", lambda f: f.paye),
}
_SENS = ("croissant", "decroissant")
_PAR_PAGE_DE_FAITS = 200


def structures(demande: Demande) -> dict[str, Any]:
    """The register."""
    regard = demande.regard
    q = demande.texte("q")
    filtres = {
        "etat": demande.choix("etat", tuple(ETATS)),
        "territoire": demande.choix("territoire", tuple(TERRITOIRES)),
        "numerique": demande.choix("numerique", ("oui", "non")),
        "vague": demande.texte("vague"),
    }
    tri = demande.choix("tri", tuple(_TRIS), "porteur")
    sens = demande.choix("sens", _SENS, "croissant")
    mots = pliee(q).split()
    trouvees = [
        fiche
        for cle, fiche in regard.registre
        if all(mot in cle for mot in mots) and _retenue(fiche, filtres)
    ]
    trouvees.sort(key=_TRIS[tri][1], reverse=sens == "decroissant")
    lignes, pagination = demande.page(trouvees)
    return {
        "q": q,
        "filtres": filtres,
        "filtre": bool(q or any(filtres.values())),
        "colonnes": [_colonne(demande, cle, tri, sens) for cle in _TRIS],
        "tri": tri,
        "sens": sens,
        "lignes": lignes,
        "pagination": pagination,
        "total": len(regard.registre),
        "montant": sum(f.montant for f in trouvees),
        "paye": sum(f.paye for f in trouvees),
        "etats": ETATS,
        "territoires": TERRITOIRES,
        "vagues": regard.vagues,
    }


def _retenue(fiche: Fiche, filtres: dict[str, str]) -> bool:
    return (
        filtres["etat"] in ("", fiche.etat)
        and filtres["territoire"] in ("", fiche.territoire)
        and filtres["numerique"] in ("", "oui" if fiche.numerique else "non")
        and filtres["vague"] in ("", fiche.vague or "non renseignée")
    )


def _colonne(demande: Demande, cle: str, tri: str, sens: str) -> tuple[str, str, str, str]:
    """Key, words, state for assistive tools, address that sorts by it."""
    nom, _ = _TRIS[cle]
    etat = {"croissant": "ascending", "decroissant": "descending"}[sens] if cle == tri else "none"
    inverse = "decroissant" if (cle, sens) == (tri, "croissant") else "croissant"
    autres = {n: v for n, v in demande.autres_parametres().items() if n not in ("tri", "sens")}
    return (
        cle,
        nom,
        etat,
        demande.liens.vers("structures", **{**autres, "tri": cle, "sens": inverse}),
    )


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
