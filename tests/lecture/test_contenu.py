"""Ce que tient le modèle de lecture : les chiffres des projections, à chaque position."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import pytest
from msgspec.structs import asdict, astuple

from ledger import Journal, Store
from ledger.preuve.merkle import racine_base64
from projections import credits, echeancier, enveloppe, regarder, structures
from projections.lecture import Lecture
from projections.lecture.schema import PAR_STRUCTURE, TABLES, libelle
from projections.partie_double import ecritures, soldes
from projections.toutes_anomalies import toutes_les_anomalies
from tests.lecture.histoires import (
    PROGRAMME,
    Objet,
    histoire_ecrite,
    histoire_tiree,
    jouer,
    livre,
)

GRAINES = range(5)


def lignes(lecture: Lecture, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    return [tuple(ligne) for ligne in lecture.db.execute(sql).fetchall()]


def chiffres_lus(lecture: Lecture) -> Objet:
    """Every figure, as the read model gives it."""
    return {
        "programme": lignes(lecture, "SELECT position, racine, derniere_date FROM programmes"),
        "enveloppe": next(iter(lecture.db.table("enveloppe").rows)),
        "credits": [
            {nom: valeur for nom, valeur in ligne.items() if nom != "programme"}
            for ligne in lecture.db.table("credits").rows_where(order_by="exercice")
        ],
        "structures": lignes(
            lecture,
            "SELECT structure, porteur, code_postal, ville, territoire, numerique, etat, "
            "montant_centimes, paye_centimes FROM v_situation",
        ),
        "tranches": lignes(
            lecture,
            "SELECT structure, rang, exercice, echeance, montant_centimes, verse_centimes, "
            "reste_centimes, statut FROM v_echeancier",
        ),
        "bonus": lignes(
            lecture,
            "SELECT structure, montant_centimes, exercice, verse_centimes FROM bonus "
            "ORDER BY structure",
        ),
        "versements": lignes(
            lecture,
            "SELECT structure, position, rang, montant_centimes, annule FROM versements "
            "ORDER BY position",
        ),
        "evenements": lignes(
            lecture,
            "SELECT structure, position FROM faits WHERE structure IS NOT NULL "
            "ORDER BY structure, position",
        ),
        "anomalies": sorted(
            lignes(lecture, "SELECT code, structure, position, detail FROM v_anomalies"), key=repr
        ),
        "ecritures": lignes(
            lecture,
            "SELECT position, rang, compte, centimes, structure, date_effet FROM ecritures "
            "ORDER BY position, rang",
        ),
        "comptes": dict(lignes(lecture, "SELECT compte, solde_centimes FROM v_comptes")),
        "lignes": [
            ligne.encode()
            for (ligne,) in lignes(lecture, "SELECT ligne FROM faits ORDER BY position")
        ],
    }


def chiffres_attendus(store: Store) -> Objet:
    """The same, as the projections give them."""
    vue = regarder(Journal(store, PROGRAMME))
    env = asdict(enveloppe(vue))
    del env["au"]
    for quoi in ("labels", "quotas"):
        env.update({f"{quoi}_{nom}": n for nom, n in asdict(env.pop(quoi)).items()})
    plans = [echeancier(vue, fiche.structure) for fiche in structures(vue)]
    faits = list(Journal(store, PROGRAMME).rattraper())
    jour = vue.date_de_vue
    return {
        "programme": [
            (vue.situation.position, racine_base64(vue.racine), jour.isoformat() if jour else "")
        ],
        "enveloppe": env,
        "credits": [asdict(ligne) for ligne in credits(vue)],
        "structures": [astuple(ligne) for ligne in structures(vue)],
        "tranches": [(p.structure, *astuple(t)) for p in plans for t in p.tranches],
        "bonus": [(p.structure, *astuple(p.bonus)) for p in plans if p.bonus is not None],
        "versements": sorted(
            (
                (f.structure, v.position, v.rang, v.montant, int(v.position in f.annules))
                for f in vue.situation.fiches.values()
                for v in f.versements
            ),
            key=itemgetter(1),
        ),
        "evenements": [(p.structure, position) for p in plans for position in p.evenements],
        "anomalies": sorted((astuple(a) for a in toutes_les_anomalies(vue, faits)), key=repr),
        "ecritures": [
            (position, rang, e.compte, e.centimes, e.structure, fait.date_effet.isoformat())
            for position, fait in faits
            for rang, e in enumerate(ecritures(position, fait), 1)
        ],
        "comptes": soldes(e for position, fait in faits for e in ecritures(position, fait)),
        "lignes": list(Journal(store, PROGRAMME).lignes()),
    }


@pytest.mark.parametrize("graine", GRAINES)
def test_rafraichir_donne_les_chiffres_des_projections_et_d_une_reconstruction(
    graine: int,
) -> None:
    """À chaque position, rafraîchir donne les chiffres des projections et d'une reconstruction."""
    with livre() as grand_livre, Lecture(":memory:") as suivie:
        connue = 0
        for objet in histoire_tiree(graine):
            grand_livre.executer(objet)
            position = grand_livre.etat(PROGRAMME).position
            if position == connue:
                continue
            connue = position
            suivie.rafraichir(grand_livre.store)
            assert chiffres_lus(suivie) == chiffres_attendus(grand_livre.store)
            with Lecture(":memory:") as neuve:
                neuve.reconstruire(grand_livre.store)
                assert suivie.empreintes() == neuve.empreintes()
        assert connue > 40


@pytest.mark.parametrize("pas", [2, 3, 7])
def test_rafraichir_par_lots_donne_le_meme_contenu(pas: int) -> None:
    """Rafraîchir tous les deux, trois ou sept faits donne le contenu d'une reconstruction."""
    objets = histoire_ecrite()
    with livre() as grand_livre, Lecture(":memory:") as suivie, Lecture(":memory:") as neuve:
        for debut in range(0, len(objets), pas):
            store = jouer(grand_livre, objets[debut : debut + pas])
            suivie.rafraichir(store)
            neuve.reconstruire(store)
            assert suivie.empreintes() == neuve.empreintes()


def test_l_histoire_ecrite_remplit_chaque_table() -> None:
    """L'histoire écrite remplit chaque table, et ses chiffres sont ceux des projections."""
    with livre() as grand_livre, Lecture(":memory:") as lecture:
        store = jouer(grand_livre, histoire_ecrite())
        bilan = lecture.rafraichir(store)
        assert chiffres_lus(lecture) == chiffres_attendus(store)
        assert [nom for nom, nombre in bilan.lignes.items() if not nombre] == []
        assert set(PAR_STRUCTURE) < set(bilan.lignes)


def test_le_bilan_dit_les_positions_et_les_comptes_de_lignes() -> None:
    """Le bilan dit le mode, la position, la racine, les nouveautés et le compte des lignes."""
    objets = histoire_ecrite()
    with livre() as grand_livre, Lecture(":memory:") as lecture:
        store = jouer(grand_livre, objets[:15])
        creation = lecture.rafraichir(store)
        jouer(grand_livre, objets[15:])
        suite = lecture.rafraichir(store)
        rien = lecture.rafraichir(store)
        refait = lecture.reconstruire(store)
        racine = racine_base64(regarder(Journal(store, PROGRAMME)).racine)
        reels = {nom: lecture.db.table(nom).count for nom in TABLES}
    modes = ["creation", "rafraichissement", "rafraichissement", "reconstruction"]
    bilans = [creation, suite, rien, refait]
    assert [b.mode for b in bilans] == modes
    assert [b.nouveaux[PROGRAMME] for b in bilans] == [15, 5, 0, 20]
    assert [b.positions for b in bilans[1:]] == [{PROGRAMME: 20}] * 3
    assert [b.racines for b in bilans[1:]] == [{PROGRAMME: racine}] * 3
    assert suite.lignes == rien.lignes == refait.lignes == reels


def test_les_vues_donnent_des_chiffres_connus() -> None:
    """Les vues donnent, pour une histoire courte, des lignes connues d'avance au centime."""
    objets = histoire_ecrite()[:10]
    with livre() as grand_livre, Lecture(":memory:") as lecture:
        lecture.rafraichir(jouer(grand_livre, objets))
        assert lignes(
            lecture,
            "SELECT structure, etat_libelle, montant_euros, paye_centimes, paye_euros "
            "FROM v_situation",
        ) == [
            ("s-1", "Labellisée", "150000.00", 5_000_000, "50000.00"),
            ("s-2", "Labellisée", "150000.00", 2_000_000, "20000.00"),
        ]
        assert lignes(
            lecture,
            "SELECT exercice, ae_engagees_euros, cp_payes_euros, cp_disponibles_euros, "
            "rap_cloture_euros FROM v_exercices",
        ) == [
            (2019, "100000.00", "0.00", "0.00", "100000.00"),
            (2020, "300000.00", "70000.00", "-30000.00", "330000.00"),
            (2021, "0.00", "0.00", "0.00", "330000.00"),
            (2022, "0.00", "0.00", "0.00", "330000.00"),
        ]
        assert lignes(
            lecture, "SELECT exercice_engagement, nature, reste_centimes FROM v_restes_a_payer"
        ) == [(2019, "bonus", 10_000_000), (2020, "subvention", 23_000_000)]
        assert lignes(lecture, "SELECT date_effet, disponible_euros FROM v_disponible") == [
            ("2019-07-11", "600000.00"),
            ("2020-02-03", "450000.00"),
            ("2020-02-04", "300000.00"),
            ("2020-02-05", "200000.00"),
        ]
        assert lignes(
            lecture, "SELECT position, type_libelle, montant_euros, tardif FROM v_journal LIMIT 5"
        ) == [
            (1, "Programme ouvert", None, 0),
            (2, "Crédits ouverts", None, 0),
            (3, "Candidature déposée", None, 1),
            (4, "Candidature déposée", None, 1),
            (5, "Fabrique labellisée", "150000.00", 0),
        ]


@pytest.mark.parametrize(
    ("centimes", "texte"),
    [(-1, "-0.01"), (-12_345, "-123.45"), (0, "0.00"), (9, "0.09"), (10**14, "1000000000000.00")],
)
def test_les_euros_des_vues_sont_exacts(centimes: int, texte: str) -> None:
    """Les euros des vues sont exacts au centime, négatifs et grands montants compris."""
    with livre() as grand_livre, Lecture(":memory:") as lecture:
        lecture.rafraichir(jouer(grand_livre, histoire_ecrite()[:1]))
        lecture.db.execute("UPDATE jours SET variation_centimes = ?", [centimes])
        assert lignes(lecture, "SELECT variation_euros FROM v_disponible") == [(texte,)]


def test_chaque_ecriture_est_equilibree() -> None:
    """Les écritures de chaque fait se compensent au centime."""
    with livre() as grand_livre, Lecture(":memory:") as lecture:
        lecture.rafraichir(jouer(grand_livre, histoire_ecrite()))
        par_fait = lignes(lecture, "SELECT position, sum(centimes) FROM ecritures GROUP BY 1")
        assert par_fait
        assert {somme for _, somme in par_fait} == {0}


def test_un_fait_tardif_est_marque() -> None:
    """Un fait daté avant le plus tardif des faits déjà inscrits est marqué tardif, lui seul."""
    objets = histoire_ecrite()
    vus = [o["date_effet"] for o in objets]
    attendus = [(i, int(jour < max(vus[: i - 1], default=""))) for i, jour in enumerate(vus, 1)]
    with livre() as grand_livre, Lecture(":memory:") as lecture:
        store = jouer(grand_livre, objets[:9])
        lecture.rafraichir(store)
        jouer(grand_livre, objets[9:])
        lecture.rafraichir(store)
        assert lignes(lecture, "SELECT position, tardif FROM faits") == attendus
    assert {tardif for _, tardif in attendus} == {0, 1}


def test_un_jour_nouveau_change_les_statuts_sans_reecrire_les_tranches() -> None:
    """Quand la date de vue change d'année, une tranche devient en retard sans être réécrite."""
    objets = histoire_ecrite()
    with livre() as grand_livre, Lecture(":memory:") as lecture:
        store = jouer(grand_livre, objets[:12])
        lecture.rafraichir(store)
        statut = "SELECT statut FROM v_echeancier WHERE structure = 's-2' AND rang = 1"
        avant = lignes(lecture, statut), lecture.empreintes()["tranches"]
        jouer(grand_livre, objets[12:13])
        lecture.rafraichir(store)
        apres = lignes(lecture, statut), lecture.empreintes()["tranches"]
    assert (avant[0], apres[0]) == ([("partielle",)], [("en_retard",)])
    assert avant[1] == apres[1]


@pytest.mark.parametrize(("quota", "attendues"), [(4, 0), (5, 1)])
def test_le_rythme_se_compte_comme_dans_les_projections(quota: int, attendues: int) -> None:
    """Le rythme est signalé dès que l'enveloppe finance moins de labels que l'objectif."""
    objets = [o for o in histoire_ecrite()[:6] if o["commande"] != "OuvrirCrédits"]
    objets[0] = {**objets[0], "regles": {**objets[0]["regles"], "quota_total": quota}}
    with livre() as grand_livre, Lecture(":memory:") as lecture:
        store = jouer(grand_livre, objets)
        lecture.rafraichir(store)
        assert chiffres_lus(lecture) == chiffres_attendus(store)
        codes = lignes(lecture, "SELECT code FROM v_anomalies")
        assert codes.count(("rythme_insoutenable",)) == attendues


@pytest.mark.parametrize(
    ("classe", "attendu"),
    [("CréditsOuverts", "Crédits ouverts"), ("ProgrammeClos", "Programme clos")],
)
def test_un_type_de_fait_a_un_libelle_francais(classe: str, attendu: str) -> None:
    """Un type de fait a un libellé français tiré de son nom."""
    assert libelle(classe) == attendu
