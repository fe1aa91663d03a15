"""A reader of proofs written from docs/format-v1.md alone: standard library, nothing of ours.

Run by `test_preuves_v1.py` in an interpreter that cannot import the project. It prints, as JSON,
what it concludes of a journal and of the file of test vectors.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
RACINE_DE_MOINS_UN = pow(2, (P - 1) // 4, P)
Point = tuple[int, int]


def sha(*morceaux: bytes) -> bytes:
    return hashlib.sha256(b"".join(morceaux)).digest()


def racine(feuilles: list[bytes]) -> bytes:
    if not feuilles:
        return sha()
    if len(feuilles) == 1:
        return feuilles[0]
    k = coupe(len(feuilles))
    return sha(b"\x01", racine(feuilles[:k]), racine(feuilles[k:]))


def coupe(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def depuis_la_feuille(feuille: bytes, rang: int, n: int, preuve: list[bytes]) -> bytes | None:
    """The root that the proof of leaf `rang` (from 0) of `n` leads to; None when malformed."""
    if n <= 1 or not preuve:
        return feuille if n == 1 and rang == 0 and not preuve else None
    k, dernier = coupe(n), preuve[-1]
    if rang < k:
        dessous = depuis_la_feuille(feuille, rang, k, preuve[:-1])
        return dessous and sha(b"\x01", dessous, dernier)
    dessous = depuis_la_feuille(feuille, rang - k, n - k, preuve[:-1])
    return dessous and sha(b"\x01", dernier, dessous)


def deux_racines(
    m: int, n: int, ancienne: bytes, preuve: list[bytes], *, entier: bool = True
) -> tuple[bytes, bytes] | None:
    """The two roots that the proof from size m to size n leads to; None when malformed."""
    if m == n:
        connue = [ancienne] if entier else preuve
        return (connue[0], connue[0]) if len(connue) == 1 and entier != bool(preuve) else None
    if not preuve:
        return None
    k, dernier = coupe(n), preuve[-1]
    if m <= k:
        deux = deux_racines(m, k, ancienne, preuve[:-1], entier=entier)
        return deux and (deux[0], sha(b"\x01", deux[1], dernier))
    deux = deux_racines(m - k, n - k, ancienne, preuve[:-1], entier=False)
    return deux and (sha(b"\x01", dernier, deux[0]), sha(b"\x01", dernier, deux[1]))


# Ed25519 (RFC 8032, section 5.1), affine and slow


def somme(p: Point, q: Point) -> Point:
    (x1, y1), (x2, y2) = p, q
    t = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + t, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - t, -1, P)
    return x % P, y % P


def produit(k: int, point: Point) -> Point:
    total = (0, 1)
    while k:
        if k & 1:
            total = somme(total, point)
        point, k = somme(point, point), k >> 1
    return total


def lire_point(octets: bytes) -> Point | None:
    y = int.from_bytes(octets, "little")
    signe, y = y >> 255, y & (2**255 - 1)
    carre = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(carre, (P + 3) // 8, P)
    if x * x % P != carre:
        x = x * RACINE_DE_MOINS_UN % P
    if y >= P or x * x % P != carre or (x == 0 and signe):
        return None
    return (P - x if x & 1 != signe else x), y


def ed25519(cle: bytes, message: bytes, signature: bytes) -> bool:
    base = lire_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    a, r = lire_point(cle), lire_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or base is None or a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + cle + message).digest(), "little") % L
    return produit(s, base) == somme(r, produit(h, a))


def lire_note(note: str, vkey: str) -> dict[str, Any]:
    """Size and root of a checkpoint, and whether the key of that line signed it."""
    corps, _, signatures = note.rpartition("\n\n")
    corps += "\n"
    origine, taille, racine64 = corps.split("\n")[:3]
    nom, identifiant, cle64 = vkey.split("+", 2)
    cle = base64.b64decode(cle64, validate=True)
    bonnes = []
    for ligne in signatures.splitlines():
        tiret, qui, octets64 = ligne.split(" ")
        octets = base64.b64decode(octets64, validate=True)
        if (tiret, qui, octets[:4].hex()) == ("—", nom, identifiant):
            bonnes.append(ed25519(cle[1:], corps.encode(), octets[4:]))
    juste = sha(nom.encode(), b"\n", cle)[:4].hex() == identifiant and cle[:1] == b"\x01"
    return {
        "origine": origine,
        "taille": int(taille),
        "racine": base64.b64decode(racine64, validate=True),
        "signee": juste and nom == origine and bonnes != [] and all(bonnes),
    }


def lire_preuve(texte: str) -> tuple[int, list[bytes], str]:
    tete, _, note = texte.partition("\n\n")
    entete, index, *hachages = tete.split("\n")
    if entete != "c2sp.org/tlog-proof@v1" or not index.startswith("index "):
        raise ValueError(entete)
    return int(index[6:]), [base64.b64decode(h, validate=True) for h in hachages], note


def main(journal: str, vecteurs: str) -> dict[str, Any]:
    lignes = Path(journal).read_bytes().splitlines()
    lu = json.loads(Path(vecteurs).read_text("utf-8"))
    feuilles = [sha(b"\x00", ligne) for ligne in lignes]
    racines = [racine(feuilles[:n]) for n in range(len(feuilles) + 1)]

    def hachages(cas: dict[str, Any]) -> list[bytes]:
        return [bytes.fromhex(h) for h in cas["hachages"]]

    inclusions = [
        depuis_la_feuille(feuilles[cas["position"] - 1], cas["position"] - 1, cas["taille"], h)
        == racines[cas["taille"]]
        for cas in lu["inclusions"]
        for h in [hachages(cas)]
    ]
    coherences = [
        deux_racines(cas["ancienne"], cas["taille"], racines[cas["ancienne"]], hachages(cas))
        == (racines[cas["ancienne"]], racines[cas["taille"]])
        for cas in lu["coherences"]
    ]
    releve = lire_note(lu["releve"], lu["cle_publique"])
    rang, chemin, note = lire_preuve(lu["preuve"])
    dit = lire_note(note, lu["cle_publique"])
    ligne = json.loads(lignes[0])
    origine = f"fabriques-ledger/{ligne['journal']}/{feuilles[0].hex()[:16]}"
    der = bytes.fromhex(lu["cle_der"])
    return {
        "feuilles": [f.hex() for f in feuilles] == lu["feuilles"],
        "racines": [r.hex() for r in racines] == lu["racines"],
        "inclusions": inclusions,
        "coherences": coherences,
        "origine": origine == lu["origine"] == releve["origine"] == dit["origine"],
        "releve": releve["signee"] and releve["racine"] == racines[releve["taille"]],
        "cle": der
        == bytes.fromhex("302a300506032b6570032100")
        + base64.b64decode(lu["cle_publique"].split("+", 2)[2])[1:],
        "preuve": dit["signee"]
        and depuis_la_feuille(feuilles[rang], rang, dit["taille"], chemin) == dit["racine"],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
