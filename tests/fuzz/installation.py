"""Targets of whoever installs and opens: the URL of a server, a style sheet, the list of files."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from functools import cache
from hashlib import sha256
from importlib.metadata import PathDistribution
from pathlib import Path

import click
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from commands.cli.console import _lire_theme
from commands.cli.controles import PAQUETS, comparer
from ledger.erreurs import UsageError
from ledger.stockage.adresse import Adresse, est_adresse
from projections.console.application import Console, creer_console
from tests.console.client import Client
from tests.fuzz import atelier
from tests.fuzz.moteur import Cible

SECRET = "".join(("Zy", "9", "wXq"))
"""In each place of the seeds where a password stands."""


@cache
def _secrets() -> frozenset[str]:
    """The parameters that the library of PostgreSQL says not to show."""
    dits = {o.keyword.decode() for o in Conninfo.get_defaults() if o.dispchar == b"*"}
    return frozenset(dits | {"scram_client_key", "scram_server_key"})


def adresse(octets: bytes) -> str:
    """A base as it is typed: a file, an error that repeats nothing, or an address.

    An address shows what PostgreSQL's own library reads in it, and none of its secrets.
    """
    texte = octets.decode("utf-8", "replace")
    try:
        if not est_adresse(texte):
            return "fichier"
        lue = Adresse(texte)
    except UsageError as erreur:
        if SECRET in f"{erreur.message} {erreur.remede}":
            raise AssertionError("le secret est répété") from erreur
        return re.sub(r"\S*://", "", erreur.message)[:70]
    montree = str(lue)
    assert str(Adresse(montree)) == montree
    try:
        vraie = conninfo_to_dict(lue.url)
    except (ProgrammingError, UnicodeEncodeError) as erreur:
        return re.sub(r'".*|\d+', "", str(erreur), flags=re.DOTALL)[:60]
    for nom in _secrets():
        tu = str(vraie.pop(nom, ""))
        ailleurs = [str(v) for v in vraie.values()]
        if len(tu) >= len(SECRET) and not any(tu in v or v in tu for v in ailleurs):
            assert tu not in montree, (nom, montree)
    dite = conninfo_to_dict(montree)
    assert {n: v for n, v in vraie.items() if v} == {n: v for n, v in dite.items() if v}
    return f"adresse {sorted(vraie)}"


@cache
def _site() -> Path:
    """Three packages of two files, and the information of their distribution."""
    ici = atelier.dossier() / "site"
    for paquet in PAQUETS:
        (ici / paquet).mkdir(parents=True)
        (ici / paquet / "__init__.py").write_text(f"# {paquet}\n", "utf-8")
        (ici / paquet / "données.json").write_text("{}\n", "utf-8")
    (ici / "fabriques_ledger-9.dist-info").mkdir()
    return ici


def _rangees() -> list[str]:
    rangees = []
    for fichier in sorted(f for p in PAQUETS for f in (_site() / p).iterdir()):
        empreinte = urlsafe_b64encode(sha256(fichier.read_bytes()).digest()).rstrip(b"=").decode()
        relatif = fichier.relative_to(_site()).as_posix()
        rangees.append(f"{relatif},sha256={empreinte},{fichier.stat().st_size}")
    return rangees


def record(octets: bytes) -> str:
    """A RECORD beside the true files: all in order, or a finding. Never another answer.

    Beside a changed file, what names it with its former hash is a finding, whatever else it says.
    """
    infos = _site() / "fabriques_ledger-9.dist-info"
    (infos / "RECORD").write_bytes(octets)
    dit = comparer("fichiers", PathDistribution(infos))
    assert dit.statut in ("ok", "constat")
    assert not re.search("[\x00-\x1f\x7f]", dit.detail)
    modules = [r for r in _rangees() if "__init__" in r]
    if dit.statut == "ok":  # no module left out, none under a hash that is not its own
        texte = octets.decode("utf-8")
        assert all(r.split(",")[0] in texte for r in modules)
        temoin = _site() / "ledger" / "__init__.py"
        avant = temoin.read_bytes()
        temoin.write_bytes(avant + b"x = 1\n")
        try:
            assert comparer("fichiers", PathDistribution(infos)).statut == "constat"
        finally:
            temoin.write_bytes(avant)
    return f"{dit.statut} {re.sub('[0-9]+', '', dit.detail)[:24]}"


def theme(octets: bytes) -> str:
    """A style sheet: an error of usage, or served to the byte as one, which pages only link to."""
    with atelier.fichier(octets, "theme.css") as fichier:
        try:
            lu = _lire_theme(str(fichier))
        except click.UsageError as erreur:
            return erreur.message.removeprefix(str(fichier))
    console = Console(atelier.store(), theme=lu)
    client = Client(creer_console(console))
    reponse = client.demander("/statique/theme.css")
    assert reponse.content == octets
    assert reponse.headers["content-type"] == "text/css; charset=utf-8"
    assert reponse.headers["x-content-type-options"] == "nosniff"
    page = client.demander(f"/programmes/{atelier.P}/telecharger").text
    console.fermer()
    (lien,) = re.findall(r'<link[^>]*href="([^"]*theme\.css[^"]*)"', page)
    assert re.fullmatch(r"/statique/theme\.css\?v=[0-9a-f]{12}", lien)
    return f"servi, {len(octets).bit_length()} bits"


def _adresses() -> list[bytes]:
    formes = [
        f"postgresql://u:{SECRET}@h1:5433,h2/ba%20se?sslmode=require&sslpassword={SECRET}",
        f"postgres://u%40x@[::1]:5432/b?options=-c%20a%3D1&password={SECRET}",
        f"postgresql:///b?host=/run/pg&user=moi&password={SECRET}",
        "postgresql://u@h/b?user=v&dbname=c",
        f"postgresql://h/b?oauth_client_secret={SECRET}&application_name=a+b",
        f"postgresql:/u:{SECRET}@h/b",
        f"host=h password={SECRET} dbname=b",
        f"mysql://u:{SECRET}@h/b",
        "fabriques.db",
    ]
    return [forme.encode() for forme in formes]


CIBLES = (
    Cible(
        "adresse-postgresql",
        "une base telle qu'elle est saisie : fichier ou adresse",
        _adresses,
        adresse,
        ("ledger/stockage/adresse.py",),
        (b"@", b":", b"/", b"?", b"&", b"#", b"%40", b"%00", b"+", b"\t", b"[", b"password="),
        600,
        300,
    ),
    Cible(
        "record",
        "le RECORD d'une installation, lu par doctor",
        lambda: [
            "\n".join(_rangees()).encode(),
            "\n".join([*_rangees(), "x.py,,"]).encode(),
            b"ledger/__init__.py",
        ],
        record,
        ("commands/cli/controles.py",),
        (b"..", b"/", b'"', b",", b"sha256=", b"shake_128=", b"\x1b[2J", b"\n", b"ledger/"),
        80,
        2_000,
    ),
    Cible(
        "theme",
        "la feuille de style d'une administration",
        lambda: [b":root { --accent: #0a0 }", b"\xef\xbb\xbfa{}\r\n", b"</style><script>\x00"],
        theme,
        (),
        (b"\xff", b"\x00", b"</style>", b"\r\n", b"\xed\xa0\x80"),
        40,
        2_000,
    ),
)
