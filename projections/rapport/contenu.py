"""What a report says: a heading that names its view, then every figure. Plain values only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from ledger.budget import LigneCredits
from ledger.erreurs import UsageError
from ledger.evenements import Fait
from ledger.journal import Journal
from ledger.preuve.canonique import json_canonique
from ledger.preuve.merkle import racine_base64
from ledger.version import VERSION

from ..anomalies import Anomalie
from ..credits import credits
from ..echeancier import Echeancier, de_fiche
from ..enveloppe import Complements, Enveloppe, complements, enveloppe
from ..matrice import Cohortes, LigneMatrice
from ..situation import Vue
from ..structures import LigneStructure, structures
from ..toutes_anomalies import toutes_les_anomalies

FORMAT: Literal[1] = 1
"""Of the value: the members of the heading and of the figures."""
MISE_EN_PAGE = 5
"""Of the files: raise it whenever the same value would give other bytes, in any format."""
DITES_DEPUIS = {"acteurs_semblables": 4, "ordonne_et_paye": 4}
"""Code of an anomaly -> the first layout whose reports tell it; all of them tell the others."""
MOTEUR = f"fabriques-ledger {VERSION}"


class Entete(Struct, frozen=True, forbid_unknown_fields=True):
    """Which view a report shows, and what wrote it.

    `position` is resolved, however the view was asked for: asked as an instant, as that position or
    at the end of the journal, the same view gives the same report. `racine` (base64) and `origine`
    name the journal at that position; `enregistre_le` is the recorded instant of its last line;
    `regles_version` the position of the last revision of the rules among the facts counted.
    """

    format: Literal[1]
    programme: str
    intitule: str
    origine: str
    position: Annotated[int, Meta(ge=0)]
    racine: str
    enregistre_le: str | None
    au: str | None
    date_de_vue: str | None
    regles_version: int | None
    moteur: str
    mise_en_page: int


class Figures(Struct, frozen=True, forbid_unknown_fields=True):
    """Every figure of the report, as the projections give them. In cents."""

    enveloppe: Enveloppe
    complements: Complements
    credits: tuple[LigneCredits, ...]
    matrice: tuple[LigneMatrice, ...]
    structures: tuple[LigneStructure, ...]
    echeanciers: tuple[Echeancier, ...]
    anomalies: tuple[Anomalie, ...]


class Rapport(Struct, frozen=True):
    """A report: its heading, and the figures as plain JSON values (integers and texts)."""

    entete: Entete
    figures: dict[str, Any]

    def en_json(self) -> dict[str, Any]:
        """The whole report as plain JSON values."""
        return {"entete": msgspec.to_builtins(self.entete), "figures": self.figures}

    def comme_dit(self, mise_en_page: int) -> Rapport:
        """The same report, less the anomalies that a layout did not tell yet."""
        dites = [
            anomalie
            for anomalie in self.figures["anomalies"]
            if mise_en_page >= DITES_DEPUIS.get(anomalie["code"], 0)
        ]
        return Rapport(self.entete, {**self.figures, "anomalies": dites})


def rapport(vue: Vue) -> Rapport:
    """The report of a view made by `regarder`, whose base is still open (its facts are read again).

    Raises: UsageError for a view made otherwise; ChainBrokenError; StoreError.
    """
    journal = _journal(vue)
    situation = vue.situation
    cohortes = Cohortes()
    trouvees = toutes_les_anomalies(vue, _compter(cohortes, vue))
    figures = Figures(
        enveloppe=enveloppe(vue),
        complements=complements(vue),
        credits=credits(vue),
        matrice=cohortes.lignes(),
        structures=structures(vue),
        echeanciers=tuple(
            de_fiche(situation.fiches[slug], vue.date_de_vue) for slug in sorted(situation.fiches)
        ),
        anomalies=trouvees,
    )
    dernier = journal.lire_un(situation.position)
    entete = Entete(
        format=FORMAT,
        programme=vue.programme,
        intitule=situation.intitule,
        origine=origine(vue),
        position=situation.position,
        racine=racine_base64(vue.racine),
        enregistre_le=None if dernier is None else dernier.enregistre_le,
        au=None if vue.au is None else vue.au.isoformat(),
        date_de_vue=None if vue.date_de_vue is None else vue.date_de_vue.isoformat(),
        regles_version=None if situation.regles is None else situation.regles.dernieres()[1],
        moteur=MOTEUR,
        mise_en_page=MISE_EN_PAGE,
    )
    plat = msgspec.to_builtins(figures, str_keys=True)
    return Rapport(entete, msgspec.json.decode(json_canonique(plat)))  # as read back: no tuple


def _compter(cohortes: Cohortes, vue: Vue) -> Iterator[tuple[int, Fait]]:
    """Every fact known; the matrix counts on the way those of the view."""
    for position, fait in replace(vue, au=None).faits():
        if vue.au is None or fait.date_effet <= vue.au:
            cohortes.compter(fait)
        yield position, fait


def origine(vue: Vue) -> str:
    """The origin of the journal at the position of a view; at position 0, that of its first line.

    Raises: UsageError for a view made without a journal, or of an empty one.
    """
    journal, position = _journal(vue), vue.situation.position
    if position:
        return journal.origine(position)
    debut = Journal(journal.store, journal.programme)
    for _ in debut.rattraper(jusqua=1):
        pass
    if not debut.taille:
        raise UsageError(f"Le journal {vue.programme} est vide : il n'a pas d'origine.")
    return debut.origine(1)


def _journal(vue: Vue) -> Journal:
    if vue.journal is None:
        raise UsageError(
            f"Cette vue de {vue.programme} n'est pas lue d'un journal : elle n'a pas de rapport."
        )
    return vue.journal
