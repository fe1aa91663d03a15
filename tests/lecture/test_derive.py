"""Le rejeu contre le modèle de lecture : chaque dérive nommée, et depuis quelle position."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import GrandLivre
from commands.testing.histoires import Histoire, histoires
from ledger import MemoryStore, Store
from projections.lecture import Comparaison, Derive, Etendue, Lecture, derive
from projections.lecture.premiere import (
    CLES,
    CONSTANTES,
    PAR_POSITION,
    Cible,
    cle_de,
    situer,
)
from projections.lecture.schema import TABLES
from tests.lecture.histoires import (
    PROGRAMME,
    histoire_ecrite,
    histoire_tiree,
    jouer,
    livre,
)
from tests.properties.outils import reglages

Rangees = dict[tuple[Any, ...], tuple[Any, ...]]
SANS_FIN = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x FROM r) SELECT count(*) FROM r"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """The written history, in memory."""
    with livre() as grand_livre:
        yield jouer(grand_livre, histoire_ecrite())


@pytest.fixture
def fichier(store: Store, tmp_path: Path) -> Path:
    """A read model of the written history, refreshed once on the way."""
    with livre() as grand_livre, Lecture(tmp_path / "lecture.db") as lecture:
        lecture.rafraichir(jouer(grand_livre, histoire_ecrite()[:12]))
        lecture.rafraichir(jouer(grand_livre, histoire_ecrite()[12:]))
    return tmp_path / "lecture.db"


def comparer(fichier: Path, store: Store, *ordres: str) -> Comparaison:
    """What is found once orders of SQL were given to the file; the comparison writes nothing."""
    with closing(sqlite3.connect(fichier)) as conn, conn:
        for ordre in ordres:
            conn.execute(ordre)
    octets = fichier.read_bytes()
    with Lecture(fichier, ecriture=False) as lecture:
        trouve = lecture.comparer(store)
    assert fichier.read_bytes() == octets
    assert [chemin.name for chemin in fichier.parent.glob("lecture*")] == ["lecture.db"]
    return trouve


def phrases(comparaison: Comparaison) -> list[tuple[int | None, str]]:
    """The drifts as a controller reads them."""
    return [(d.position, d.phrase) for d in comparaison.derives]


@given(histoire=histoires(maximum=25), coupe=st.integers(0, 30))
@reglages(12)
def test_un_fichier_intact_ne_derive_pas(histoire: Histoire, coupe: int) -> None:
    """Un modèle de lecture que personne n'a touché ne dérive d'aucune cellule."""
    acceptees = histoire.acceptees
    with Lecture(":memory:") as lecture:
        neuf = GrandLivre(MemoryStore(), clock=histoire.horloge)
        for lot in (acceptees[:coupe], acceptees[coupe:]):
            neuf.executer_lot(lot)
            lecture.rafraichir(neuf.store)
        trouve = lecture.comparer(neuf.store)
        assert (trouve.defauts, trouve.derives, trouve.total) == ((), (), 0)
        (etendue,) = trouve.programmes.values()
        assert (etendue.taille, etendue.retard) == (len(acceptees), 0)


CELLULES: list[tuple[str, Derive]] = [
    (
        "types SET libelle = 'x' WHERE type = 'credits-ouverts'",
        Derive("types", {"type": "credits-ouverts"}, "libelle", "x", "Crédits ouverts", None),
    ),
    (
        "etats SET libelle = 'x' WHERE etat = 'rejetee'",
        Derive("etats", {"etat": "rejetee"}, "libelle", "x", "Candidature rejetée", None),
    ),
    (
        "codes SET libelle = 'x' WHERE code = 'siret_absent'",
        Derive(
            "codes",
            {"code": "siret_absent"},
            "libelle",
            "x",
            "Structure labellisée, ou qui l'a été, sans SIRET.",
            None,
        ),
    ),
    (
        "programmes SET intitule = 'x'",
        Derive("programmes", {"programme": PROGRAMME}, "intitule", "x", "Fabriques", 1),
    ),
    (
        "structures SET paye_centimes = 10000000 WHERE structure = 's-1'",
        Derive(
            "structures",
            {"programme": PROGRAMME, "structure": "s-1"},
            "paye_centimes",
            10_000_000,
            5_000_000,
            15,
        ),
    ),
    (
        "faits SET montant_centimes = 15000001 WHERE position = 5",
        Derive(
            "faits",
            {"programme": PROGRAMME, "position": 5},
            "montant_centimes",
            15_000_001,
            15_000_000,
            5,
        ),
    ),
    (
        "regles SET source = 'LFI' WHERE position = 11",
        Derive("regles", {"programme": PROGRAMME, "position": 11}, "source", "LFI", "A", 11),
    ),
    (  # nothing was paid any more once the payment of position 9 was cancelled, at 15
        "tranches SET verse_centimes = 5000000 WHERE structure = 's-1' AND rang = 1",
        Derive(
            "tranches",
            {"programme": PROGRAMME, "structure": "s-1", "rang": 1},
            "verse_centimes",
            5_000_000,
            0,
            15,
        ),
    ),
    (
        "bonus SET verse_centimes = 0",
        Derive(
            "bonus",
            {"programme": PROGRAMME, "structure": "s-1"},
            "verse_centimes",
            0,
            5_000_000,
            12,
        ),
    ),
    (
        "conventions SET reference = 'conv'",
        Derive(
            "conventions",
            {"programme": PROGRAMME, "structure": "s-1", "rang": 1},
            "reference",
            "conv",
            "conv, n° 1",
            8,
        ),
    ),
    (
        "versements SET annule = 0 WHERE position = 9",
        Derive("versements", {"programme": PROGRAMME, "position": 9}, "annule", 0, 1, 9),
    ),
    (  # "just under a limit" since the rules were revised, at 11
        "signalements SET detail = 'x' WHERE structure = 's-2' AND rang = 3",
        Derive(
            "signalements",
            {"programme": PROGRAMME, "structure": "s-2", "rang": 3},
            "detail",
            "x",
            "Subvention : 150 000,00 €, juste sous 151 000,00 €.",
            11,
        ),
    ),
    (
        "saisies SET position = 21 WHERE rang = 1",
        Derive("saisies", {"programme": PROGRAMME, "rang": 1}, "position", 21, 1, 1),
    ),
    (
        "soldes SET valeur = 60000000 WHERE membre = 'enveloppe'",
        Derive(
            "soldes",
            {"programme": PROGRAMME, "exercice": 0, "membre": "enveloppe"},
            "valeur",
            60_000_000,
            70_000_000,
            20,
        ),
    ),
    (
        "comptes SET solde_centimes = 1 WHERE compte = 'cp:payes:2020:subvention'",
        Derive(
            "comptes",
            {"programme": PROGRAMME, "compte": "cp:payes:2020:subvention"},
            "solde_centimes",
            1,
            2_000_000,
            9,
        ),
    ),
    (
        "credits SET cp_payes_centimes = 12000000 WHERE exercice = 2020",
        Derive(
            "credits",
            {"programme": PROGRAMME, "exercice": 2020},
            "cp_payes_centimes",
            12_000_000,
            7_000_000,
            15,
        ),
    ),
    (
        "enveloppe SET disponible_centimes = 20000000",
        Derive(
            "enveloppe",
            {"programme": PROGRAMME},
            "disponible_centimes",
            20_000_000,
            30_000_000,
            20,
        ),
    ),
    (
        "jours SET variation_centimes = 1 WHERE date_effet = '2020-02-04'",
        Derive(
            "jours",
            {"programme": PROGRAMME, "date_effet": "2020-02-04"},
            "variation_centimes",
            1,
            -15_000_000,
            6,
        ),
    ),
]


@pytest.mark.parametrize(("ordre", "attendue"), CELLULES)
def test_une_cellule_modifiee_est_nommee_seule_avec_sa_position(
    fichier: Path, store: Store, ordre: str, attendue: Derive
) -> None:
    """Une cellule modifiée, de n'importe quelle table, est nommée seule, avec sa position."""
    trouve = comparer(fichier, store, f"UPDATE {ordre}")
    assert (trouve.defauts, trouve.derives, trouve.total) == ((), (attendue,), 1)
    assert not trouve.conforme


def test_chaque_table_a_sa_cellule_modifiee() -> None:
    """Aucune table n'échappe à l'essai de la cellule modifiée."""
    assert [attendue.table for _, attendue in CELLULES] == list(TABLES)


def tables_aux_positions(store: Store) -> list[dict[str, Rangees]]:
    """What a read model built at each position holds, rows by key: written, then read back."""
    (programme,) = store.programmes()
    etats: list[dict[str, Rangees]] = [{nom: {} for nom in TABLES}]
    for position in range(1, store.taille(programme) + 1):
        with Lecture(":memory:") as lecture:
            lecture._batir(store, "creation", {programme: position})
            etats.append(
                {
                    nom: {
                        cle_de(nom, ligne): tuple(ligne)
                        for ligne in lecture.db.execute(f'SELECT * FROM "{nom}"')  # noqa: S608
                    }
                    for nom in TABLES
                }
            )
    return etats


def premiere_divergence(etats: list[Any], tenu: Any) -> int | None:
    """The definition, read literally: `etats` is the cell (None: no row) after each prefix."""
    egales = [n for n, valeur in enumerate(etats) if valeur == tenu]
    if egales:
        return egales[-1] + 1
    return next((n for n, valeur in enumerate(etats) if valeur is not None), None)


@pytest.mark.parametrize("graine", [None, 0, 3])
def test_la_premiere_position_est_celle_des_constructions_successives(graine: int | None) -> None:
    """La première position qui diverge est celle que donnent des constructions successives."""
    with livre() as grand_livre:
        if graine is None:
            jouer(grand_livre, histoire_ecrite())
        else:
            grand_livre.executer_lot(list(histoire_tiree(graine, 90)))
        store = grand_livre.store
        etats = tables_aux_positions(store)
        fin = etats[-1]
        ((numero, taille),) = {(r[1], r[3]) for r in fin["programmes"].values()}
        cibles: list[Cible] = []
        attendues: list[int | None] = []
        for table in TABLES.keys() - CONSTANTES - PAR_POSITION:
            for cle in {cle for etat in etats for cle in etat[table]}:
                lignes = [etat[table].get(cle) for etat in etats]
                for colonne in [None, *range(len(TABLES[table].colonnes))]:
                    passe = [r if r is None or colonne is None else (r[colonne],) for r in lignes]
                    for tenu in {*passe, ("jamais",)} - {passe[-1]}:
                        if tenu is None and colonne is not None:
                            continue
                        valeur = tenu if colonne is None or tenu is None else tenu[0]
                        if passe[-1] is not None or colonne is None:
                            cibles.append(Cible(table, cle, colonne, valeur))
                            attendues.append(premiere_divergence(passe, tenu))
        situer(store, PROGRAMME, numero=numero, jusqua=taille, cibles=cibles)
    assert len(cibles) > 400
    ecarts = [
        (c.table, c.cle, c.position, attendue)
        for c, attendue in zip(cibles, attendues, strict=True)
        if c.position != attendue
    ]
    assert ecarts == []


def test_une_ligne_otee_ou_ajoutee_est_nommee(fichier: Path, store: Store) -> None:
    """Une ligne ôtée et une ligne ajoutée sont nommées entières, avec leur position."""
    trouve = comparer(
        fichier,
        store,
        "DELETE FROM tranches WHERE structure = 's-1' AND rang = 2",
        "INSERT INTO jours VALUES ('fabriques', '2020-01-01', 5, 0)",
        "INSERT INTO signalements SELECT * FROM signalements WHERE rang = 2",
    )
    otee = ("s-1", 2, 2021, "2021-03-01", 5_000_000, 0, 5_000_000, 0)
    assert trouve.derives[0] == Derive(
        "tranches",
        {"programme": PROGRAMME, "structure": "s-1", "rang": 2},
        None,
        None,
        dict(zip(TABLES["tranches"].colonnes, (PROGRAMME, *otee), strict=True)),
        5,
    )
    assert phrases(trouve)[1:] == [
        (6, "table signalements, clé programme=fabriques, structure=s-2, rang=2 : ligne en trop"),
        (None, "table jours, clé programme=fabriques, date_effet=2020-01-01 : ligne en trop"),
    ]
    assert trouve.total == 3


@pytest.mark.parametrize("table", ["enveloppe", "programmes"])
@pytest.mark.parametrize(("tenue", "depuis"), [(30, 1), (0, 1), (19, 20)])
def test_une_position_modifiee_n_est_qu_une_derive(
    fichier: Path, store: Store, table: str, tenue: int, depuis: int
) -> None:
    """Une position modifiée n'est que cette dérive : les autres tables la situent."""
    trouve = comparer(fichier, store, f"UPDATE {table} SET position = {tenue}")  # noqa: S608
    assert trouve.programmes[PROGRAMME].taille == 20
    cle = {"programme": PROGRAMME}
    assert trouve.derives == (Derive(table, cle, "position", tenue, 20, depuis),)


def test_un_fait_deplace_est_une_ligne_absente_et_une_en_trop(fichier: Path, store: Store) -> None:
    """Un fait déplacé est une ligne absente et une ligne en trop."""
    trouve = comparer(fichier, store, "UPDATE faits SET position = 30 WHERE position = 20")
    assert trouve.programmes[PROGRAMME].taille == 20
    assert phrases(trouve) == [
        (20, "table faits, clé programme=fabriques, position=20 : ligne absente"),
        (30, "table faits, clé programme=fabriques, position=30 : ligne en trop"),
    ]


def test_sans_ligne_du_programme_les_faits_disent_la_position(fichier: Path, store: Store) -> None:
    """Sans la ligne du programme ni celle de l'enveloppe, les faits tenus disent la position."""
    trouve = comparer(fichier, store, "DELETE FROM programmes", "DELETE FROM enveloppe")
    assert trouve.programmes[PROGRAMME].taille == 20
    assert phrases(trouve) == [
        (1, f"table {table}, clé programme=fabriques : ligne absente")
        for table in ("programmes", "enveloppe")
    ]


def test_la_racine_et_la_tete_du_programme_sont_comparees(fichier: Path, store: Store) -> None:
    """La racine, la tête, les sous-arbres et les dates d'un programme sont comparés au journal."""
    trouve = comparer(
        fichier,
        store,
        "UPDATE programmes SET racine = 'AAAA', tete = 'BB', souches = 'CC', intitule = 'Autre', "
        "derniere_date = '2021-04-01', dernier_instant = ''",
    )
    assert [(d.colonne, d.tenu, d.position) for d in trouve.derives] == [
        ("intitule", "Autre", 1),
        ("racine", "AAAA", 1),
        ("derniere_date", "2021-04-01", 20),
        ("dernier_instant", "", 1),
        ("tete", "BB", 1),
        ("souches", "CC", 1),
    ]


def test_un_programme_renomme_est_une_ligne_absente_et_une_en_trop(
    fichier: Path, store: Store
) -> None:
    """Un programme renommé est une ligne absente et une ligne en trop, même illisible."""
    trouve = comparer(fichier, store, "UPDATE programmes SET programme = CAST(x'27ff' AS TEXT)")
    assert phrases(trouve) == [
        (None, "table programmes, clé programme='\N{REPLACEMENT CHARACTER} : ligne en trop"),
        (1, "table programmes, clé programme=fabriques : ligne absente"),
    ]


def test_un_fichier_en_retard_est_compare_a_sa_position(tmp_path: Path, store: Store) -> None:
    """Un fichier en retard sur le journal est comparé à sa position, et le retard est dit."""
    fichier = tmp_path / "lecture.db"
    with livre() as grand_livre, Lecture(fichier) as lecture:
        bilan = lecture.rafraichir(jouer(grand_livre, histoire_ecrite()[:12]))
    assert comparer(fichier, store) == Comparaison(
        {PROGRAMME: Etendue(12, bilan.racines[PROGRAMME], 8)}, (), (), 0
    )
    ordre = "UPDATE enveloppe SET paye_centimes = 7000000"
    trouve = comparer(fichier, store, ordre)
    assert [(d.tenu, d.attendu, d.position) for d in trouve.derives] == [
        (7_000_000, 12_000_000, 12)
    ]


def test_un_fichier_au_dela_du_journal_derive(fichier: Path) -> None:
    """Un fichier qui va au-delà du journal dérive : la position, et chaque fait en trop."""
    with livre() as grand_livre:
        court = jouer(grand_livre, histoire_ecrite()[:19])
        trouve = comparer(fichier, court)
    assert trouve.programmes[PROGRAMME].taille == 19
    assert phrases(trouve)[0] == (
        1,
        "table programmes, clé programme=fabriques, colonne position : 20 tenu, 19 attendu",
    )
    assert (20, "table faits, clé programme=fabriques, position=20 : ligne en trop") in phrases(
        trouve
    )


def test_un_programme_que_la_base_n_a_pas_est_en_trop(fichier: Path) -> None:
    """Un programme que la base n'a pas est en trop ; un que le fichier n'a pas est en retard."""
    with livre() as grand_livre:
        autre = jouer(grand_livre, histoire_ecrite("ateliers")[:3])
        trouve = comparer(fichier, autre)
    assert trouve.programmes == {"ateliers": Etendue(0, "", 3)}
    assert {(d.cle["programme"], d.attendu) for d in trouve.derives} == {(PROGRAMME, None)}


@pytest.mark.parametrize(
    ("ordres", "defaut"),
    [
        (("DROP VIEW v_comptes",), "La vue v_comptes manque."),
        (
            ("DROP VIEW v_comptes", f"CREATE VIEW v_comptes AS {SANS_FIN}"),
            "La vue v_comptes n'a pas la définition attendue.",
        ),
        ((f"CREATE VIEW v_autre AS {SANS_FIN}",), "La vue v_autre est en trop."),
        (
            ("CREATE TRIGGER t AFTER INSERT ON jours BEGIN DELETE FROM faits; END",),
            "Le déclencheur t est en trop.",
        ),
        (("DROP TRIGGER structures_au",), "Le déclencheur structures_au manque."),
        (("CREATE INDEX i ON faits(abs(position))",), "L'index i est en trop."),
        (
            ("DROP INDEX idx_versements_programme_structure",),
            "L'index idx_versements_programme_structure manque.",
        ),
        (("CREATE TABLE autre (x)",), "La table autre est en trop."),
        (
            ("ALTER TABLE jours ADD COLUMN x TEXT",),
            "La table jours n'a pas la définition attendue.",
        ),
    ],
)
def test_un_schema_modifie_est_un_defaut(
    fichier: Path, store: Store, ordres: tuple[str, ...], defaut: str
) -> None:
    """Une vue, un déclencheur, un index ou une table ôtés, plantés ou modifiés sont un défaut."""
    trouve = comparer(fichier, store, *ordres)
    assert (trouve.defauts, trouve.derives) == ((defaut,), ())
    assert not trouve.conforme


def test_une_table_remplacee_par_une_vue_n_est_pas_lue(fichier: Path, store: Store) -> None:
    """Une table remplacée par une vue sans fin n'est pas interrogée."""
    trouve = comparer(
        fichier, store, "DROP TABLE programmes", f"CREATE VIEW programmes AS {SANS_FIN}"
    )
    assert trouve.defauts == (
        "L'index sqlite_autoindex_programmes_1 manque.",
        "La table programmes manque.",
        "La vue programmes est en trop.",
    )
    assert (trouve.derives, trouve.programmes[PROGRAMME].taille) == ((), 20)


def test_les_statistiques_d_analyze_ne_sont_pas_un_defaut(fichier: Path, store: Store) -> None:
    """Les statistiques que laisse ANALYZE ne sont pas un défaut."""
    assert comparer(fichier, store, "ANALYZE").conforme


@pytest.mark.parametrize(
    "ordre",
    [
        "INSERT INTO structures_fts(structures_fts) VALUES ('delete-all')",
        "INSERT INTO structures_fts(rowid, porteur) VALUES (7, 'Forge')",
        "DELETE FROM structures_fts_docsize",
        "UPDATE structures_fts_docsize SET sz='zz' WHERE id=(SELECT max(id) "
        "FROM structures_fts_docsize)",
        "UPDATE structures_fts_data SET block = x'00' WHERE id = 1",
        "INSERT INTO structures_fts_config VALUES ('rank', 'bm25(9.0)')",
        "UPDATE structures_fts_data SET block = x'ffffffffffffffff' WHERE id > 10",
    ],
)
def test_un_index_de_recherche_modifie_est_un_defaut(
    fichier: Path, store: Store, ordre: str
) -> None:
    """Un index plein texte vidé, gonflé, faussé ou illisible est un défaut."""
    trouve = comparer(fichier, store, ordre)
    assert trouve.derives == ()
    (defaut,) = trouve.defauts
    assert defaut.startswith("L'index plein texte ne ")


def test_un_nom_modifie_n_accuse_pas_l_index_qui_le_suit(fichier: Path, store: Store) -> None:
    """Un nom modifié est une dérive ; l'index plein texte qui l'a suivi n'est pas en défaut."""
    trouve = comparer(fichier, store, "UPDATE structures SET porteur = 'Moulin', siret = '1'")
    assert trouve.defauts == ()
    assert [(d.cle["structure"], d.colonne) for d in trouve.derives] == [
        (s, c) for s in ("s-1", "s-2", "s-3") for c in ("porteur", "siret")
    ]


@pytest.mark.parametrize("ordre", ["SELECT 1", "CREATE VIEW v_autre AS SELECT 1"])
def test_un_fichier_endommage_est_un_defaut(fichier: Path, store: Store, ordre: str) -> None:
    """Des octets brouillés dans le fichier sont un défaut, même avec une vue plantée."""
    comparer(fichier, store, ordre)
    octets = bytearray(fichier.read_bytes())
    with closing(sqlite3.connect(fichier)) as conn:
        (page,) = conn.execute("PRAGMA page_size").fetchone()
        (racine,) = conn.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'soldes'"
        ).fetchone()
    debut = (racine - 1) * page
    octets[debut + 3 : debut + 60] = b"\xff" * 57
    fichier.write_bytes(octets)
    trouve = comparer(fichier, store)
    assert [d.startswith("SQLite ") for d in trouve.defauts].count(True) >= 1
    assert trouve.defauts[-1].startswith("La table soldes ne se lit pas jusqu'au bout : ")


def test_un_texte_qui_n_est_pas_de_l_utf8_est_montre(fichier: Path, store: Store) -> None:
    """Un texte qui n'est pas de l'UTF-8 est une dérive, montrée sans casser le rapport."""
    ordre = "UPDATE faits SET acteur_id = CAST(x'61ff62' AS TEXT) WHERE position = 2"
    (trouvee,) = comparer(fichier, store, ordre).derives
    assert (trouvee.tenu, trouvee.attendu) == ("a\N{REPLACEMENT CHARACTER}b", "claire")


def test_un_montant_a_virgule_force_dans_le_fichier_derive(fichier: Path, store: Store) -> None:
    """Un montant à virgule forcé dans une table STRICT est une dérive, même égal à l'attendu."""
    entier, libre = '"disponible_centimes" INTEGER', '"disponible_centimes" ANY'
    for avant, apres, ordre in (
        (entier, libre, "UPDATE enveloppe SET disponible_centimes = 30000000.0"),
        (libre, entier, "SELECT 1"),
    ):
        with closing(sqlite3.connect(fichier)) as conn, conn:
            conn.execute("PRAGMA writable_schema = 1")
            conn.execute(
                "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'enveloppe'",
                (avant, apres),
            )
        with closing(sqlite3.connect(fichier)) as conn, conn:
            conn.execute(ordre)
    trouve = comparer(fichier, store)
    assert [(d.colonne, d.tenu, d.attendu) for d in trouve.derives] == [
        ("disponible_centimes", "30000000.0", 30_000_000)
    ]


def test_un_long_texte_est_montre_la_ou_il_differe(fichier: Path, store: Store) -> None:
    """D'un long texte, la phrase montre l'endroit qui diffère."""
    ordre = "UPDATE faits SET etat = replace(etat, ':15000000', ':15000001') WHERE position = 5"
    ((position, phrase),) = phrases(comparer(fichier, store, ordre))
    assert position == 5
    assert phrase.startswith(
        'table faits, clé programme=fabriques, position=5, colonne etat : …nt_centimes":15000001,"'
    )
    assert '… tenu, …nt_centimes":15000000,"' in phrase


def test_au_dela_du_maximum_les_derives_sont_comptees(
    fichier: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Au-delà du maximum, les dérives sont comptées, et les positions ne sont plus cherchées."""
    monkeypatch.setattr(derive, "DERIVES_MAX", 4)
    monkeypatch.setattr(derive, "SITUEES_MAX", 1)
    trouve = comparer(fichier, store, "UPDATE tranches SET montant_centimes = 1")
    assert [d.position for d in trouve.derives] == [5, None, None, None]
    assert (trouve.total, trouve.partielle) == (6, True)


def test_le_progres_compte_les_faits_rejoues(fichier: Path, store: Store) -> None:
    """Le progrès compte les faits rejoués."""
    vus: list[int] = []
    with Lecture(fichier, ecriture=False) as lecture:
        assert lecture.comparer(store, progres=vus.append).conforme
    assert vus[-1] == 20


def test_chaque_table_a_une_cle_qui_nomme_ses_lignes(fichier: Path, store: Store) -> None:
    """La clé montrée de chaque table nomme une seule ligne."""
    with Lecture(fichier, ecriture=False) as lecture:
        for table in TABLES:
            lignes = [tuple(r) for r in lecture.db.execute(f'SELECT * FROM "{table}"')]  # noqa: S608
            assert len({cle_de(table, ligne) for ligne in lignes}) == len(lignes)
    assert CLES["structures"] == ("programme", "structure")
