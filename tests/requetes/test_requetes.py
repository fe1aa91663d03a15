"""Des questions tirées au hasard, et leurs réponses recomptées depuis les lignes exportées.

Le recompte (`naif.py`) ne lit que les lignes du journal : ni le moteur, ni le modèle de référence.
"""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from commands import GrandLivre
from commands.testing.contexte import PROGRAMME
from commands.testing.histoires import Histoire, histoires
from ledger import Journal, SQLiteStore
from ledger.testing.horloge import Horloge
from ledger.testing.valeurs import dates
from projections import (
    anomalies,
    comparer,
    credits,
    echeancier,
    enveloppe,
    expliquer,
    lire_cellule,
    regarder,
    structures,
)
from projections.cellules import valeurs
from projections.comparaison import Point
from projections.lecture import Lecture
from projections.testing.chiffres import en_json
from tests.cli.outils import lancer
from tests.properties.outils import reglages
from tests.requetes.naif import Naif

EXEMPLES = 60
CODES = {
    "tranche_en_retard",
    "siret_absent",
    "versement_hors_exercice",
    "versement_apres_retrait",
}
Moment = tuple[date | None, int | str | None]


def _lignes(histoire: Histoire) -> list[bytes]:
    return [*Journal(histoire.store, PROGRAMME).lignes()]


def _moment(data: st.DataObject, histoire: Histoire) -> Moment:
    """A random effect date, and what was known at a random position or instant."""
    positions = st.integers(0, len(histoire.faits))
    instants = st.sampled_from([fait.enregistre_le for fait in histoire.faits])
    return data.draw(st.none() | dates()), data.draw(st.none() | positions | instants)


def _naif(histoire: Histoire, moment: Moment) -> Naif:
    au, connu_au = moment
    return Naif(_lignes(histoire), au=None if au is None else au.isoformat(), connu_au=connu_au)


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_chaque_chiffre_est_celui_que_donnent_les_lignes(
    histoire: Histoire, data: st.DataObject
) -> None:
    """À toute date, connu à toute position ou heure, chaque tableau est le recompte des lignes."""
    moment = _moment(data, histoire)
    vue = regarder(Journal(histoire.store, PROGRAMME), au=moment[0], connu_au=moment[1])
    naif = _naif(histoire, moment)
    assert en_json(enveloppe(vue)) == {"programme": PROGRAMME, **naif.figure_enveloppe()}
    assert en_json(credits(vue)) == naif.credits()
    assert en_json(structures(vue)) == naif.structures()
    plans = {nom: en_json(echeancier(vue, nom)) for nom in sorted(vue.situation.fiches)}
    assert plans == naif.echeanciers()
    trouvees = [(a.code, a.structure, a.position) for a in anomalies(vue) if a.code in CODES]
    assert sorted(trouvees, key=repr) == sorted(naif.anomalies(), key=repr)
    assert {str(c): v for c, v in valeurs(vue).items()} == naif.cellules()


@reglages(EXEMPLES)
@given(histoire=histoires(), data=st.data())
def test_une_explication_et_un_ecart_somment_aux_lignes(
    histoire: Histoire, data: st.DataObject
) -> None:
    """Une cellule expliquée et les écarts entre deux vues sont ceux de deux recomptes."""
    un, deux = _moment(data, histoire), _moment(data, histoire)
    cotes = [_naif(histoire, moment).cellules() for moment in (un, deux)]
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
    moment = _moment(data, histoire)
    au, connu_au = moment
    options: list[str] = [] if au is None else ["--au", au.isoformat()]
    options += [] if connu_au is None else ["--connu-au", str(connu_au)]

    with tempfile.TemporaryDirectory() as ici:
        base = _en_base(histoire, Path(ici))

        def demander(*arguments: str, forme: str = "json") -> Any:
            fait = lancer(*arguments, "--base", base, *options, "--format", forme)
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
        trouvees = [(a["code"], a["structure"], a["position"]) for a in demander("anomalies").json]
        assert sorted(t for t in trouvees if t[0] in CODES) == naif.anomalies()
        nom, valeur = data.draw(st.sampled_from(sorted(naif.cellules().items())))
        assert demander("expliquer", nom).json["valeur_centimes"] == valeur


@reglages(25)
@given(histoire=histoires())
def test_le_modele_de_lecture_donne_les_chiffres_des_lignes(histoire: Histoire) -> None:
    """Les vues SQL du modèle de lecture sont le recompte des lignes, au centime."""
    naif = Naif(_lignes(histoire))
    with Lecture(":memory:") as lecture:
        lecture.rafraichir(histoire.store)

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
            {"structure": nom} | t
            for nom, plan in naif.echeanciers().items()
            for t in plan["tranches"]
        ]
        noms = [*tranches[0]] if tranches else ["structure"]
        rangs = lire("SELECT * FROM v_echeancier ORDER BY structure, rang")
        assert [{m: r[m] for m in noms} for r in rangs] == tranches
        situations = lire("SELECT * FROM v_situation ORDER BY structure")
        for lu, ligne in zip(situations, naif.structures(), strict=True):
            assert {m: lu[m] for m in ligne} == ligne
        filtre = "SELECT code, structure, position FROM v_anomalies WHERE code IN ({})"
        codes = ", ".join(f"'{c}'" for c in sorted(CODES))
        trouvees = [tuple(ligne.values()) for ligne in lire(filtre.format(codes))]
        assert sorted(trouvees) == naif.anomalies()


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
