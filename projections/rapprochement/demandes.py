"""From lines to requests: one request has several lines (postes), which are summed; none is merged
with another request, however alike they are."""

from __future__ import annotations

from collections.abc import Iterable

from .modele import Demande, LigneChorus


def sommer(lignes: Iterable[LigneChorus]) -> tuple[Demande, ...]:
    """The requests of an extract, by number and exercice; the order of its lines does not count."""
    groupes: dict[tuple[str, int], list[LigneChorus]] = {}
    illisibles: set[str] = set()  # the exercice itself may be what could not be read
    for ligne in lignes:
        groupes.setdefault((ligne.dp, ligne.exercice), []).append(ligne)
        if not ligne.lisible:
            illisibles.add(ligne.dp)
    return tuple(_sommer(groupes[cle], cle[0] not in illisibles) for cle in sorted(groupes))


def _sommer(lignes: list[LigneChorus], lisible: bool) -> Demande:
    premiere = min(lignes, key=lambda li: (li.feuille, li.ligne))
    return Demande(
        dp=premiere.dp,
        exercice=premiere.exercice,
        montant_centimes=sum(ligne.montant_centimes for ligne in lignes),
        ejs=_valeurs(ligne.ej for ligne in lignes),
        sirets=_valeurs(ligne.siret for ligne in lignes),
        ultramarins=_valeurs(ligne.ultramarin for ligne in lignes),
        fournisseur=min(ligne.fournisseur for ligne in lignes),
        date=max((ligne.date for ligne in lignes if ligne.date is not None), default=None),
        feuille=premiere.feuille,
        ligne=premiere.ligne,
        lignes=len(lignes),
        doublon=_doublon(lignes),
        lisible=lisible,
    )


def _valeurs(textes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({texte for texte in textes if texte}))


def _doublon(lignes: list[LigneChorus]) -> str:
    """A line of a request is one poste of it on one poste of a commitment: never twice."""
    vues: dict[tuple[str, str, str], list[LigneChorus]] = {}
    for ligne in lignes:
        vues.setdefault((ligne.poste, ligne.ej, ligne.poste_ej), []).append(ligne)
    doubles = [groupe for groupe in vues.values() if len(groupe) > 1]
    if not doubles:
        return ""
    groupe = sorted(min(doubles, key=_debut), key=lambda li: (li.feuille, li.ligne))
    poste = f"le poste {groupe[0].poste}" if groupe[0].poste else "la ligne sans poste"
    ou = ", ".join(str(ligne.ligne) for ligne in groupe[:5])
    return f"{poste} de la demande figure {len(groupe)} fois (lignes {ou})"


def _debut(groupe: Iterable[LigneChorus]) -> tuple[str, int]:
    return min((ligne.feuille, ligne.ligne) for ligne in groupe)
