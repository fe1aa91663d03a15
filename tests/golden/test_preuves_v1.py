"""Les preuves v1, figées : arbre, preuves, relevé signé et preuve d'une ligne du journal figé.

Le fichier ne change jamais. Une autre lecture, qui n'importe rien d'ici, en dit autant.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger import Journal, MemoryStore
from ledger.preuve.preuve_ligne import PreuveLigne, lire_preuve
from ledger.preuve.preuves import coherence_tient, inclusion_tient
from ledger.preuve.releve import ClePublique, Releve, Signature, lire_cle, lire_releve
from ledger.stockage.port import Ecriture, LigneBrute
from ledger.testing import vecteurs

DONNEES = Path(vecteurs.__file__).with_name("donnees")
JOURNAL = DONNEES / "faits-v1.jsonl"
VECTEURS = DONNEES / "preuves-v1.json"
GRAINE = bytes(range(32))
"""A key for tests, known to everyone: it protects nothing."""
INCLUSIONS = ((1, 1), (1, 2), (2, 2), (3, 3), (1, 34), (12, 34), (33, 34), (34, 34), (16, 17))
COHERENCES = ((1, 1), (1, 2), (2, 34), (3, 7), (4, 8), (16, 34), (20, 34), (32, 33), (33, 34))
LIGNE_PROUVEE = 12


def ouvrir() -> Journal:
    """The frozen journal, read and checked."""
    lignes = []
    for ligne in JOURNAL.read_bytes().splitlines():
        lue = json.loads(ligne)
        octets = ligne[ligne.index(b'"state":') + 8 : ligne.rindex(b',"type":')]
        lignes.append(LigneBrute(lue["pos"], lue["type"], octets))
    store = MemoryStore()
    store.ajouter([Ecriture("fabriques", lignes, [])])
    journal = Journal(store, "fabriques")
    for _ in journal.rattraper():
        pass
    return journal


def signer(releve: Releve, privee: Ed25519PrivateKey) -> tuple[ClePublique, Releve]:
    """The key under the checkpoint's origin, and the checkpoint signed with it."""
    cle = ClePublique(releve.origine, privee.public_key().public_bytes_raw())
    signature = Signature(cle.nom, cle.identifiant, privee.sign(releve.corps))
    return cle, Releve(releve.origine, releve.taille, releve.racine, (signature,))


def calculer() -> bytes:
    """The whole file, recomputed."""
    journal = ouvrir()
    arbre, n = journal.arbre, journal.taille
    privee = Ed25519PrivateKey.from_private_bytes(GRAINE)
    cle, releve = signer(journal.releve(), privee)
    preuve = PreuveLigne(LIGNE_PROUVEE, arbre.inclusion(LIGNE_PROUVEE), releve)
    der = privee.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    donnees: dict[str, Any] = {
        "journal": JOURNAL.name,
        "feuilles": [arbre.feuille(p).hex() for p in range(1, n + 1)],
        "racines": [arbre.racine(taille).hex() for taille in range(n + 1)],
        "inclusions": [
            {"position": p, "taille": t, "hachages": [h.hex() for h in arbre.inclusion(p, t)]}
            for p, t in INCLUSIONS
        ],
        "coherences": [
            {"ancienne": m, "taille": t, "hachages": [h.hex() for h in arbre.coherence(m, t)]}
            for m, t in COHERENCES
        ],
        "origine": journal.origine(),
        "graine": GRAINE.hex(),
        "cle_publique": str(cle),
        "cle_der": der.hex(),
        "releve": releve.note().decode(),
        "preuve": preuve.texte().decode(),
    }
    return json.dumps(donnees, ensure_ascii=False, indent=1).encode() + b"\n"


@pytest.fixture(scope="module")
def lu() -> dict[str, Any]:
    """The vectors."""
    donnees: dict[str, Any] = json.loads(VECTEURS.read_bytes())
    return donnees


def etranger(journal: Path, vecteurs: Path) -> dict[str, Any]:
    """What a reader that cannot import the project concludes."""
    lecteur = Path(__file__).with_name("etranger.py")
    commande = [sys.executable, "-I", "-S", str(lecteur), str(journal), str(vecteurs)]
    fait = subprocess.run(commande, capture_output=True, check=True, cwd=journal.parent)
    conclusion: dict[str, Any] = json.loads(fait.stdout)
    return conclusion


def conclusions(*, sauf: str = "") -> dict[str, Any]:
    """Everything true, but one thing."""
    tout: dict[str, Any] = dict.fromkeys(("feuilles", "racines", "origine", "releve", "cle"), True)
    tout |= {"preuve": True, "inclusions": [True] * 9, "coherences": [True] * 9}
    return tout | ({sauf: False} if sauf else {})


def test_les_preuves_figees_se_recalculent_aux_memes_octets() -> None:
    """Arbre, preuves, relevé signé et preuve d'une ligne se recalculent octet pour octet."""
    assert calculer() == VECTEURS.read_bytes()


def test_les_preuves_figees_se_lisent_et_tiennent(lu: dict[str, Any]) -> None:
    """Lues par nos lecteurs, les preuves figées tiennent et le relevé est signé."""
    feuilles = [bytes.fromhex(f) for f in lu["feuilles"]]
    racines = [bytes.fromhex(r) for r in lu["racines"]]
    for cas in lu["inclusions"]:
        position, taille = cas["position"], cas["taille"]
        hachages = [bytes.fromhex(h) for h in cas["hachages"]]
        feuille = feuilles[position - 1]
        assert inclusion_tient(feuille, position, taille, hachages, racines[taille])
    for cas in lu["coherences"]:
        m, n = cas["ancienne"], cas["taille"]
        hachages = [bytes.fromhex(h) for h in cas["hachages"]]
        assert coherence_tient(m, racines[m], n, racines[n], hachages)
    cle, preuve = lire_cle(lu["cle_publique"]), lire_preuve(lu["preuve"].encode())
    assert lire_releve(lu["releve"].encode()) == preuve.releve
    assert preuve.releve.verdict(cle) == "verifiee"
    lignes = JOURNAL.read_bytes().splitlines()
    tenues = [p for p, ligne in enumerate(lignes, start=1) if preuve.tient(ligne)]
    assert tenues == [LIGNE_PROUVEE] == [preuve.position]


def test_un_lecteur_qui_n_importe_rien_d_ici_conclut_de_meme() -> None:
    """Un lecteur écrit d'après la page du format, sans notre code, vérifie tout le fichier."""
    assert etranger(JOURNAL, VECTEURS) == conclusions()


@pytest.mark.parametrize(
    ("membre", "avant", "apres", "faux"),
    [
        ("releve", "\n34\n", "\n33\n", "releve"),
        ("preuve", "index 11", "index 10", "preuve"),
        ("preuve", "\n34\n", "\n33\n", "preuve"),
        ("cle_der", "302a", "302b", "cle"),
    ],
)
def test_l_autre_lecteur_voit_ce_qui_est_altere(
    tmp_path: Path, lu: dict[str, Any], membre: str, avant: str, apres: str, faux: str
) -> None:
    """Relevé, preuve ou clé altérés : l'autre lecteur le dit, et n'en dit pas plus."""
    assert avant in lu[membre]
    altere = tmp_path / "preuves.json"
    altere.write_text(json.dumps(lu | {membre: lu[membre].replace(avant, apres)}), "utf-8")
    assert etranger(JOURNAL, altere) == conclusions(sauf=faux)
