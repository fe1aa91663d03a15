"""Running an import: rows in, one outcome each, in order; durable batches, or a fork in memory.

The decisions are those of the real handlers, on the ledger that is given: a fork for a trial, the
base itself to write. Nothing of the file is held but a batch and the identities already seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct

from ledger.provenance import Provenance

from ..execution import GrandLivre
from ..lecture_json import CommandeIllisible, en_commande
from ..modele import Commande
from ..recus import Recu
from ..refus import Refus
from .issues import Constat, Issue, Statut
from .rapprochement import deja_connue
from .registre import Registre

TAILLE_LOT = 500
_EMPREINTE = 16


class Acte(Struct, frozen=True):
    """What one row asks for. `refus` says why there is no command."""

    ligne: int
    commande: dict[str, object] | Commande | CommandeIllisible | None
    alertes: tuple[Constat, ...] = ()
    refus: tuple[Constat, ...] = ()
    de_colonne: frozenset[str] = frozenset()
    colonnes: Callable[[str], str | None] = lambda _: None
    """Member of the command -> its column, for people."""
    doublon_refuse: bool = False
    """Whether the same act twice in one file is refused (a payment) or one act (a file)."""
    correlation: str | None = None
    """The mark that the row itself carries (a file of commands that was exported)."""
    remede: str = "Corriger la cellule."
    """What to do of a member that no command takes."""


_Vus = dict[tuple[str, str], tuple[int, str]]
"""Programme and id of a command (an id is that of one programme) -> its row and its digest."""


class _EnAttente(NamedTuple):
    acte: Acte
    commande: Commande


def importer(  # noqa: PLR0913 - what every row is read with
    livre: GrandLivre,
    actes: Iterable[Acte],
    registre: Registre | None,
    *,
    fichier: str,
    feuille: str | None = None,
    correlation: str | None = None,
    programme: str | None = None,
) -> Iterator[Issue]:
    """The outcome of each row, in order, once it is durable.

    `registre`: what was there before, None when rows are not compared with it (commands). `fichier`
    is the SHA-256 of the file, kept with the row in every event. `programme`: the only one that
    rows may name, None when each goes where it says.
    Raises: what `GrandLivre.executer_lot` raises; rows already given are durable.
    """
    vus: _Vus = {}
    lot: list[Issue | _EnAttente] = []
    attente = 0
    for acte in actes:
        element = _preparer(acte, registre, vus, programme)
        lot.append(element)
        attente += isinstance(element, _EnAttente)
        if attente == TAILLE_LOT or len(lot) == 4 * TAILLE_LOT:
            yield from _executer(livre, lot, fichier, feuille, correlation)
            lot, attente = [], 0
    yield from _executer(livre, lot, fichier, feuille, correlation)


def _preparer(
    acte: Acte, registre: Registre | None, vus: _Vus, programme: str | None
) -> Issue | _EnAttente:
    """The outcome of a row that is settled without deciding, or the command to decide."""
    if acte.refus or acte.commande is None:
        return Issue(acte.ligne, "refusee", (*acte.refus, *acte.alertes))
    lue = acte.commande if isinstance(acte.commande, Commande) else en_commande_lue(acte.commande)
    if isinstance(lue, CommandeIllisible):
        return Issue(
            acte.ligne,
            "refusee",
            (*_invalides(lue, acte), *acte.alertes),
            id_commande=lue.id_commande,
        )
    if programme is not None and lue.programme != programme:
        return _issue(acte, lue, "refusee", (_ailleurs(acte, lue, programme), *acte.alertes))
    identite = lue.programme, lue.id_commande
    double = vus.get(identite)
    if double is not None:
        return _doublon(acte, lue, *double)
    vus[identite] = (acte.ligne, lue.empreinte[:_EMPREINTE])
    connue = None
    if registre is not None:
        connue = deja_connue(lue, registre, de_colonne=acte.de_colonne)
    if connue is None:
        return _EnAttente(acte, lue)
    statut, constats, position = connue
    situes = tuple(
        Constat(c.code, c.message, c.remede, _colonne(acte, c.colonne), c.valeur) for c in constats
    )
    return _issue(acte, lue, statut, (*situes, *acte.alertes), position)


def en_commande_lue(commande: object) -> Commande | CommandeIllisible:
    """A JSON object as a command; what is already unreadable stays so."""
    return commande if isinstance(commande, CommandeIllisible) else en_commande(commande)


def _ailleurs(acte: Acte, commande: Commande, programme: str) -> Constat:
    return Constat(
        "autre_programme",
        f"la ligne nomme le programme {commande.programme}, et --programme {programme}",
        "Ôter --programme pour que chaque ligne aille où elle le dit, ou corriger la ligne.",
        acte.colonnes("programme"),
        commande.programme,
    )


def _doublon(acte: Acte, commande: Commande, ligne: int, empreinte: str) -> Issue:
    if commande.empreinte[:_EMPREINTE] != empreinte:
        constat = Constat(
            "collision_dans_le_fichier",
            f"la ligne {ligne} a la même identité ({_identite(commande)}) et un autre contenu",
            "Distinguer les deux : colonne identifiant, référence ou id_commande.",
        )
        return _issue(acte, commande, "refusee", (constat, *acte.alertes))
    constat = Constat(
        "doublon_dans_le_fichier",
        f"la ligne {ligne} dit la même chose ({_identite(commande)})",
        "Ôter l'une des deux ; si ce sont deux actes, leur donner deux références (ou deux "
        "id_commande).",
    )
    statut: Statut = "refusee" if acte.doublon_refuse else "deja"
    return _issue(acte, commande, statut, (constat, *acte.alertes))


def _executer(
    livre: GrandLivre,
    lot: list[Issue | _EnAttente],
    fichier: str,
    feuille: str | None,
    correlation: str | None,
) -> Iterator[Issue]:
    attente = [e for e in lot if isinstance(e, _EnAttente)]
    recus = iter(
        livre.executer_lot(
            [e.commande for e in attente],
            correlation=correlation,
            correlations=[e.acte.correlation for e in attente],
            provenances=[
                Provenance(fichier=fichier, ligne=e.acte.ligne, feuille=feuille) for e in attente
            ],
        )
    )
    for element in lot:
        yield element if isinstance(element, Issue) else _repondre(element, next(recus))


def _repondre(element: _EnAttente, recu: Recu) -> Issue:
    acte, commande = element
    if recu.refus is not None:
        return _issue(acte, commande, "refusee", (_refus(recu.refus, acte), *acte.alertes))
    if recu.statut == "deja_executee":
        return _issue(acte, commande, "deja", acte.alertes, recu.taille)
    statut: Statut = "avertie" if acte.alertes else "acceptee"
    return _issue(acte, commande, statut, acte.alertes, recu.taille)


def _refus(refus: Refus, acte: Acte) -> Constat:
    if refus.code == "commande_divergente":
        champ = str((refus.details or {}).get("champ", ""))
        return Constat(
            "deja_importee_differe",
            f"déjà importée, diffère : {champ} ({refus.message})",
            refus.remede,
            _colonne(acte, champ),
        )
    return Constat(refus.code, refus.message, refus.remede)


def _invalides(lue: CommandeIllisible, acte: Acte) -> tuple[Constat, ...]:
    remede = acte.remede
    if not lue.defauts:
        return (Constat("valeur_invalide", lue.refus.message, remede),)
    return tuple(
        Constat("valeur_invalide", f"{champ} : {raison}", remede, _colonne(acte, champ))
        for champ, raison in lue.defauts
    )


def _colonne(acte: Acte, champ: str | None) -> str | None:
    return None if champ is None else acte.colonnes(champ) or champ


def _identite(commande: Commande) -> str:
    return str(getattr(commande, "structure", commande.id_commande))


def _issue(
    acte: Acte,
    commande: Commande,
    statut: Statut,
    constats: tuple[Constat, ...],
    position: int | None = None,
) -> Issue:
    return Issue(
        acte.ligne,
        statut,
        constats,
        structure=getattr(commande, "structure", None),
        id_commande=commande.id_commande,
        position=position,
    )
