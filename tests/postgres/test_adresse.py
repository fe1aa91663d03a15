"""L'adresse d'une base : ce qui la nomme, et le mot de passe qui n'en sort jamais."""

from __future__ import annotations

import logging
import pickle
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import ouvrir_magasin
from ledger.erreurs import LedgerError, StoreMissingError, StoreUnreachableError, UsageError
from ledger.stockage.adresse import Adresse, est_adresse, montrer

from .serveur import Serveur

SECRET = "-".join(("mot", "de", "passe", "cache"))
MAL_FORMEES = (
    "postgresql://u:{s}@h@serveur/base",
    "postgresql://u:{s}/x@serveur/base",
    "postgresql://u:1/{s}@serveur",
    "postgresql://u:{s}?x@serveur/base",
    "postgresql://u:{s}#x@serveur/base",
    "postgresql://u:{s}@[serveur/base",
    "postgresql://u:{s}@serveur",
    "postgresql://u:{s}@serveur/a/b",
    "postgresql://u:{s}@serveur//b",
    "postgresql://u:{s}@/base",
    "postgresql://u@serveur/base?{s}",
    "postgresql:///base?password={s}",
    "postgresql://u:{s}@serveur:port/base",
    "mysql://u:{s}@serveur/base",
    "postgresql:/u:{s}@serveur/base",
    "postgres//u:{s}@serveur/base",
    "host=serveur password={s} dbname=base",
    "password = '{s}'",
    "postgresql://serveur/ba\tse?password={s}",
)


def test_une_adresse_se_montre_sans_ses_secrets() -> None:
    """Le texte d'une adresse est la même adresse, moins ce qui est secret."""
    url = f"postgres://u%40x:{SECRET}@h1:5433,h2/ba%20se?sslmode=require&sslpassword={SECRET}"
    assert montrer(url) == "postgresql://u%40x@h1:5433,h2/ba%20se?sslmode=require"
    assert repr(Adresse(url)) == "Adresse('postgresql://u%40x@h1:5433,h2/ba%20se?sslmode=require')"
    assert montrer(f"postgresql:///b?host=/run/pg&user=moi&password={SECRET}") == (
        "postgresql://moi@/b?host=/run/pg"
    )
    double = Adresse("postgresql://u@h/b?user=v&dbname=c")
    assert (str(double), double.base) == ("postgresql://v@h/b?dbname=c", "c")
    for secret in ("oauth_client_secret", "scram_client_key", "scram_server_key", "Passwd"):
        assert montrer(f"postgresql://h/b?{secret}={SECRET}&sslkey=/c.pem") == (
            "postgresql://h/b?sslkey=/c.pem"
        )
    assert (
        montrer("postgresql://h/b?options=-c%20a=1+2") == "postgresql://h/b?options=-c%20a%3D1%2B2"
    )
    assert pickle.loads(pickle.dumps(Adresse(url))).url == url  # noqa: S301 - ours, just made


def test_un_fichier_reste_un_fichier() -> None:
    """Un nom de fichier n'est pas une adresse, quel qu'il soit."""
    noms = ("fabriques.db", "a/b.db", "postgresql", "postgresql:b", "a@b:c.db", Path("x.db"))
    for nom in noms:
        assert not est_adresse(nom)
        assert montrer(nom) == str(nom)


@pytest.mark.parametrize("forme", MAL_FORMEES)
def test_une_adresse_mal_formee_est_dite_sans_etre_repetee(forme: str) -> None:
    """Une adresse mal formée est une erreur d'usage qui ne répète rien d'elle."""
    with pytest.raises(UsageError, match=r"pas une base|mal formée") as erreur:
        ouvrir_magasin(forme.format(s=SECRET))
    assert SECRET not in "".join(traceback.format_exception(erreur.value))


@given(st.text(max_size=40))
def test_une_adresse_quelconque_est_lue_ou_refusee(suite: str) -> None:
    """Quoi qui suive postgresql://, c'est une adresse ou une erreur d'usage, jamais un accident."""
    try:
        adresse = Adresse(f"postgresql://{suite}")
    except UsageError:
        return
    assert str(Adresse(str(adresse))) == str(adresse)


def test_le_mot_de_passe_n_est_dans_aucune_erreur_ni_aucun_journal(
    serveur: Serveur, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Serveur absent, base absente, compte inconnu : l'erreur et les journaux taisent le secret."""
    caplog.set_level(logging.DEBUG)
    cas: dict[str, type[LedgerError]] = {
        f"postgresql://u:{SECRET}@/b?host={tmp_path}": StoreUnreachableError,
        f"postgresql://u:{SECRET}@127.0.0.1:1/b": StoreUnreachableError,
        f"postgresql://127.0.0.1:1/b?password={SECRET}&sslpassword={SECRET}": StoreUnreachableError,
        f"postgresql://127.0.0.1:1/b?scram_client_key={SECRET}": LedgerError,
        f"postgresql://127.0.0.1:1/b?passwd={SECRET}": UsageError,
        f"postgresql://postgres:{SECRET}@/absente?host={serveur.dossier}": StoreMissingError,
        f"postgresql://inconnu:{SECRET}@/postgres?host={serveur.dossier}": LedgerError,
        f"postgresql://postgres:{SECRET}@/postgres?host={serveur.dossier}&inconnu=1": UsageError,
    }
    for url, classe in cas.items():
        with pytest.raises(classe) as erreur:
            ouvrir_magasin(url)
        assert SECRET not in "".join(traceback.format_exception(erreur.value))
        assert erreur.value.remede
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("variable", "valeur"),
    [
        ("PGHOST", "/nulle/part"),
        ("PGHOSTADDR", "127.0.0.1"),
        ("PGPORT", "1"),
        ("PGDATABASE", "absente"),
        ("POSTGRES_DBNAME", "absente"),
        ("PGOPTIONS", "-c search_path=public -c default_transaction_read_only=on"),
    ],
)
def test_l_environnement_de_l_hote_ne_deplace_pas_la_base(
    url: str, variable: str, valeur: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Aucune variable d'environnement ne mène à une autre base, ni n'en change les réglages."""
    monkeypatch.setenv(variable, valeur)
    store = ouvrir_magasin(url)
    try:
        assert store.programmes() == ()
    finally:
        store.fermer()
