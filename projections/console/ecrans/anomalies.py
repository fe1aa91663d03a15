"""The page of anomalies: those of the view, of one code, or of one structure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from msgspec import Struct

from ...anomalies import CODES, Anomalie
from ...anomalies_saisie import faits_de, retard_de
from ...doublons import Doublon, doublons_et_premieres
from ...toutes_anomalies import toutes_les_anomalies
from ..contributions import exiger_structure
from ..demande import Demande
from ..taches import Avancement

AILLEURS = {
    "quota_depasse": ("situation", "quotas"),
    "credits_depasses": ("exercices", "AE et CP"),
    "rythme_insoutenable": ("chiffres/calcul.labels_financables", "calcul"),
}
"""Anomalies that no one fact makes: the page that shows their figures, its word."""


class Trouvees(Struct, frozen=True):
    """The anomalies of a view by code, codes sorted."""

    par_code: dict[str, tuple[Anomalie, ...]]
    toutes: tuple[Anomalie, ...]

    @property
    def octets(self) -> int:
        """About what it keeps in memory."""
        return 500 * len(self.toutes)


def _chercher(demande: Demande, pas: Avancement) -> Trouvees:
    regard = demande.regard
    pas.total = regard.position
    return _ranger(toutes_les_anomalies(regard.vue, demande.tete.faits(regard.position, pas=pas)))


def _ranger(anomalies: Iterable[Anomalie]) -> Trouvees:
    toutes = tuple(anomalies)
    par_code: dict[str, list[Anomalie]] = {}
    for anomalie in toutes:
        par_code.setdefault(anomalie.code, []).append(anomalie)
    return Trouvees({code: tuple(par_code[code]) for code in sorted(par_code)}, toutes)


def anomalies_trouvees(demande: Demande) -> Trouvees:
    """Every anomaly of the view. Raises: EnAttente, Occupee."""
    regard = demande.regard
    cle = ("anomalies", regard.position, regard.vue.au)
    return demande.tete.calculs.obtenir(cle, lambda pas: _chercher(demande, pas))


def anomalies_retenues(demande: Demande) -> tuple[Anomalie, ...]:
    """Those of the code and of the structure that the address asks for.

    Raises: UsageError, StructureInconnue, EnAttente, Occupee.
    """
    code = demande.choix("code", tuple(CODES))
    trouvees = _demandees(demande)
    return trouvees.par_code.get(code, ()) if code else trouvees.toutes


def _demandees(demande: Demande) -> Trouvees:
    """Every anomaly of the view, or those of the structure that the address names."""
    structure = demande.texte("structure")
    if not structure:
        return anomalies_trouvees(demande)
    regard, calculs = demande.regard, demande.tete.calculs
    exiger_structure(regard, structure)
    trouvees, vue = anomalies_trouvees(demande), regard.vue
    cle = (regard.position, vue.au)
    doubles = calculs.obtenir(("doublons", *cle), lambda _: doublons_et_premieres(vue))
    return calculs.obtenir(
        ("anomalies", *cle, structure),
        lambda _: _ranger(_de_la_structure(demande, structure, trouvees, doubles)),
    )


def _de_la_structure(
    demande: Demande, structure: str, trouvees: Trouvees, doubles: Iterable[Doublon]
) -> Iterator[Anomalie]:
    """What concerns a structure, though the whole view tells it of another or of the programme.

    A duplicate is told at the later of the two: here, at both. Late facts are told together beyond
    a handful: here, one by one.
    """
    for anomalie in trouvees.toutes:
        if anomalie.structure == structure and anomalie.code != "fait_tardif":
            yield anomalie
    for anomalie, premiere in doubles:
        if premiere == structure != anomalie.structure:
            yield anomalie
    yield from _retards(demande, structure)


def _retards(demande: Demande, structure: str) -> Iterator[Anomalie]:
    """The late facts of a structure, found without reading those of the others."""
    tete, vue = demande.tete, demande.regard.vue
    limite = date.max.toordinal() if vue.au is None else vue.au.toordinal()
    jour = ou = vus = 0
    for position, fait in tete.lire(vue.situation.fiches[structure].evenements):
        for rang in range(vus, position - 1):
            if jour < tete.dates[rang] <= limite:
                jour, ou = tete.dates[rang], rang + 1
        vus = position - 1
        dit = retard_de(position, fait, (date.fromordinal(jour), ou) if ou else None)
        if dit is not None:
            yield dit


def page_anomalies(demande: Demande) -> dict[str, Any]:
    """The anomalies, counted by code, then one by one."""
    trouvees, structure = _demandees(demande), demande.texte("structure")
    lignes, pagination = demande.page(anomalies_retenues(demande))
    fiches = demande.regard.vue.situation.fiches
    return {
        "nombres": [(nom, len(suite)) for nom, suite in trouvees.par_code.items()],
        "tardifs": sum(map(faits_de, trouvees.par_code.get("fait_tardif", ()))),
        "codes": CODES,
        "code": demande.choix("code", tuple(CODES)),
        "structure": structure,
        "fiche_retenue": fiches.get(structure),
        "communes": _communes(anomalies_trouvees(demande)) if structure else [],
        "lignes": [(a, fiches.get(a.structure or "")) for a in lignes],
        "ailleurs": AILLEURS,
        "pagination": pagination,
        "total": len(trouvees.toutes),
    }


def _communes(trouvees: Trouvees) -> list[tuple[str, int]]:
    """The codes told of the programme and of no structure, and how many times."""
    nombres = (
        (code, sum(a.structure is None for a in suite)) for code, suite in trouvees.par_code.items()
    )
    return [(code, nombre) for code, nombre in nombres if nombre]
