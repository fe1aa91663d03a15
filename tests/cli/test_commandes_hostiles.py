"""Fichiers de commandes hostiles : un refus nommé par commande, borné en temps et en mémoire."""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands import lire_ligne
from commands.lecture_json import CommandeIllisible
from tests.cli.outils import depot, en_lignes, lancer
from tests.unit.ledger.stockage.test_lignes_hostiles import observer

MEMOIRE_MAX = 40_000_000
"""Bytes allocated while one command is read: some forty times the longest one."""
BRUTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""What a terminal obeys or hides, the line feed excepted."""


def saisie(**ecarts: Any) -> bytes:
    """A command, some members replaced, as a line."""
    return json.dumps({**depot("x"), **ecarts}).encode() + b"\n"


LIGNES: dict[str, tuple[bytes, str]] = {
    "sans fin": (b'{"a":"' + b"x" * 5_000_000 + b'"}', "dépasse 1000000 octets"),
    "profonde": (b'{"a":' * 180_000, "trop imbriqué"),
    "listes": (b"[" * 900_000, "trop imbriqué"),
    "chiffres": (b'{"montant_centimes":' + b"9" * 900_000 + b"}", "trop de chiffres"),
    "doubles": (b"{" + b",".join([b'"a":1'] * 150_000) + b"}", "figure deux fois"),
    "id double": (saisie()[:-2] + b',"id_commande":"y"}', "'id_commande' figure deux fois"),
    "NaN": (b'{"a":NaN}', "Le nombre NaN n'est pas un entier"),
    "infini": (b'{"a":-Infinity}', "Le nombre -Infinity n'est pas un entier"),
    "4e400": (b'{"a":4e400}', "Le nombre 4e400 n'est pas un entier"),
    "pas utf8": (b'{"a":"\xff"}', "n'est pas en UTF-8"),
    "isole brut": (b'{"a":"\xed\xa0\x80"}', "n'est pas en UTF-8"),
    "utf16": (saisie().decode().rstrip().encode("utf-16-be"), "pas du JSON"),
    "gzip": (gzip.compress(saisie() * 9, mtime=0).replace(b"\n", b""), "n'est pas en UTF-8"),
    "nul": (saisie(porteur="a\0b"), "caractère interdit U+0000"),
    "nul brut": (saisie().replace(b"Vichy", b"Vi\0chy"), "n'est pas du JSON"),
    "isole": (saisie(porteur="\ud800"), "caractère interdit U+D800"),
    "membre isole": (saisie(**{"\ud800": 1}), "demi-caractère isolé"),
    "verbe isole": (saisie(commande="\ud800"), "est inconnu"),
    "acteur isole": (saisie(acteur={"id": "\ud800", "role": "instructeur"}), "U+D800"),
    "bidirectionnel": (saisie(porteur="a\u202eb"), "U+202E"),
    "largeur nulle": (saisie(porteur="a\u200bb"), "caractère invisible U+200B"),
    "echappement": (saisie(ville="\x1b]8;;http://a\x07b"), "caractère interdit U+001B"),
    "nom de 10 ko": (saisie(porteur="x" * 10_000), "texte trop long : 10000 signes"),
    "membre qui s'affiche": (saisie(**{"\x1b[31m\u202e": 1}), "membre inconnu"),
    "membre de 500 ko": (saisie(**{"k" * 500_000: 1}), "membre inconnu"),
    "date demesuree": (saisie(date_effet="9999999999-01-01"), "date_effet"),
    "programme nombre": (saisie(programme=1), "programme : texte attendu"),
    "code": (saisie(commande="os:system"), "Le verbe 'os:system' est inconnu"),
    "classe": (saisie(__class__="colorsys:rgb_to_hls"), "membre inconnu"),
    "nulle": (b"null", "Une commande est un objet JSON"),
}


@pytest.mark.parametrize("nom", LIGNES)
@pytest.mark.parametrize("format_", ["jsonl", "table", "csv"])
def test_une_ligne_hostile_est_un_refus_nomme(base_neuve: Path, nom: str, format_: str) -> None:
    """Sans fin, profonde, de 900 000 chiffres, mal encodée : un refus court, la suite passe."""
    ligne, dit = LIGNES[nom]
    demande = ("executer", "-", "--base", base_neuve, "--format", format_)
    entree = ligne.rstrip(b"\n") + b"\n" + en_lignes([depot("suite")])
    sys.modules.pop("colorsys", None)
    faits = [lancer(*demande, entree=en_lignes([depot("chauffe")]))]
    vus = observer(lambda: faits.append(lancer(*demande, entree=entree)))
    fait = faits[1]
    assert fait.code == 3
    assert fait.erreur == "1 acceptée, 0 déjà exécutée, 1 refusée.\n"
    assert "commande_invalide" in fait.sortie
    assert " ".join(dit.split()) in " ".join(fait.sortie.split())
    assert len(fait.octets) < 2_000
    assert BRUTS.findall(fait.sortie) == []
    assert [v for v in vus if v.startswith(("import ", "os.", "subprocess"))] == []


@pytest.mark.parametrize("nom", LIGNES)
def test_lire_une_ligne_hostile_tient_dans_une_memoire_bornee(nom: str) -> None:
    """Lire une commande hostile n'alloue jamais plus de quarante fois la plus longue."""
    ligne, _ = LIGNES[nom]
    tracemalloc.start()
    try:
        lue = lire_ligne(ligne)
        pointe = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(lue, CommandeIllisible)
    assert lue.refus.code == "commande_invalide"
    assert pointe < MEMOIRE_MAX


def test_une_marque_d_octets_en_tete_est_admise(base_neuve: Path) -> None:
    """La marque UTF-8 que pose un tableur, en tête de fichier, n'empêche pas de lire."""
    entree = b"\xef\xbb\xbf" + en_lignes([depot("x")])
    assert lancer("executer", "-", "--base", base_neuve, entree=entree).code == 0


VALEURS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None), max_size=30),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(ecarts=st.dictionaries(st.sampled_from(sorted(depot("x"))) | st.text(), VALEURS, max_size=3))
def test_un_objet_quelconque_n_est_jamais_un_accident(ecarts: dict[str, Any]) -> None:
    """Un objet JSON quelconque est une commande, ou un refus court qui s'écrit en UTF-8."""
    lue = lire_ligne(json.dumps({**depot("x"), **ecarts}).encode())
    if isinstance(lue, CommandeIllisible):
        assert len(lue.refus.phrase.encode("utf-8")) < 4_000
        assert BRUTS.findall(lue.refus.phrase) == []


@pytest.mark.parametrize(
    ("nom", "code", "dit"),
    [(".", 2, "c'est un dossier"), ("absent", 2, "n'existe pas"), ("x" * 5_000, 2, "ne peut pas")],
)
def test_un_fichier_de_commandes_qui_n_en_est_pas_un_est_dit(
    base_neuve: Path, tmp_path: Path, nom: str, code: int, dit: str
) -> None:
    """Un dossier, un fichier absent, un nom sans fin : code 2, en français."""
    fait = lancer("executer", tmp_path / nom, "--base", base_neuve)
    assert (fait.code, dit in fait.erreur) == (code, True), fait


@pytest.mark.parametrize("verbe", ["executer", "enveloppe", "verifier", "demo", "lecture"])
@pytest.mark.parametrize("genre", ["tuyau", "/dev/null", "/dev/zero", "dossier"])
def test_une_base_qui_n_est_pas_un_fichier_est_dite(tmp_path: Path, genre: str, verbe: str) -> None:
    """Un tuyau, un périphérique ou un dossier n'est pas une base : code 4, sans attendre."""
    base = Path(genre)
    if genre == "tuyau":
        base = tmp_path / "tuyau"
        os.mkfifo(base)
    elif genre == "dossier":
        base = tmp_path
    arguments = {"executer": ("-",), "lecture": ("-o", tmp_path / "l.db")}.get(verbe, ())
    entree = en_lignes([depot("x")])
    fait = lancer(verbe, *arguments, "--base", base, entree=entree)
    assert fait.code == 4, fait
    assert re.search(r"^Erreur \(base_[a-z]+\) : ", fait.erreur, re.MULTILINE), fait
    assert not (tmp_path / "l.db").exists()
