"""A report of the engine against what the lines say, one function per report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from commands.testing.contexte import PROGRAMME
from projections.anomalies import Anomalie
from projections.fonctions import fonctions
from projections.lecture import Lecture
from projections.prevision import Cadence, Prevision, prevision
from projections.situation import Vue, connus
from projections.toutes_anomalies import toutes_les_anomalies
from tests.requetes import naif_anomalies as naives
from tests.requetes.naif import Naif
from tests.requetes.naif_fonctions import figure_des_fonctions
from tests.requetes.naif_prevision import Previsions


def confronter(trouvees: Iterable[Anomalie], attendues: Iterable[naives.Trouvee]) -> None:
    """The same anomalies, and each sentence holds the figures of its own."""
    restantes = list(trouvees)
    for code, structure, position, mots in attendues:
        semblables = [
            a
            for a in restantes
            if (a.code, a.structure, a.position) == (code, structure, position)
            and all(mot in a.detail for mot in mots)
        ]
        assert semblables, (code, structure, position, mots, restantes)
        restantes.remove(semblables[0])
    assert restantes == []


def confronter_les_anomalies(vue: Vue, naif: Naif, connu_au: int | str | None) -> None:
    """Every code of the four modules, neither one more nor one less."""
    assert vue.journal is not None
    journal = type(vue.journal)(vue.journal.store, PROGRAMME)
    confronter(toutes_les_anomalies(vue, connus(journal, connu_au)), naives.toutes(naif))


def confronter_les_fonctions(vue: Vue, naif: Naif) -> None:
    """Every line, and every total by status."""
    recue = msgspec.json.decode(msgspec.json.encode(fonctions(vue)))
    assert recue == {"programme": PROGRAMME, **figure_des_fonctions(naif)}


def confronter_la_prevision(
    vue: Vue, naif: Naif, *, fenetre: int = 365, cadence: tuple[int, int] | None = None
) -> None:
    """What is firm, the pace, the ceilings and what is assumed."""
    donnee = None if cadence is None else Cadence(*cadence)
    figure = prevision(vue, fenetre=fenetre, cadence=donnee)
    confronter_une_figure(figure, naif, fenetre=fenetre, cadence=cadence)


def confronter_une_figure(
    figure: Prevision, naif: Naif, *, fenetre: int, cadence: tuple[int, int] | None
) -> None:
    """The members of a forecast."""
    regles = naif.regles(naif.jour)
    assert regles is not None
    assert figure.horizon == figure.jour.year + regles["exercices_max"]
    n = Previsions(naif, fenetre=fenetre, cadence=cadence, horizon=figure.horizon)
    assert figure.jour == n.jour
    reste = naif.figure_enveloppe()["reste_a_payer_centimes"]
    assert figure.reste_a_payer_centimes == reste == sum(n.fermes.values())
    du = figure.exigible_tranches_centimes, figure.exigible_bonus_centimes
    assert du == (n.tranches, n.bonus)
    hors = reste - n.tranches - n.bonus - n.mois.total()
    assert figure.hors_echeancier_centimes == hors
    par_an: dict[str, dict[int, int]] = {
        "ferme_centimes": n.fermes,
        "exigible_centimes": n.exigible,
        "suppose_centimes": n.suppose_par_an,
        "total_centimes": {
            a: n.fermes.get(a, 0) + n.suppose_par_an[a] for a in {*n.fermes, *n.suppose_par_an}
        },
    }
    for membre, attendus in par_an.items():
        assert _lus(figure.exercices, "exercice", membre) == _pleins(attendus), membre
    par_mois: dict[str, dict[str, int]] = {
        "ferme_centimes": n.mois,
        "suppose_centimes": n.suppose_par_mois,
        "total_centimes": n.mois + n.suppose_par_mois,
    }
    for membre, attendus_du_mois in par_mois.items():
        assert _lus(figure.mois, "mois", membre) == _pleins(attendus_du_mois), membre
    rythme = figure.rythme
    assert (rythme.labels, rythme.engage_net_centimes, rythme.cout_moyen_centimes) == (
        n.labels["total"],
        n.pris,
        n.cout,
    )
    assert (figure.labels_supposes, figure.suppose_centimes) == (
        n.supposes,
        n.suppose_par_an.total(),
    )
    plafonds = {
        p.plafond: {
            "reste": p.reste,
            "pris": p.pris,
            "bloquant": p.bloquant,
            "dans": p.dans_jours,
        }
        for p in figure.plafonds
    }
    ouvertes = {li["exercice"]: li["ae_disponibles_centimes"] for li in naif.credits()}
    for nom in [nom for nom in plafonds if nom.startswith("ae_")]:
        assert plafonds.pop(nom)["reste"] == ouvertes.get(int(nom[3:]), 0)
        assert regles["credits"] == "bloquants"
    assert plafonds == n.plafonds


def _lus(lignes: Iterable[Any], cle: str, membre: str) -> dict[Any, int]:
    return _pleins({getattr(ligne, cle): getattr(ligne, membre) for ligne in lignes})


def _pleins(montants: dict[Any, int]) -> dict[Any, int]:
    return {cle: centimes for cle, centimes in montants.items() if centimes}


def confronter_le_modele(lecture: Lecture, naif: Naif) -> None:
    """Every view, to the cent."""

    def lire(sql: str) -> list[dict[str, Any]]:
        return [dict(ligne) for ligne in lecture.db.query(sql)]

    (recue,) = lire("SELECT * FROM v_enveloppe")
    attendue = naif.figure_enveloppe()
    montants = {m: v for m, v in attendue.items() if m.endswith("_centimes") and m in recue}
    assert {m: recue[m] for m in montants} == montants
    assert len(montants) == 10
    for compte in ("labels", "quotas"):
        comptes = {c: recue[f"{compte}_{c}"] for c in attendue[compte]}
        assert comptes == attendue[compte]
    exercices = lire("SELECT * FROM v_exercices ORDER BY exercice")
    assert len(exercices) == len(naif.credits())
    for lu, attendu in zip(exercices, naif.credits(), strict=True):
        vus = {m: lu[m] for m in attendu if m in lu}
        assert vus == {m: attendu[m] for m in vus}
        assert len(vus) == 14
    tranches = [
        {"structure": nom} | t for nom, plan in naif.echeanciers().items() for t in plan["tranches"]
    ]
    noms = [*tranches[0]] if tranches else ["structure"]
    rangs = lire("SELECT * FROM v_echeancier ORDER BY structure, rang")
    assert [{m: r[m] for m in noms} for r in rangs] == tranches
    situations = lire("SELECT * FROM v_situation ORDER BY structure")
    for lu, ligne in zip(situations, naif.structures(), strict=True):
        assert {m: lu[m] for m in ligne} == ligne
    lues = lire("SELECT code, structure, position, detail FROM v_anomalies")
    confronter([Anomalie(**lue) for lue in lues], naives.toutes(naif))
