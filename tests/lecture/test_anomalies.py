"""Les anomalies en SQL : celles du verbe, toutes, à la construction comme au rafraîchissement."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from commands import GrandLivre
from commands.testing.histoires import Histoire, histoires
from ledger import Journal, MemoryStore, Store
from projections import regarder
from projections.lecture import Lecture
from projections.toutes_anomalies import toutes_les_anomalies
from tests.lecture.histoires import PROGRAMME, REGLES, Objet, commande, depot, jouer, livre
from tests.properties.outils import reglages


class Fixe:
    """A clock that stands still."""

    def maintenant(self) -> str:
        """Always the same instant."""
        return "2021-01-01T00:00:00.000000Z"


def du_sql(lecture: Lecture) -> list[Any]:
    """What a controller reads in SQL."""
    lues = lecture.db.execute("SELECT code, structure, position, detail FROM v_anomalies")
    return sorted((tuple(ligne) for ligne in lues.fetchall()), key=repr)


def du_verbe(store: Store, programme: str) -> list[Any]:
    """What the verb `anomalies` gives."""
    vue = regarder(Journal(store, programme))
    return sorted((astuple(a) for a in toutes_les_anomalies(vue, vue.faits())), key=repr)


@given(histoire=histoires(maximum=30), coupe=st.integers(0, 30), fixe=st.booleans())
@reglages(25)
def test_sur_toute_histoire_le_sql_donne_les_anomalies_du_verbe(
    histoire: Histoire, coupe: int, fixe: bool
) -> None:
    """Sur toute histoire, en une fois ou en deux, le SQL donne les anomalies du verbe."""
    acceptees = histoire.acceptees
    with Lecture(":memory:") as suivie, Lecture(":memory:") as neuve:
        neuf = GrandLivre(MemoryStore(), clock=Fixe() if fixe else histoire.horloge)
        for lot in (acceptees[:coupe], acceptees[coupe:]):
            neuf.executer_lot(lot)
            suivie.rafraichir(neuf.store)
        neuve.reconstruire(neuf.store)
        (programme,) = neuf.store.programmes()
        assert du_sql(suivie) == du_sql(neuve) == du_verbe(neuf.store, programme)


def desordre() -> list[Objet]:
    """Duplicates of every kind, late entries, orders and payments by one person or two names."""
    depots = [
        depot("s-1", "La Forge", "Épinay", siret="55208131766522"),
        depot("s-2", "la  forgé !", "Épinay", siret="55208131766522"),
        depot("s-3", "L'Atelier", "Épinay"),
    ]
    suite: list[tuple[str, str, Objet]] = [
        ("OuvrirProgramme", "2019-07-11", {"intitule": "F", "source": "A", "regles": REGLES}),
        *[("DéposerCandidature", "2019-09-01", d) for d in depots],
        *[
            ("LabelliserFabrique", "2020-02-03", {"structure": s, "montant_centimes": 15_000_000})
            for s in ("s-1", "s-3")
        ],
        ("AccorderBonusNumérique", "2020-02-05", {"structure": "s-1"}),
    ]
    paiement = {"structure": "s-1", "rang": 1, "montant_centimes": 1_000_000}
    suite += [
        ("OrdonnancerTranche", "2020-02-06", {**paiement, "dp": "DP1", "acteur": "claire"}),
        ("VerserTranche", "2020-03-01", {**paiement, "reference": "V 1"}),
        ("VerserTranche", "2020-03-01", {**paiement, "reference": "v  1"}),
        ("VerserTranche", "2020-03-01", {**paiement, "reference": "autre"}),
        (
            "VerserBonus",
            "2020-03-02",
            {"structure": "s-1", "montant_centimes": 100, "reference": "V 1"},
        ),
        ("OrdonnancerTranche", "2020-03-03", {**paiement, "dp": "DP2", "acteur": "Claire"}),
        ("VerserTranche", "2020-03-04", {**paiement, "reference": "b"}),
        ("AnnulerVersement", "2021-03-05", {"structure": "s-1", "position": 9, "motif": "erreur"}),
        *[
            ("SignerConvention", "2020-04-01", {"structure": "s-3", "reference": f"c{i}"})
            for i in range(3)
        ],
    ]
    objets = []
    for numero, (verbe, jour, champs) in enumerate(suite, 1):
        acteur = champs.get("acteur")
        reste = {nom: valeur for nom, valeur in champs.items() if nom != "acteur"}
        objet = commande(verbe, jour, numero, **reste)
        if acteur is not None:
            objet["acteur"] = {"id": acteur, "role": "ordonnateur"}
        objets.append(objet)
    return objets


def test_chaque_anomalie_du_journal_est_dite_en_sql_a_chaque_position() -> None:
    """Chaque anomalie du journal est dite en SQL à chaque position, rafraîchie ou refaite."""
    vus: set[str] = set()
    for horloge in (None, Fixe()):
        grand_livre = livre() if horloge is None else GrandLivre(MemoryStore(), clock=horloge)
        with grand_livre, Lecture(":memory:") as suivie:
            store = grand_livre.store
            for objet in desordre():
                jouer(grand_livre, [objet])
                suivie.rafraichir(store)
                assert du_sql(suivie) == du_verbe(store, PROGRAMME)
                vus |= {code for code, *_ in du_sql(suivie)}
            assert suivie.comparer(store).conforme
            with Lecture(":memory:") as neuve:
                neuve.reconstruire(store)
                assert suivie.empreintes() == neuve.empreintes()
    assert vus >= {
        "doublon_structure",
        "doublon_versement",
        "fait_tardif",
        "ordonne_et_paye",
        "acteurs_semblables",
        "horloge_immobile",
    }
