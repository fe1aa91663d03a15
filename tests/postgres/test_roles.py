"""Trois rôles, au moindre privilège : qui écrit ne reprend rien, qui lit n'écrit rien."""

from __future__ import annotations

import psycopg
import pytest

from commands import GrandLivre
from ledger import StoreError, ouvrir_magasin
from ledger.audit import verifier
from ledger.erreurs import (
    StoreAccessError,
    StoreForeignError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreUnsafeError,
)
from ledger.stockage.adresse import Adresse
from ledger.stockage.postgres import PostgresStore
from ledger.stockage.postgres_schema import script
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P

from .conftest import base_neuve
from .serveur import Serveur

INTERDITS = (
    "UPDATE fabriques.stored_events SET state = '{}'",
    "DELETE FROM fabriques.stored_events",
    "TRUNCATE fabriques.stored_events",
    "UPDATE fabriques.fabriques_commandes SET position = 1",
    "DELETE FROM fabriques.fabriques_commandes",
    "TRUNCATE fabriques.fabriques_commandes, fabriques.stored_events",
    "MERGE INTO fabriques.stored_events e USING (SELECT 1) s(a) ON true WHEN MATCHED THEN DELETE",
    "INSERT INTO fabriques.stored_events SELECT * FROM fabriques.stored_events "
    "ON CONFLICT (originator_id, originator_version) DO UPDATE SET state = '{}'",
)
RESERVES = (
    "DROP TABLE fabriques.stored_events",
    "ALTER TABLE fabriques.stored_events DISABLE TRIGGER ALL",
    "DROP TRIGGER stored_events_immuable ON fabriques.stored_events",
    "CREATE RULE r AS ON INSERT TO fabriques.stored_events DO INSTEAD NOTHING",
    "CREATE TABLE fabriques.autre (a int)",
    "CREATE OR REPLACE FUNCTION fabriques.refuser_de_changer() RETURNS trigger LANGUAGE plpgsql "
    "AS 'BEGIN RETURN NULL; END'",
    "INSERT INTO fabriques.fabriques_schema VALUES (9)",
    "SET session_replication_role = replica",
    "DO $$ BEGIN LOCK TABLE fabriques.stored_events IN EXCLUSIVE MODE; END $$",
)
AJOUT = "INSERT INTO fabriques.stored_events VALUES ('p', 1, 't', '{}')"


@pytest.fixture(scope="module")
def comptes(serveur: Serveur) -> tuple[str, str]:
    """An account that writes and one that reads."""
    for compte, role in (("guichet", "fabriques_ecriture"), ("controle", "fabriques_lecture")):
        serveur.sql(f"CREATE ROLE {compte} LOGIN; GRANT {role} TO {compte}")
    return "guichet", "controle"


@pytest.fixture(scope="module")
def url_pleine(serveur: Serveur) -> str:
    """A database with one line, for statements that must all be refused."""
    url = base_neuve(serveur)
    assert refuse(url, AJOUT) == ""
    return url


def sous(url: str, compte: str) -> str:
    """The same database, by another account."""
    return url.replace("postgres@", f"{compte}@")


def refuse(url: str, requete: str) -> str:
    """The SQLSTATE that a statement is refused with; empty when it is done."""
    with psycopg.connect(url, autocommit=True) as connexion:
        try:
            connexion.execute(requete.encode())
        except psycopg.Error as erreur:
            return erreur.sqlstate or "?"
    return ""


def test_le_moteur_entier_marche_sous_le_role_d_ecriture(
    url: str, comptes: tuple[str, str]
) -> None:
    """Sous fabriques_ecriture on ouvre, écrit, relit, réindexe et vérifie."""
    with GrandLivre.ouvrir(sous(url, comptes[0])) as livre:
        assert livre.executer(commande("OuvrirProgramme", "o", "2019-07-11")).acceptee
        assert livre.executer(commande("ModifierEnveloppe", "m")).acceptee
        assert livre.executer(commande("ModifierEnveloppe", "m")).statut == "deja_executee"
        livre.store.reindexer(P, [entree for _, entree in livre.store.index()])
        assert verifier(livre.store, P).conforme


def test_le_moteur_lit_sous_le_role_de_lecture(url: str, comptes: tuple[str, str]) -> None:
    """Sous fabriques_lecture on lit et vérifie ; ouvrir pour écrire est une erreur nommée."""
    with GrandLivre.ouvrir(url) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
    lecteur = sous(url, comptes[1])
    store = ouvrir_magasin(lecteur, ecriture=False)
    assert verifier(store, P).conforme
    with pytest.raises(StoreReadOnlyError):
        store.ajouter([])
    store.fermer()
    with pytest.raises(StoreAccessError, match="ne peut pas écrire"):
        ouvrir_magasin(lecteur)


def test_une_poignee_de_lecture_n_ecrit_rien_sous_aucun_compte(url: str) -> None:
    """Ouverte en lecture par l'administrateur lui-même, une session du grand livre n'écrit rien."""
    lecteur = PostgresStore(url, ecriture=False)
    with (
        lecteur._bassin.connection() as connexion,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connexion.execute(AJOUT)
    lecteur.fermer()


@pytest.mark.parametrize("requete", [*INTERDITS, *RESERVES])
def test_le_role_d_ecriture_ne_change_ni_n_efface_rien(
    requete: str, url_pleine: str, comptes: tuple[str, str]
) -> None:
    """Le rôle d'écriture ajoute des lignes, et rien d'autre : tout le reste lui est refusé."""
    assert refuse(sous(url_pleine, comptes[0]), requete) == "42501"


@pytest.mark.parametrize("requete", [AJOUT, *INTERDITS, *RESERVES])
def test_le_role_de_lecture_n_ecrit_rien(
    requete: str, url_pleine: str, comptes: tuple[str, str]
) -> None:
    """Le rôle de lecture ne fait que lire."""
    assert refuse(sous(url_pleine, comptes[1]), requete) == "42501"


@pytest.mark.parametrize("requete", INTERDITS)
def test_meme_l_administrateur_ne_change_rien_sans_oter_les_gardes(
    requete: str, url_pleine: str
) -> None:
    """Les gardes refusent de changer ou d'effacer, à l'administrateur et à la réplication aussi."""
    assert refuse(url_pleine, requete) == "42501"
    assert refuse(url_pleine, f"SET session_replication_role = replica; {requete}") == "42501"


def test_les_roles_n_ont_que_les_droits_nommes(url: str, serveur: Serveur) -> None:
    """La liste des droits est close : tables, schéma, fonction ; aucune séquence n'existe."""
    base = Adresse(url).base
    droits = serveur.sql(
        "SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), string_agg(a.privilege_type, ' ' "
        "ORDER BY a.privilege_type) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee "
        "WHERE n.nspname = 'fabriques' AND a.grantee <> c.relowner GROUP BY 1, 2 ORDER BY 1, 2",
        base,
    )
    assert droits == [
        ("fabriques_commandes", "fabriques_ecriture", "INSERT SELECT"),
        ("fabriques_commandes", "fabriques_lecture", "SELECT"),
        ("fabriques_schema", "fabriques_ecriture", "SELECT"),
        ("fabriques_schema", "fabriques_lecture", "SELECT"),
        ("stored_events", "fabriques_ecriture", "INSERT SELECT"),
        ("stored_events", "fabriques_lecture", "SELECT"),
    ]
    ailleurs = serveur.sql(
        "SELECT a.privilege_type, coalesce(r.rolname, 'PUBLIC') FROM pg_namespace n "
        "CROSS JOIN aclexplode(n.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee "
        "WHERE n.nspname = 'fabriques' AND a.grantee <> n.nspowner UNION ALL "
        "SELECT a.privilege_type, coalesce(r.rolname, 'PUBLIC') FROM pg_proc p "
        "CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a "
        "LEFT JOIN pg_roles r ON r.oid = a.grantee "
        "WHERE p.pronamespace = 'fabriques'::regnamespace AND a.grantee <> p.proowner "
        "ORDER BY 1, 2",
        base,
    )
    assert ailleurs == [("USAGE", "fabriques_ecriture"), ("USAGE", "fabriques_lecture")]
    sequences = "SELECT count(*) FROM pg_class WHERE relkind = 'S' AND relnamespace = "
    assert serveur.sql(f"{sequences}'fabriques'::regnamespace", base) == [(0,)]


def test_un_compte_sans_role_n_a_acces_a_rien(url: str, serveur: Serveur) -> None:
    """Un compte sans rôle ne lit ni n'écrit : une erreur d'accès nommée."""
    serveur.sql("CREATE ROLE passant LOGIN")
    assert refuse(sous(url, "passant"), "SELECT * FROM fabriques.stored_events") == "42501"
    with pytest.raises(StoreAccessError):
        ouvrir_magasin(sous(url, "passant"), ecriture=False)


def test_le_script_se_relance_sans_rien_changer(url: str, serveur: Serveur) -> None:
    """Le script de préparation se relance sur une base pleine sans y toucher."""
    with GrandLivre.ouvrir(url) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        avant = [*livre.store.lire(P)]
        serveur.sql(script(), Adresse(url).base)
        assert [*livre.store.lire(P)] == avant
        assert livre.store.controler() == []


@pytest.mark.parametrize(
    ("sabotage", "dit"),
    [
        ("DROP TRIGGER stored_events_immuable ON fabriques.stored_events", "garde absente"),
        (
            "ALTER TABLE fabriques.fabriques_commandes "
            "DISABLE TRIGGER fabriques_commandes_immuable",
            "garde absente",
        ),
        ("CREATE VIEW fabriques.v AS SELECT 1", "vue v présent"),
        ("CREATE RULE r AS ON INSERT TO fabriques.stored_events DO ALSO NOTHING", "règle r"),
    ],
)
def test_une_garde_otee_ou_un_intrus_se_constatent(
    sabotage: str, dit: str, url: str, serveur: Serveur
) -> None:
    """Une garde ôtée, une règle ou une vue posées : verifier le constate."""
    with GrandLivre.ouvrir(url) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        serveur.sql(sabotage, Adresse(url).base)
        rapport = verifier(livre.store, P)
        assert not rapport.conforme
        assert any(dit in c.detail for c in rapport.constats)


def test_un_declencheur_etranger_arrete_toute_ecriture(url: str, serveur: Serveur) -> None:
    """Un déclencheur posé sur les lignes : la base ne s'ouvre plus en écriture."""
    serveur.sql(
        "CREATE FUNCTION public.avaler() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NULL; END'; CREATE TRIGGER avale BEFORE INSERT ON fabriques.stored_events "
        "FOR EACH ROW EXECUTE FUNCTION public.avaler()",
        Adresse(url).base,
    )
    with pytest.raises(StoreUnsafeError, match="déclencheur avale"):
        PostgresStore(url)


def test_un_declencheur_pose_pendant_l_usage_n_avale_rien_en_silence(
    url: str, serveur: Serveur
) -> None:
    """Ce qu'un déclencheur posé après l'ouverture avale n'est pas acquitté."""
    with GrandLivre.ouvrir(url) as livre:
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
        serveur.sql(
            "CREATE FUNCTION public.avaler() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN RETURN NULL; END'; CREATE TRIGGER avale BEFORE INSERT ON "
            "fabriques.stored_events FOR EACH ROW EXECUTE FUNCTION public.avaler()",
            Adresse(url).base,
        )
        with pytest.raises(StoreUnsafeError, match="n'a pas gardé"):
            livre.executer(commande("ModifierEnveloppe", "m"))


@pytest.mark.parametrize(
    "reglage", ["synchronous_commit = off", "default_transaction_read_only = on"]
)
def test_un_compte_regle_pour_perdre_est_refuse(reglage: str, url: str, serveur: Serveur) -> None:
    """synchronous_commit = off, ou une base en lecture seule : refus d'ouvrir, avec le remède."""
    serveur.sql(f"ALTER DATABASE {Adresse(url).base} SET {reglage}")
    with pytest.raises((StoreUnsafeError, StoreReadOnlyError), match=r"Mettre|Regarder"):
        PostgresStore(url)
    PostgresStore(url, ecriture=False).fermer()


def test_une_base_d_un_autre_encodage_est_refusee(serveur: Serveur) -> None:
    """Une base qui n'est pas en UTF8 est refusée."""
    serveur.sql("CREATE DATABASE latine ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreUnsafeError, match="LATIN1"):
        PostgresStore(serveur.url("latine"), creer=True)


def test_une_version_de_tables_inconnue_est_refusee(url: str, serveur: Serveur) -> None:
    """Des tables d'une version plus récente sont refusées, en écriture comme en lecture."""
    serveur.sql("INSERT INTO fabriques.fabriques_schema VALUES (2)", Adresse(url).base)
    for ecriture in (True, False):
        with pytest.raises(StoreForeignError, match="version 2"):
            PostgresStore(url, ecriture=ecriture)


def test_un_schema_d_une_autre_application_est_refuse(url_nue: str, serveur: Serveur) -> None:
    """Des tables du même nom sans la marque du grand livre ne sont pas touchées."""
    nom = Adresse(url_nue).base
    serveur.sql("CREATE SCHEMA fabriques; CREATE TABLE fabriques.stored_events (a int)", nom)
    with pytest.raises(StoreForeignError):
        PostgresStore(url_nue, creer=True)
    assert serveur.sql("SELECT count(*) FROM fabriques.stored_events", nom) == [(0,)]


def test_une_base_nue_ne_se_prepare_que_si_on_le_demande(url_nue: str, serveur: Serveur) -> None:
    """Sans tables : absente, sauf pour qui peut créer ; une lecture ne crée jamais rien."""
    for ecriture in (True, False):
        with pytest.raises(StoreMissingError):
            PostgresStore(url_nue, ecriture=ecriture)
    store = PostgresStore(url_nue, creer=True)
    assert (store.programmes(), store.taille("p"), store.existe()) == ((), 0, False)
    store.fermer()
    nom = Adresse(url_nue).base
    assert serveur.sql("SELECT to_regnamespace('fabriques') IS NULL", nom) == [(True,)]


def test_qui_ne_peut_pas_creer_est_averti(url_nue: str, comptes: tuple[str, str]) -> None:
    """Un compte sans droit de créer reçoit une erreur d'accès et son remède."""
    with (
        GrandLivre.ouvrir(sous(url_nue, comptes[0]), creer=True) as livre,
        pytest.raises(StoreError, match="preparer-base"),
    ):
        livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))
