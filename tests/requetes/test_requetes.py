"""Des questions tirées au hasard, et leurs réponses recomptées depuis les lignes exportées.

Le recompte (`naif.py`) ne lit que les lignes du journal : ni le moteur, ni le modèle de référence.
"""

from __future__ import annotations

import json
import re
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from commands import GrandLivre
from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Journal, MemoryStore, SQLiteStore
from ledger.testing.horloge import Horloge, HorlogeDonnee
from ledger.testing.valeurs import dates
from projections import (
    comparer,
    credits,
    echeancier,
    enveloppe,
    expliquer,
    lire_cellule,
    regarder,
    structures,
)
from projections.anomalies import Anomalie
from projections.cellules import valeurs
from projections.comparaison import Point
from projections.lecture import Lecture
from projections.prevision import Prevision
from projections.testing.chiffres import en_json
from tests.cli.outils import lancer
from tests.properties.outils import reglages
from tests.requetes import confrontations as c
from tests.requetes import naif_anomalies as naives
from tests.requetes.naif import Naif
from tests.requetes.naif_fonctions import figure_des_fonctions
from tests.requetes.outils import options, recompter, tirer_un_moment, toutes_les_histoires

EXEMPLES = 60
FENETRES = (365, 30, 3_000)
CADENCES = st.none() | st.tuples(st.integers(0, 400), st.sampled_from((1, 7, 100, 5_000_000)))


@reglages(EXEMPLES)
@given(histoire=toutes_les_histoires(), data=st.data())
def test_chaque_chiffre_est_celui_que_donnent_les_lignes(
    histoire: Histoire, data: st.DataObject
) -> None:
    """À toute date, connu à toute position ou heure, chaque tableau est le recompte des lignes."""
    moment = tirer_un_moment(data, histoire)
    vue = regarder(Journal(histoire.store, PROGRAMME), au=moment[0], connu_au=moment[1])
    naif = recompter(histoire, moment)
    assert en_json(enveloppe(vue)) == {"programme": PROGRAMME, **naif.figure_enveloppe()}
    assert en_json(credits(vue)) == naif.credits()
    assert en_json(structures(vue)) == naif.structures()
    plans = {nom: en_json(echeancier(vue, nom)) for nom in sorted(vue.situation.fiches)}
    assert plans == naif.echeanciers()
    assert {str(cellule): v for cellule, v in valeurs(vue).items()} == naif.cellules()
    c.confronter_les_anomalies(vue, naif, moment[1])
    c.confronter_les_fonctions(vue, naif)
    if naif.regles() is not None:
        fenetre, cadence = data.draw(st.sampled_from(FENETRES)), data.draw(CADENCES)
        c.confronter_la_prevision(vue, naif, fenetre=fenetre, cadence=cadence)


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_une_explication_et_un_ecart_somment_aux_lignes(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Une cellule expliquée et les écarts entre deux vues sont ceux de deux recomptes."""
    un, deux = tirer_un_moment(data, histoire), tirer_un_moment(data, histoire)
    cotes = [recompter(histoire, moment).cellules() for moment in (un, deux)]
    journal = Journal(histoire.store, PROGRAMME)
    noms = sorted(cotes[0])
    explication = expliquer(journal, data.draw(st.sampled_from(noms)), au=un[0], connu_au=un[1])
    assert sum(c.centimes for c in explication.contributions) == cotes[0][explication.cellule]
    ecarts = comparer(journal, Point(un[1], un[0]), Point(deux[1], deux[0]))
    attendus = {
        nom: cotes[1].get(nom, 0) - cotes[0].get(nom, 0)
        for nom in cotes[0].keys() | cotes[1].keys()
        if cotes[1].get(nom, 0) != cotes[0].get(nom, 0)
    }
    assert {e.cellule: sum(c.centimes for c in e.contributions) for e in ecarts} == attendus
    ordre = [lire_cellule(e.cellule).ordre for e in ecarts]
    assert ordre == sorted(ordre)
    motifs = [data.draw(_motif(sorted(cotes[0].keys() | cotes[1].keys()))) for _ in range(2)]
    choisis = comparer(journal, Point(un[1], un[0]), Point(deux[1], deux[0]), motifs=motifs)
    assert [e.cellule for e in choisis] == [
        e.cellule for e in ecarts if _retient(motifs, e.cellule)
    ]
    assert set(choisis) <= set(ecarts)


@st.composite
def _motif(draw: st.DrawFn, noms: list[str]) -> str:
    """The name of a cell, some of its parts replaced by a star."""
    nom = draw(st.sampled_from(noms)).split(".")
    etoiles = draw(st.lists(st.booleans(), min_size=len(nom), max_size=len(nom)))
    return ".".join("*" if etoile else part for part, etoile in zip(nom, etoiles, strict=True))


def _retient(motifs: list[str], nom: str) -> bool:
    """Whether one of the patterns is the name, a star standing for any text, dots included."""
    lus = [".*".join(map(re.escape, motif.split("*"))) for motif in motifs]
    return any(re.fullmatch(lu, nom) for lu in lus)


def _en_base(histoire: Histoire, ici: Path) -> Path:
    base = ici / "b.db"
    with GrandLivre.ouvrir(base, creer=True, clock=Horloge()) as livre:
        livre.executer_lot(histoire.commandes)
    return base


@reglages(6)
@given(histoire=histoires(), data=st.data())
def test_la_ligne_de_commande_donne_les_chiffres_des_lignes(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Les JSON, JSONL et CSV de la ligne de commande sont le recompte de ce qu'elle exporte."""
    moment = tirer_un_moment(data, histoire)
    au, connu_au = moment
    with tempfile.TemporaryDirectory() as ici:
        base = _en_base(histoire, Path(ici))

        def demander(*arguments: str, forme: str = "json") -> Any:
            fait = lancer(*arguments, "--base", base, *options(moment), "--format", forme)
            assert fait.code == 0, fait.erreur
            return fait

        exportees = lancer("journal", "--base", base).octets.splitlines()
        naif = Naif(exportees, au=None if au is None else au.isoformat(), connu_au=connu_au)
        attendue = {"programme": PROGRAMME, **naif.figure_enveloppe()}
        recue = demander("enveloppe").json
        assert {membre: recue[membre] for membre in attendue} == attendue
        assert demander("credits").json == naif.credits()
        assert demander("structures", forme="jsonl").lignes_json == naif.structures()
        lignes = demander("credits", forme="csv").sortie.splitlines()
        tableau = naif.credits()
        assert lignes[1:] == [",".join(map(str, ligne.values())) for ligne in tableau]
        for nom, plan in naif.echeanciers().items():
            assert demander("echeancier", nom).json == plan
        trouvees = [Anomalie(**a) for a in demander("anomalies").json]
        c.confronter(trouvees, naives.toutes(naif))
        nom, valeur = data.draw(st.sampled_from(sorted(naif.cellules().items())))
        assert demander("expliquer", nom).json["valeur_centimes"] == valeur
        attendues = figure_des_fonctions(naif)
        assert demander("fonctions").json == {"programme": PROGRAMME, **attendues}
        ecarts = [li for li in attendues["lignes"] if li["statut"] != "separes"]
        restantes = demander("fonctions", "--ecarts").json
        assert restantes == {"programme": PROGRAMME, **attendues, "lignes": ecarts}
        if naif.regles() is not None:
            figure = msgspec.convert(demander("prevision", "--fenetre", "30").json, Prevision)
            c.confronter_une_figure(figure, naif, fenetre=30, cadence=None)
        figures = demander("rapport").json["figures"]
        assert {m: figures["enveloppe"][m] for m in attendue} == attendue
        assert figures["credits"] == naif.credits()
        assert figures["structures"] == naif.structures()
        assert figures["echeanciers"] == list(naif.echeanciers().values())
        c.confronter([Anomalie(**a) for a in figures["anomalies"]], naives.toutes(naif))
        if payes := naif.versements():
            tirage = demander("sonder", "--methode", "simple", "--nombre", "1", "--alea", "a").json
            total = sum(payes.values())
            population = {"nature": "versements", "nombre": len(payes), "total_centimes": total}
            assert tirage["population"] == population
            tire = tirage["unites"][0]
            assert tire["montant_centimes"] == payes[tire["position"]]
        _comparer_en_ligne(base, exportees, data)


def _comparer_en_ligne(base: Path, exportees: list[bytes], data: st.DataObject) -> None:
    """`comparer P1 P2 --cellule` between two drawn positions, with and without a date."""
    un, deux = data.draw(st.tuples(*[st.integers(0, len(exportees))] * 2))
    au = data.draw(st.none() | dates())
    jour = None if au is None else au.isoformat()
    cotes = [Naif(exportees, au=jour, connu_au=p).cellules() for p in (un, deux)]
    motif = data.draw(_motif(sorted(cotes[0].keys() | cotes[1].keys())))
    suite = [] if jour is None else ["--au", jour]
    fait = lancer(
        *("comparer", str(un), str(deux), "--cellule", motif, *suite),
        *("--base", base, "--format", "json"),
    )
    assert fait.code == 0, fait.erreur
    recus = {e["cellule"]: (e["avant_centimes"], e["apres_centimes"]) for e in fait.json}
    couples = {
        n: (cotes[0].get(n, 0), cotes[1].get(n, 0)) for n in cotes[0].keys() | cotes[1].keys()
    }
    voulus = {n: c for n, c in couples.items() if c[0] != c[1] and _retient([motif], n)}
    assert recus == voulus


@reglages(25)
@given(histoire=toutes_les_histoires(), data=st.data())
def test_le_modele_de_lecture_donne_les_chiffres_des_lignes(
    histoire: Histoire, data: st.DataObject
) -> None:
    """À deux positions tirées, rafraîchi de l'une à l'autre, ses vues SQL sont le recompte.

    Le modèle n'a pas de passé : il tient le présent d'un journal. Celui-ci s'arrête donc à la
    première position, puis va jusqu'à la seconde.
    """
    bornes = sorted(data.draw(st.tuples(*[st.integers(1, len(histoire.faits))] * 2)))
    store = MemoryStore()
    livre = GrandLivre(store, clock=HorlogeDonnee((0, 5, 5)))
    with Lecture(":memory:") as lecture:
        for depuis, borne in pairwise((0, *bornes)):
            for commande in histoire.acceptees[depuis:borne]:
                assert livre.executer(commande).statut == "acceptee"
            lecture.rafraichir(store)
            naif = Naif(Journal(store, PROGRAMME).lignes())
            assert naif.position == borne
            c.confronter_le_modele(lecture, naif)


def test_le_recompte_voit_un_centime() -> None:
    """Un centime changé dans n'importe quel montant d'une ligne change le recompte."""
    with tempfile.TemporaryDirectory() as ici:
        base = Path(ici) / "b.db"
        lancer("demo", "--base", base, "--au", "2020-03-15")
        store = SQLiteStore(base, ecriture=False)
        lignes = [*Journal(store, "fabriques-de-territoire").lignes()]
        store.fermer()
    avant = Naif(lignes).cellules()
    rangs = [rang for rang, ligne in enumerate(lignes) if b'"montant_centimes":' in ligne]
    assert len(rangs) > 100
    for rang in rangs[::40]:
        objet = json.loads(lignes[rang])
        objet["state"]["montant_centimes"] += 1
        change = [*lignes[:rang], msgspec.json.encode(objet), *lignes[rang + 1 :]]
        assert Naif(change).cellules() != avant
