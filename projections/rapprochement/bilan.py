"""A whole reconciliation: what was compared, its verdicts, their totals. Amounts in cents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from .modele import CONCORDANTS, VERDICTS, LigneChorus, Nom, Verdict, VersementAuLivre
from .moteur import rapprocher


class LigneRefusee(Struct, frozen=True):
    """A line of the file that does not read: where, what, why, what to do."""

    feuille: str
    ligne: int
    colonne: str
    valeur: str
    code: str
    raison: str
    remede: str


class Total(Struct, frozen=True):
    """How many verdicts of one name, and what they weigh on each side."""

    verdict: Nom
    sens: str
    nombre: int
    chorus_centimes: int
    livre_centimes: int


class Rapprochement(Struct, frozen=True):
    """What `rapprocher` prints.

    `hors_periode` are the payments in force of exercices that the extract does not cover, and that
    nothing there answers; `regles_ailleurs` those confirmed before by a request that it lacks.
    """

    programme: str
    position: int
    racine: str
    fichier: str
    sha256: str
    feuilles: tuple[str, ...]
    exercices: tuple[int, ...]
    lignes: int
    lignes_hors_referentiel: int
    concordant: bool
    totaux: tuple[Total, ...]
    hors_periode: int
    hors_periode_centimes: int
    regles_ailleurs: int
    regles_ailleurs_centimes: int
    verdicts: tuple[Verdict, ...]
    refusees: tuple[LigneRefusee, ...]
    constats: tuple[str, ...]


class Extrait(Struct, frozen=True):
    """What was read of the file."""

    fichier: str
    sha256: str
    feuilles: tuple[str, ...]
    lignes: tuple[LigneChorus, ...]
    refusees: tuple[LigneRefusee, ...] = ()
    hors_referentiel: int = 0
    constats: tuple[str, ...] = ()


def rien_en_commun(extrait: Extrait, livre: Iterable[VersementAuLivre]) -> bool:
    """Whether no number, EJ nor SIRET of the file is known to the ledger: another service's.

    Concluded only where a line was read whole: the lines refused may be those that we know.
    """
    if not any(ligne.lisible for ligne in extrait.lignes):
        return False
    connus: set[str] = set()
    for versement in livre:
        connus.update(versement.numeros, versement.ejs)
        connus.add(versement.siret)
        if versement.rapproche is not None:
            connus.add(versement.rapproche[0])
    connus.discard("")
    return not any({ligne.dp, ligne.ej, ligne.siret} & connus for ligne in extrait.lignes)


def dresser(
    extrait: Extrait,
    livre: Sequence[VersementAuLivre],
    *,
    programme: str,
    position: int,
    racine: str,
) -> Rapprochement:
    """Compare, and add up."""
    verdicts = rapprocher(extrait.lignes, livre)
    dits = {v.position for v in verdicts}
    muets = [v for v in livre if v.annulation is None and v.position not in dits]
    ailleurs = [v for v in muets if v.rapproche is not None]
    hors = [v for v in muets if v.rapproche is None]
    return Rapprochement(
        programme=programme,
        position=position,
        racine=racine,
        fichier=extrait.fichier,
        sha256=extrait.sha256,
        feuilles=extrait.feuilles,
        exercices=tuple(sorted({ligne.exercice for ligne in extrait.lignes if ligne.exercice})),
        lignes=len(extrait.lignes),
        lignes_hors_referentiel=extrait.hors_referentiel,
        concordant=not extrait.refusees and all(v.verdict in CONCORDANTS for v in verdicts),
        totaux=_totaliser(verdicts),
        hors_periode=len(hors),
        hors_periode_centimes=sum(v.montant_centimes for v in hors),
        regles_ailleurs=len(ailleurs),
        regles_ailleurs_centimes=sum(v.montant_centimes for v in ailleurs),
        verdicts=verdicts,
        refusees=extrait.refusees,
        constats=extrait.constats,
    )


def _totaliser(verdicts: Sequence[Verdict]) -> tuple[Total, ...]:
    totaux = []
    for nom, sens in VERDICTS.items():
        siens = [v for v in verdicts if v.verdict == nom]
        if siens:
            chorus = sum(v.chorus_centimes or 0 for v in siens)
            livre = sum(v.livre_centimes or 0 for v in siens)
            totaux.append(Total(nom, sens, len(siens), chorus, livre))
    return tuple(totaux)
