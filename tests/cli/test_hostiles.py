"""Bases, relevés, rapports, tirages et clés hostiles : un constat ou une erreur nommée.

Chaque cas : un code de sortie parmi ceux annoncés, jamais « inattendue », la base aux mêmes octets,
rien d'écrit hors de la sortie demandée, aucun module nommé dans les données importé.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.outils import Resultat, lancer
from tests.unit.ledger.stockage.test_lignes_hostiles import observer

PIEGES = frozenset({"import this", "import antigravity", "import colorsys", "import os:system"})
SIMPLE = ("--methode", "simple", "--nombre", "2", "--population", "labels", "--alea", "a")
RACINE_VIDE = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
ISOLE = "\udcff"
"""What a byte that is not UTF-8 becomes in an argument or a file name."""


class Atelier(NamedTuple):
    """A small base, and what is made of it: nothing here is written to by a test."""

    base: Path
    cle: Path
    releves: Path
    note: bytes
    vkey: str
    rapport: bytes
    page: bytes
    tirage: bytes

    @property
    def tete(self) -> tuple[str, int, str]:
        """Origin, size, root."""
        origine, taille, racine = self.note.decode().split("\n")[:3]
        return origine, int(taille), racine


@pytest.fixture(scope="module")
def atelier(tmp_path_factory: pytest.TempPathFactory) -> Atelier:
    """A small base, its key, its checkpoint, its reports and a draw."""
    ici = tmp_path_factory.mktemp("atelier")
    base, cle, releves = ici / "b.db", ici / "cle", ici / "releves"
    b = ("--base", base)

    def faire(*arguments: str | Path) -> Resultat:
        fait = lancer(*arguments)
        assert (arguments[0], fait.code) == (arguments[0], 0), fait.erreur
        return fait

    faire("demo", *b, "--au", "2020-02-15", "--format", "json")
    with closing(sqlite3.connect(base)) as connexion:
        connexion.execute("PRAGMA journal_mode=DELETE")  # one file: its bytes are the whole base
    faire("releve", "--creer-cle", cle)
    signer = ("releve", *b, "--signer", cle)
    note = faire(*signer, "--publier", releves).octets
    return Atelier(
        base,
        cle,
        releves,
        note,
        str(faire(*signer, "--format", "json").json["cle"]),
        faire("rapport", *b, "--format", "json").octets,
        faire("rapport", *b, "--format", "html").octets,
        faire("sonder", *b, *SIMPLE, "--format", "json").octets,
    )


@pytest.fixture(autouse=True)
def intact(atelier: Atelier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The base keeps its bytes, the current folder stays empty, nothing named in data is loaded."""
    courant = tmp_path / "courant"
    courant.mkdir()
    monkeypatch.chdir(courant)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    for piege in PIEGES:
        sys.modules.pop(piege.removeprefix("import "), None)
    avant = sha256(atelier.base.read_bytes()).hexdigest()
    yield
    assert sha256(atelier.base.read_bytes()).hexdigest() == avant
    assert list(courant.iterdir()) == []


def essayer(*arguments: str | Path, code: int, dit: str, entree: bytes = b"") -> Resultat:
    """A run that ends with this code and says this, without importing what the data name."""
    faits: list[Resultat] = []
    vus = observer(lambda: faits.append(lancer(*arguments, entree=entree)))
    fait = faits[0]
    assert "inattendue" not in fait.erreur, fait.erreur
    assert "Traceback" not in fait.erreur + fait.sortie
    assert (fait.code, dit in fait.erreur + fait.sortie) == (code, True), (fait, dit)
    if code not in (0, 1):
        assert re.search(r"^(Erreur|Refus)( \([a-z_]+\))? : ", fait.erreur, re.MULTILINE)
        assert fait.octets == b""
    assert PIEGES.isdisjoint(vus)
    return fait


Octets = Callable[[Atelier], bytes]
ILLISIBLE, CONSTAT = (2, "Erreur (releve_illisible)"), (1, "1 constat")


def dire(taille: object, racine: str | None = None, origine: str | None = None) -> Octets:
    """An unsigned note."""

    def note(a: Atelier) -> bytes:
        vraie, _, la_racine = a.tete
        return f"{origine or vraie}\n{taille}\n{racine or la_racine}\n".encode()

    return note


def signature_changee(a: Atelier, fin: int = 68) -> bytes:
    """The note, one bit of its signature changed (and cut)."""
    avant, _, corps = a.note.decode().rstrip("\n").rpartition(" ")
    brut = bytearray(b64decode(corps))
    brut[10] ^= 1
    return f"{avant} {b64encode(brut[:fin]).decode()}\n".encode()


NOTES: dict[str, tuple[Octets, int, str]] = {
    "enorme": (lambda _: b"x" * 5_000_000, *ILLISIBLE),
    "tronquee": (lambda a: a.note[: len(a.note) // 2], *ILLISIBLE),
    "binaire": (lambda _: bytes(range(256)), *ILLISIBLE),
    "vide": (lambda _: b"", *ILLISIBLE),
    "utf16": (lambda a: a.note.decode().encode("utf-16"), *ILLISIBLE),
    "crlf": (lambda a: a.note.replace(b"\n", b"\r\n"), *ILLISIBLE),
    "nul": (lambda a: a.note.replace(b"\n", b"\0\n", 1), *ILLISIBLE),
    "64 bits": (dire(2**64), *ILLISIBLE),
    "53 bits": (dire(2**53), *ILLISIBLE),
    "negative": (dire(-1), *ILLISIBLE),
    "chiffres arabes": (dire("\u0664"), *ILLISIBLE),
    "demesuree": (dire("9" * 5000), *ILLISIBLE),
    "la plus grande": (dire(2**53 - 1), 1, "releve_au_dela"),
    "autre origine": (dire(1, origine="autre/journal/0"), 1, "releve_autre_origine"),
    "autre racine": (dire(1, "A" * 43 + "="), 1, "releve_divergent"),
    "zero": (dire(0, RACINE_VIDE), 0, "1 tenu sur 1, lignes couvertes jusqu'à la 0"),
    "zero, autre racine": (dire(0), 1, "releve_divergent"),
    "signature inconnue": (
        lambda a: a.note + "— autre AAAAAAAA\n".encode(),
        0,
        "1 note signée dont la signature n'est pas vérifiée",
    ),
}


@pytest.mark.parametrize("nom", NOTES)
def test_un_releve_hostile_est_un_constat_ou_une_erreur(
    atelier: Atelier, tmp_path: Path, nom: str
) -> None:
    """Un relevé énorme, coupé, faux ou d'ailleurs, en fichier ou par un tuyau : le même verdict."""
    octets, code, dit = NOTES[nom]
    fichier = tmp_path / "n.releve"
    fichier.write_bytes(octets(atelier))
    demande = ("verifier", "--base", atelier.base, "--releve")
    essayer(*demande, fichier, code=code, dit=dit)
    essayer(*demande, "-", code=code, dit=dit, entree=octets(atelier))


@pytest.mark.parametrize("fin", [68, 30])
def test_une_signature_fausse_est_un_constat(atelier: Atelier, tmp_path: Path, fin: int) -> None:
    """Avec --cle, une signature changée ou coupée est un constat ; intacte, elle est vérifiée."""
    fichier = tmp_path / "n.releve"
    demande = ("verifier", "--base", atelier.base, "--cle", atelier.vkey, "--releve", fichier)
    fichier.write_bytes(atelier.note)
    essayer(*demande, code=0, dit="1 signature vérifiée")
    fichier.write_bytes(signature_changee(atelier, fin))
    essayer(*demande, code=1, dit="signature_fausse")


def recu(**ecarts: Any) -> Octets:
    """A receipt, as one line."""

    def ligne(a: Atelier) -> bytes:
        _, taille, racine = a.tete
        return json.dumps({"taille": taille, "racine": racine, **ecarts}).encode() + b"\n"

    return ligne


def a_taille(texte: bytes) -> Octets:
    """A receipt whose size is this JSON text."""
    return lambda a: b'{"racine":"%s","taille":%s}' % (a.tete[2].encode(), texte)


RECUS: dict[str, tuple[Octets, int, str]] = {
    "flottant": (a_taille(b"1.0"), *ILLISIBLE),
    "4e400": (a_taille(b"4e400"), *ILLISIBLE),
    "NaN": (a_taille(b"NaN"), *ILLISIBLE),
    "4000 chiffres": (a_taille(b"9" * 4000), *ILLISIBLE),
    "5000 chiffres": (a_taille(b"9" * 5000), *ILLISIBLE),
    "negatif": (a_taille(b"-1"), *ILLISIBLE),
    "imbrique": (lambda _: b'{"a":' * 5_000 + b"1" + b"}" * 5_000, *ILLISIBLE),
    "long": (lambda _: b'{"a":"' + b"x" * 100_000 + b'"}', *ILLISIBLE),
    "coupe": (lambda a: recu()(a)[:-20], *ILLISIBLE),
    "racine courte": (recu(racine="AAAA"), *ILLISIBLE),
    "isole": (recu(origine="\ud800"), *ILLISIBLE),
    "position": (recu(positions=[10**30]), *ILLISIBLE),
    "vide": (lambda _: b"", 2, "ne donne ni relevé, ni reçu"),
    "refus": (lambda _: b'{"statut":"refusee"}', 2, "ne donne ni relevé, ni reçu"),
    "controle": (recu(origine="\x1b[31m\u202e"), 1, "releve_autre_origine"),
    "inconnu": (recu(__class__="os:system", type="colorsys"), 0, "1 tenu sur 1"),
}


@pytest.mark.parametrize("nom", RECUS)
def test_des_recus_hostiles_sont_un_constat_ou_une_erreur(
    atelier: Atelier, tmp_path: Path, nom: str
) -> None:
    """Flottants, 4e400, membres inconnus, imbrications, lignes sans fin : jamais un accident."""
    octets, code, dit = RECUS[nom]
    fichier = tmp_path / "recus.jsonl"
    fichier.write_bytes(octets(atelier))
    fait = essayer("verifier", "--base", atelier.base, "--releve", fichier, code=code, dit=dit)
    assert "\x1b" not in fait.sortie


@pytest.mark.parametrize(
    ("saisie", "code", "dit"),
    [
        ("", *ILLISIBLE),
        ("x" * 5_000, 2, "son nom est trop long"),
        ("3 AAAA", *ILLISIBLE),
        ("03 {racine}", 2, "n'est pas une taille et une racine"),
        ("9999999999999999 {racine}", 2, "n'est pas une taille et une racine"),
        (f"{2**64} {{racine}}", *ILLISIBLE),
        (f"{ISOLE} 3 {{racine}}", 1, "releve_autre_origine"),
        ("a\u202eb 3 {racine}", 1, "releve_autre_origine"),
        ("3 {fausse}", 1, "releve_divergent"),
        ("/dev/null", *ILLISIBLE),
        (".", 2, "ne donne ni relevé, ni reçu"),
    ],
)
@pytest.mark.parametrize("format_", ["table", "json"])
def test_une_saisie_mal_formee_est_dite(
    atelier: Atelier, saisie: str, code: int, dit: str, format_: str
) -> None:
    """« TAILLE RACINE » mal formé, ou d'octets quelconques, en tableau comme en JSON."""
    texte = saisie.format(racine=atelier.tete[2], fausse="A" * 43 + "=")
    demande = ("verifier", "--base", atelier.base, "--format", format_, "--releve", texte)
    essayer(*demande, code=code, dit=dit)


def test_un_dossier_hostile_de_releves_est_dit(atelier: Atelier, tmp_path: Path) -> None:
    """Dossier vide, de rebut, à liens bouclés, à tuyau, à nom d'octets quelconques."""
    demande = ("verifier", "--base", atelier.base, "--format", "json", "--releve")
    dossier = tmp_path / "d"
    dossier.mkdir()
    essayer(*demande, dossier, code=2, dit="ne donne ni relevé, ni reçu")
    (dossier / "rebut.txt").write_bytes(b"\xff\0")
    (dossier / "a.releve").symlink_to("a.releve")
    (dossier / "boucle").symlink_to(".")
    os.mkfifo(dossier / "tuyau.releve")
    essayer(*demande, dossier, code=2, dit="ne donne ni relevé, ni reçu")
    essayer(*demande, dossier / "a.releve", code=2, dit="c'est un lien symbolique")
    Path(dossier, f"{ISOLE}\x1b.releve").write_bytes(dire(10**6)(atelier))
    essayer(*demande, dossier, code=1, dit="releve_au_dela")
    (dossier / "b.releve").write_bytes(b"\xff\0")
    essayer(*demande, dossier, code=2, dit="Erreur (releve_illisible)")


@pytest.mark.skipif(os.getuid() == 0, reason="root lit tout")
def test_un_fichier_sans_droit_est_dit(atelier: Atelier, tmp_path: Path) -> None:
    """Un relevé, un rapport ou un tirage que l'on n'a pas le droit de lire : code 2."""
    fichier = tmp_path / "f"
    fichier.write_bytes(atelier.note)
    fichier.chmod(0)
    b = ("--base", atelier.base)
    droits = "les droits ne suffisent pas"
    essayer("verifier", *b, "--releve", fichier, code=2, dit=droits)
    essayer("reproduire", fichier, *b, code=2, dit=droits)
    essayer("dossier", *b, "--tirage", fichier, "-o", tmp_path / "d.zip", code=2, dit=droits)


def autre_cle(a: Atelier) -> str:
    """The same origin, the key of nobody."""
    octets = b"\x01" + bytes(32)
    nom = a.tete[0]
    identifiant = sha256(nom.encode() + b"\n" + octets).hexdigest()[:8]
    return f"{nom}+{identifiant}+{b64encode(octets).decode()}"


CLES: dict[str, tuple[Callable[[Atelier], str], int, str]] = {
    "vide": (lambda _: "", *ILLISIBLE),
    "rebut": (lambda _: "+" * 5_000, *ILLISIBLE),
    "isole": (lambda a: ISOLE + a.vkey, *ILLISIBLE),
    "peripherique": (lambda _: "/dev/zero", *ILLISIBLE),
    "note": (lambda a: str(next(a.releves.rglob("*.releve"))), *ILLISIBLE),
    "privee": (lambda a: str(a.cle), *ILLISIBLE),
    "identifiant": (lambda a: re.sub(r"\+[0-9a-f]{8}\+", "+00000000+", a.vkey), 2, "devrait être"),
    "algorithme": (lambda a: a.vkey[:-44] + "A" * 44, 2, "ce n'est pas une clé Ed25519"),
    "autre": (autre_cle, 1, "signature_absente"),
}


@pytest.mark.parametrize("nom", CLES)
def test_une_cle_publique_hostile_est_dite(atelier: Atelier, nom: str) -> None:
    """Une clé publique de rebut est illisible ; celle d'un autre n'a pas signé."""
    cle, code, dit = CLES[nom]
    note = next(atelier.releves.rglob("*.releve"))
    demande = ("verifier", "--base", atelier.base, "--releve", note, "--cle", cle(atelier))
    essayer(*demande, code=code, dit=dit)


INUTILISABLE = (2, "Erreur (cle_inutilisable)")


@pytest.mark.parametrize(
    ("contenu", "mode", "dit"),
    [
        (b"", 0o600, "n'est ni une clé privée ni une clé publique SSH"),
        (bytes(range(256)), 0o600, "n'est ni une clé privée ni une clé publique SSH"),
        (b"x" * 1_000_000, 0o600, "dépasse 65536 octets"),
        (b"PRIVATE KEY-----", 0o600, "n'est pas une clé privée lisible"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", 0o600, "n'est pas une clé privée lisible"),
        (b"ssh-ed25519 AAAA", 0o600, "n'est pas une clé Ed25519"),
        (b"ssh-rsa " + b"A" * 40_000, 0o600, "n'est pas une clé Ed25519"),
        (None, 0o644, "peut être lu par d'autres"),
    ],
    ids=["vide", "binaire", "enorme", "marque", "coupee", "blob", "rsa", "lisible"],
)
def test_un_fichier_qui_n_est_pas_une_cle_est_dit(
    atelier: Atelier, tmp_path: Path, contenu: bytes | None, mode: int, dit: str
) -> None:
    """Signer avec un fichier de rebut, énorme ou lisible de tous : clé inutilisable, code 2."""
    cle = tmp_path / "k"
    cle.write_bytes(atelier.cle.read_bytes() if contenu is None else contenu)
    cle.chmod(mode)
    essayer("releve", "--base", atelier.base, "--signer", cle, code=2, dit=dit)


@pytest.mark.parametrize(
    ("commande", "dit"),
    [
        ("openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024 -out k", "pas une clé Ed"),
        ("openssl genpkey -algorithm x25519 -out k", "n'est pas une clé Ed25519"),
        ("ssh-keygen -q -t ed25519 -N secret -f k", "phrase de passe"),
        ("ssh-keygen -q -t ed25519 -N secret -f k && mv k.pub k", "SSH_AUTH_SOCK"),
    ],
)
def test_une_cle_d_un_autre_genre_est_dite(
    atelier: Atelier, tmp_path: Path, commande: str, dit: str
) -> None:
    """Clé RSA, X25519, chiffrée, ou moitié publique sans agent : clé inutilisable, code 2."""
    if shutil.which("openssl") is None or shutil.which("ssh-keygen") is None:
        pytest.skip("openssl ou ssh-keygen absent")
    subprocess.run(["/bin/sh", "-c", commande], cwd=tmp_path, capture_output=True, check=True)
    (tmp_path / "k").chmod(0o600)
    essayer("releve", "--base", atelier.base, "--signer", tmp_path / "k", code=2, dit=dit)


@pytest.mark.parametrize("nom", ["absente", "", ".", "/dev/zero", "x" * 5_000, ISOLE, "agent:\x1b"])
def test_une_cle_qui_n_est_pas_un_fichier_est_dite(atelier: Atelier, nom: str) -> None:
    """Une clé absente, un dossier, un périphérique, un nom sans fin, un agent absent : code 2."""
    essayer("releve", "--base", atelier.base, "--signer", nom, code=2, dit="(cle_inutilisable)")


@pytest.mark.parametrize("option", ["--connu-au", "--preuve", "--depuis"])
@pytest.mark.parametrize("valeur", ["0", "-1", "999999", "9" * 400, "1.5", "1e3"])
def test_une_position_hors_du_journal_est_un_usage(
    atelier: Atelier, option: str, valeur: str
) -> None:
    """Une position nulle, négative, au-delà ou qui n'en est pas une : code 2."""
    essayer("releve", "--base", atelier.base, option, valeur, code=2, dit="Erreur")


@pytest.mark.parametrize(
    "demande",
    [
        ("releve", "--signer", "CLE", "--publier", ""),
        ("dossier", "--releves", "", "-o", "/dev/null"),
        ("reprendre", "--releves", "", "--motif", "x"),
    ],
)
def test_un_dossier_de_releves_sans_nom_est_un_usage(
    atelier: Atelier, demande: tuple[str, ...]
) -> None:
    """Un nom vide (variable d'un script non définie) n'est pas le dossier courant : code 2."""
    arguments = [str(atelier.cle) if a == "CLE" else a for a in demande]
    essayer(*arguments, "--base", atelier.base, code=2, dit="nom")


def entete(**ecarts: Any) -> Octets:
    """The JSON report, its heading altered."""

    def rapport(a: Atelier) -> bytes:
        valeur = json.loads(a.rapport)
        return json.dumps({**valeur, "entete": {**valeur["entete"], **ecarts}}).encode()

    return rapport


def figures(valeur: Any) -> Octets:
    """The JSON report, its figures replaced."""
    return lambda a: json.dumps({**json.loads(a.rapport), "figures": valeur}).encode()


def a_position(texte: bytes) -> Octets:
    """The JSON report, its position being this JSON text."""
    return lambda a: re.sub(rb'"position": ?\d+', b'"position":' + texte, a.rapport, count=1)


PAS_UN_RAPPORT, DIVERGENT = (2, "Erreur (rapport_illisible)"), (1, "DIVERGENT")
RAPPORTS: dict[str, tuple[Octets, int, str]] = {
    "vide": (lambda _: b"", *PAS_UN_RAPPORT),
    "binaire": (lambda _: bytes(range(256)), *PAS_UN_RAPPORT),
    "coupe": (lambda a: a.rapport[: len(a.rapport) // 2], *PAS_UN_RAPPORT),
    "liste": (lambda _: b"[]", *PAS_UN_RAPPORT),
    "autre objet": (lambda _: b'{"a":1}', *PAS_UN_RAPPORT),
    "profond": (lambda _: b'{"a":' * 100_000, *PAS_UN_RAPPORT),
    "chiffres profonds": (figures({"a": json.loads("[" * 90 + "]" * 90)}), *PAS_UN_RAPPORT),
    "flottant": (a_position(b"1.0"), *PAS_UN_RAPPORT),
    "4e400": (a_position(b"4e400"), *PAS_UN_RAPPORT),
    "NaN": (a_position(b"NaN"), *PAS_UN_RAPPORT),
    "5000 chiffres": (a_position(b"9" * 5_000), *PAS_UN_RAPPORT),
    "booleen": (entete(position=True), *PAS_UN_RAPPORT),
    "negatif": (entete(position=-1), *PAS_UN_RAPPORT),
    "date": (entete(au="0001-01-01"), *PAS_UN_RAPPORT),
    "membre": (entete(__class__="colorsys:rgb_to_hls"), *PAS_UN_RAPPORT),
    "format": (entete(format=[1]), *PAS_UN_RAPPORT),
    "isole": (entete(intitule="\ud800"), *PAS_UN_RAPPORT),
    "page sans donnees": (
        lambda a: re.sub(rb"<script.*?</script>", b"", a.page, flags=re.DOTALL),
        *PAS_UN_RAPPORT,
    ),
    "page coupee": (lambda a: a.page[:-3_000], *PAS_UN_RAPPORT),
    "deux pages": (lambda a: a.page * 2, *PAS_UN_RAPPORT),
    "autre programme": (entete(programme="\x1b[31m"), 1, "rapport_autre_journal"),
    "autre origine": (entete(origine=""), 1, "rapport_autre_journal"),
    "au dela": (entete(position=10**6), 1, "rapport_au_dela"),
    "autre racine": (entete(racine="A"), 1, "rapport_racine_divergente"),
    "position nulle": (entete(position=0), 1, "rapport_racine_divergente"),
    "intitule": (entete(intitule="x"), 1, "entete_divergent"),
    "sans chiffres": (figures({}), 1, "chiffre_absent"),
    "chiffres de rebut": (figures({"": [{"rang": 1}, {"rang": 1}], "credits": [[1]]}), *DIVERGENT),
    "page alteree": (lambda a: a.page.replace(b"<h1>", b"<h1>\x1b", 1), 1, "rapport_altere"),
}


@pytest.mark.parametrize("nom", RAPPORTS)
def test_un_rapport_hostile_est_un_constat_ou_une_erreur(
    atelier: Atelier, tmp_path: Path, nom: str
) -> None:
    """Coupé, flottant, d'une autre forme ou d'ailleurs : rapport illisible ou divergent."""
    octets, code, dit = RAPPORTS[nom]
    fichier = tmp_path / "r"
    fichier.write_bytes(octets(atelier))
    fait = essayer("reproduire", fichier, "--base", atelier.base, code=code, dit=dit)
    assert "\x1b" not in fait.sortie


@pytest.mark.parametrize(
    ("nom", "dit"),
    [("absent", "ne se lit pas"), (".", "ne se lit pas"), ("/dev/zero", "octets"), (ISOLE, "pas")],
)
def test_un_rapport_qui_n_est_pas_un_fichier_est_dit(atelier: Atelier, nom: str, dit: str) -> None:
    """Un rapport absent, un dossier, un périphérique sans fin : code 2."""
    essayer("reproduire", nom, "--base", atelier.base, code=2, dit=dit)


def tirage(**ecarts: Any) -> Octets:
    """The draw, altered."""
    return lambda a: json.dumps({**json.loads(a.tirage), **ecarts}).encode()


TIRAGES: dict[str, tuple[Octets, str]] = {
    "vide": (lambda _: b"", "n'est pas un objet JSON qui se lit"),
    "binaire": (lambda _: b"\xff\0", "n'est pas un objet JSON qui se lit"),
    "liste": (lambda _: b"[]", "n'est pas un objet JSON qui se lit"),
    "coupe": (lambda a: a.tirage[:-9], "n'est pas un objet JSON qui se lit"),
    "profond": (lambda _: b'{"a":' * 100_000, "n'est pas un objet JSON qui se lit"),
    "4e400": (lambda _: b'{"position":4e400}', "n'est pas un objet JSON qui se lit"),
    "isole": (tirage(alea="\ud800"), "n'est pas un objet JSON qui se lit"),
    "objet": (lambda _: b"{}", "ne dit pas sa position"),
    "flottant": (tirage(position=1.0), "ne dit pas sa position"),
    "membre": (tirage(__class__="colorsys", x=1.5), "ne dit pas sa position"),
    "negatif": (tirage(position=-1), "position -1 demandée"),
    "au dela": (tirage(position=10**30), "demandée"),
    "autre programme": (tirage(programme="autre"), "Le membre programme n'est pas"),
    "autres unites": (tirage(unites=[]), "Le membre unites n'est pas"),
    "algorithme": (tirage(algorithme="\x1b"), "est inconnu"),
}


@pytest.mark.parametrize("nom", TIRAGES)
def test_un_tirage_hostile_n_entre_pas_dans_un_dossier(
    atelier: Atelier, tmp_path: Path, nom: str
) -> None:
    """Un tirage de rebut ou changé : code 2, en français, et aucun dossier n'est écrit."""
    octets, dit = TIRAGES[nom]
    fichier, sortie = tmp_path / "t.json", tmp_path / "d.zip"
    fichier.write_bytes(octets(atelier))
    demande = ("dossier", "--base", atelier.base, "--tirage", fichier, "-o", sortie)
    essayer(*demande, code=2, dit=dit)
    assert not sortie.exists()


@pytest.mark.parametrize("nom", ["absent", ".", "x" * 5_000, ISOLE])
def test_un_tirage_qui_n_est_pas_un_fichier_est_dit(atelier: Atelier, nom: str) -> None:
    """Un tirage absent, ou un dossier : code 2."""
    essayer("dossier", "--base", atelier.base, "--tirage", nom, code=2, dit="ne se lit pas")


@pytest.mark.parametrize("nom", ["../x", "../../x", "/../../x", "a/b", "", "x" * 300, ISOLE])
def test_une_structure_qui_nomme_un_chemin_est_inconnue(atelier: Atelier, nom: str) -> None:
    """--structure avec ../ ne nomme jamais un fichier : structure inconnue, rien d'écrit."""
    demande = ("dossier", "--base", atelier.base, "--structure", nom)
    essayer(*demande, code=2, dit="n'est pas dans fabriques-de-territoire")


def _remplacer(nom: str, contenu: bytes) -> Callable[[Path], None]:
    def remplacer(dossier: Path) -> None:
        (dossier / nom).write_bytes(contenu)

    return remplacer


def _boucler(dossier: Path) -> None:
    note = next(dossier.glob("*.releve"))
    note.unlink()
    note.symlink_to(note.name)


def _doubler(dossier: Path) -> None:
    (dossier / "cle.vkey").unlink()
    os.mkfifo(dossier / "cle.vkey")


def _deplacer(dossier: Path) -> None:
    (dossier / "999999999999.releve").write_bytes(next(dossier.glob("*.releve")).read_bytes())


def _signature(octets: bytes | None) -> Callable[[Path], None]:
    def abimer(dossier: Path) -> None:
        fichier = next(dossier.glob("*.sshsig"))
        fichier.unlink()
        if octets is None:
            fichier.mkdir()
        else:
            fichier.write_bytes(octets)

    return abimer


DOSSIERS: dict[str, tuple[Callable[[Path], None], int, str]] = {
    "note liee": (_boucler, 2, "c'est un lien symbolique"),
    "note de rebut": (_remplacer("000000000001.releve", b"\xff"), *ILLISIBLE),
    "note enorme": (_remplacer("000000000001.releve", b"x" * 10**6), *ILLISIBLE),
    "note deplacee": (_deplacer, 2, "son nom dit autre chose"),
    "cle de rebut": (_remplacer("cle.vkey", b"\xff\0"), *ILLISIBLE),
    "cle tuyau": (_doubler, 4, "ce n'est pas un fichier ordinaire"),
    "signature enorme": (_signature(b"x" * 10**6), 2, "elle dépasse 4096 octets"),
    "signature dossier": (_signature(None), 2, "c'est un dossier"),
}


@pytest.mark.parametrize("nom", DOSSIERS)
def test_un_dossier_de_releves_abime_n_entre_pas_dans_un_dossier_de_preuve(
    atelier: Atelier, tmp_path: Path, nom: str
) -> None:
    """Une note, une clé ou une signature abîmée est nommée ; aucun dossier n'est écrit."""
    abimer, code, dit = DOSSIERS[nom]
    releves = Path(shutil.copytree(atelier.releves, tmp_path / "releves"))
    abimer(next(releves.iterdir()))
    sortie = tmp_path / "d.zip"
    demande = ("dossier", "--base", atelier.base, "--releves", releves, "-o", sortie)
    essayer(*demande, code=code, dit=dit)
    assert not sortie.exists()


@pytest.mark.parametrize("releves", ["absent", "/dev/null", "x" * 5_000, ISOLE])
@pytest.mark.parametrize("verbe", ["dossier", "reprendre"])
def test_un_dossier_de_releves_absent_est_dit(atelier: Atelier, releves: str, verbe: str) -> None:
    """Un dossier de relevés absent n'est pas un dossier vide : code 2."""
    motif = ("--motif", "x") if verbe == "reprendre" else ()
    demande = (verbe, "--base", atelier.base, "--releves", releves, *motif)
    essayer(*demande, code=2, dit="ne peut pas être lu")


@pytest.mark.parametrize(
    "cellule",
    ["", ".", "enveloppe", "enveloppe.", "enveloppe.__class__", "enveloppe.x" * 1_000,
     "credits.x.y",
     f"credits.{'9' * 5_000}.cp_payes", "credits.-1.cp_payes", "structures.../x.paye",
     "echeancier.a.9999999999999999999.reste", "\x1b[31m", ISOLE, "labels.\u202e", "os:system"],
)  # fmt: skip
def test_une_cellule_qui_n_existe_pas_est_un_usage(atelier: Atelier, cellule: str) -> None:
    """Une cellule de rebut, sans fin, ou qui nomme du code : code 2."""
    essayer("expliquer", cellule, "--base", atelier.base, code=2, dit="Erreur (")


@pytest.mark.parametrize(
    "point",
    ["", "absent", ".", "9" * 15, "9" * 5_000, "x" * 5_000, "2021-13-01", "9999-12-31", ISOLE,
     "0001-01-01T00:00:00+23:59", "\u0661", "/dev/zero"],
)  # fmt: skip
def test_un_point_qui_n_existe_pas_est_un_usage(atelier: Atelier, point: str) -> None:
    """Une position, un instant ou un rapport de rebut : code 2."""
    essayer("comparer", "1", point, "--base", atelier.base, code=2, dit="Erreur")


Abimer = Callable[[Path], None]


def _sql(requete: str, *valeurs: Any) -> Abimer:
    def faire(base: Path) -> None:
        with closing(sqlite3.connect(base)) as connexion:
            connexion.execute(requete, valeurs)
            connexion.commit()

    return faire


def _colonne(nom: str, valeur: Any) -> Abimer:
    return _sql(f"UPDATE stored_events SET {nom}=? WHERE originator_version=3", valeur)  # noqa: S608


def _etat(avant: str, apres: str) -> Abimer:
    """Edit the stored bytes of line 3."""

    def faire(base: Path) -> None:
        with closing(sqlite3.connect(base)) as connexion:
            requete = "SELECT state FROM stored_events WHERE originator_version=3"
            octets = connexion.execute(requete).fetchone()[0]
        change = re.sub(avant.encode(), apres.encode(), octets, count=1)
        assert change != octets
        _colonne("state", change)(base)

    return faire


def _octets(transformer: Callable[[bytes], bytes]) -> Abimer:
    def faire(base: Path) -> None:
        base.write_bytes(transformer(base.read_bytes()))

    return faire


def _etrangere(base: Path) -> None:
    base.unlink()
    _sql("CREATE TABLE clients (nom TEXT)")(base)


TOPIC, DATE = "topic", '"date_effet":"[^"]*"'
LIGNES: dict[str, Abimer] = {
    "topic module": _colonne(TOPIC, "colorsys"),
    "topic fonction": _colonne(TOPIC, "antigravity:x"),
    "topic octets": _colonne(TOPIC, b"this"),
    "topic nul": _colonne(TOPIC, None),
    "flottant": _etat(DATE, '"date_effet":1.5'),
    "4e400": _etat(DATE, '"date_effet":4e400'),
    "membre": _etat("^{", '{"__class__":"os:system",'),
    "edite": _etat('"20', '"21'),
    "etat vide": _colonne("state", b""),
    "etat texte": _colonne("state", "texte"),
    "etat profond": _colonne("state", b'{"a":' * 100_000),
    "trou": _sql("DELETE FROM stored_events WHERE originator_version=3"),
}
FICHIERS: dict[str, tuple[Abimer, str]] = {
    "coupee": (_octets(lambda octets: octets[:20_000]), "(base_endommagee)"),
    "etrangere": (_etrangere, "(base_etrangere)"),
    "texte": (_octets(lambda _: b"bonjour\n" * 999), "(base_etrangere)"),
    "sans ligne": (_sql("DELETE FROM stored_events"), "(base_absente)"),
    "octets nuls": (_octets(lambda _: bytes(9_999)), "(base_"),
    "absente": (lambda b: b.unlink(), "(base_absente)"),
}
VERBES: dict[str, tuple[str, ...]] = {
    "beancount": ("exporter", "beancount", "-o", "SORTIE"),
    "hledger": ("exporter", "hledger"),
    "scdl": ("exporter", "scdl", "-o", "SORTIE"),
    "commandes": ("exporter", "commandes"),
    "explorer": ("explorer", "-o", "SORTIE"),
    "rapport": ("rapport", "--format", "html", "-o", "SORTIE"),
    "reproduire": ("reproduire", "RAPPORT"),
    "expliquer": ("expliquer", "enveloppe.disponible"),
    "comparer": ("comparer", "1", "4"),
    "sonder": ("sonder", *SIMPLE),
    "releve": ("releve", "--carte", "-o", "SORTIE"),
    "publier": ("releve", "--signer", "CLE", "--publier", "SORTIE"),
    "reprendre": ("reprendre", "--releves", "RELEVES", "--motif", "x"),
    "dossier": ("dossier", "-o", "SORTIE"),
    "rejouer": ("rejouer", "--lecture", "LECTURE"),
}


def _sur(a: Atelier, tmp_path: Path, base: Path, verbe: str) -> list[str]:
    """The arguments of a verb on a base."""
    noms = {
        "SORTIE": tmp_path / "sortie",
        "RAPPORT": tmp_path / "rapport.json",
        "LECTURE": tmp_path / "lecture.db",
        "CLE": a.cle,
        "RELEVES": a.releves,
    }
    (tmp_path / "rapport.json").write_bytes(a.rapport)
    if verbe == "rejouer" and not noms["LECTURE"].exists():
        assert lancer("lecture", "--base", a.base, "-o", noms["LECTURE"]).code == 0
    verbe_, *suite = (str(noms.get(mot, mot)) for mot in VERBES[verbe])
    return [verbe_, *suite, "--base", str(base)]


@pytest.mark.parametrize("verbe", VERBES)
@pytest.mark.parametrize("nom", FICHIERS)
def test_un_fichier_qui_n_est_pas_une_base_est_dit(
    atelier: Atelier, tmp_path: Path, nom: str, verbe: str
) -> None:
    """Base coupée, étrangère, vide ou absente : chaque verbe le dit, code 4, et n'y touche pas."""
    base = Path(shutil.copy(atelier.base, tmp_path / "h.db"))
    abimer, dit = FICHIERS[nom]
    abimer(base)
    avant = base.read_bytes() if base.exists() else None
    demande = _sur(atelier, tmp_path, base, verbe)
    if (nom, verbe) == ("sans ligne", "rejouer"):  # the file says more than the journal
        essayer(*demande, code=1, dit="lecture_divergente")
    else:
        essayer(*demande, code=4, dit=dit)
    assert (base.read_bytes() if base.exists() else None) == avant
    assert not (tmp_path / "sortie").exists()


@pytest.mark.parametrize("verbe", VERBES)
@pytest.mark.parametrize("nom", LIGNES)
def test_une_ligne_hostile_arrete_chaque_verbe(
    atelier: Atelier, tmp_path: Path, nom: str, verbe: str
) -> None:
    """Une ligne qui nomme du code, a un flottant ou fut éditée : dite, et rien n'est importé."""
    base = Path(shutil.copy(atelier.base, tmp_path / "h.db"))
    demande = _sur(atelier, tmp_path, base, verbe)
    _colonne(TOPIC, "inconnu")(base)
    temoins = set(observer(lambda: lancer(*demande)))  # what the refusal itself needs
    shutil.copy(atelier.base, base)
    LIGNES[nom](base)
    avant = sha256(base.read_bytes()).hexdigest()
    vus = set(observer(lambda: lancer(*demande)))
    assert {v for v in vus - temoins if v.startswith("import ")} == set()
    code = 1 if verbe == "dossier" else 4
    fait = essayer(*demande, code=code, dit="")
    assert re.search("fait_illisible|chaine_rompue", fait.erreur), fait.erreur
    assert sha256(base.read_bytes()).hexdigest() == avant
    assert not (tmp_path / "sortie").exists()


@pytest.mark.parametrize("nom", LIGNES)
def test_verifier_constate_une_ligne_hostile(atelier: Atelier, tmp_path: Path, nom: str) -> None:
    """verifier, avec un relevé gardé ailleurs, constate la ligne et va au bout : code 1."""
    base = Path(shutil.copy(atelier.base, tmp_path / "h.db"))
    LIGNES[nom](base)
    demande = ("verifier", "--base", base, "--releve", atelier.releves, "--format", "json")
    essayer(*demande, code=1, dit='"statut": "non_conforme"')


@st.composite
def mutations(tirer: st.DrawFn, octets: bytes) -> bytes:
    """Valid bytes, damaged at one to four places."""
    brut = bytearray(octets)
    for _ in range(tirer(st.integers(1, 4))):
        rang = tirer(st.integers(0, len(brut)))
        fin = min(len(brut), rang + tirer(st.integers(0, 8)))
        brut[rang:fin] = tirer(st.binary(max_size=8) | st.sampled_from((b"4e400", b"-1", b"[{")))
    return bytes(brut)


@settings(max_examples=40)
@given(donnees=st.data())
@pytest.mark.parametrize("quoi", ["note", "rapport", "page", "tirage", "rebut"])
def test_des_octets_quelconques_ne_font_jamais_un_accident(
    atelier: Atelier, tmp_path_factory: pytest.TempPathFactory, quoi: str, donnees: st.DataObject
) -> None:
    """Octets quelconques ou mutations d'un relevé, d'un rapport, d'un tirage : jamais inattendu."""
    valide = b"" if quoi == "rebut" else getattr(atelier, quoi)
    octets = donnees.draw(mutations(valide) | st.binary(max_size=64))
    b, fichier = ("--base", str(atelier.base)), tmp_path_factory.getbasetemp() / "octets"
    fichier.write_bytes(octets)
    demandes: dict[str, tuple[str, ...]] = {
        "note": ("verifier", *b, "--releve", str(fichier), "--cle", atelier.vkey),
        "rapport": ("reproduire", str(fichier), *b),
        "page": ("reproduire", str(fichier), *b),
        "tirage": ("dossier", *b, "--tirage", str(fichier), "-o", "/dev/null"),
        "rebut": ("verifier", *b, "--releve", str(fichier)),
    }
    fait = lancer(*demandes[quoi])
    assert "inattendue" not in fait.erreur, fait.erreur
    assert fait.code in (0, 1, 2)
