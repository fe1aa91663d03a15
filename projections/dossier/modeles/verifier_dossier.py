#!/usr/bin/env python3
"""Vérifie un dossier de preuve : python3 verifier_dossier.py [DOSSIER [CLE]]

Un seul fichier, la bibliothèque standard de Python 3.9 ou plus récent, et rien du moteur qui a
fait le dossier. Les formats sont ceux de RFC 6962 (arbre), C2SP (relevés) et RFC 8032 (Ed25519).
CLE est une clé publique (NOM+IDENTIFIANT+BASE64) reçue par une autre voie : le relevé doit être
signé par elle. Employer de préférence une copie de ce fichier qui ne vient pas du dossier.
Code de sortie : 0 tout tient, 1 un contrôle échoue, 2 le dossier ne se lit pas.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

Point = tuple[int, int, int, int]
Releve = tuple[str, str, int, bytes, bytes]
"""Name, origin, size, root, whole note."""
P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
OCTETS_SIGNATURE = 64
CACHES = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
echecs: list[str] = []


def sha(octets: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(octets).digest()


def montrer(phrase: str) -> None:
    """One line, whatever the pack says: no sign that moves a terminal or forges a verdict."""
    visible = CACHES.sub(lambda c: f"\\u{ord(c[0]):04x}", phrase)
    sys.stdout.write(visible + "\n")


def dire(juste: bool, phrase: str) -> bool:
    """One line for each check; a failed one is remembered."""
    montrer(("ok      " if juste else "ÉCHEC   ") + phrase)
    if not juste:
        echecs.append(phrase)
    return juste


def lire(*noms: str | Path) -> bytes:
    """The bytes of a file of the pack; never what a link, a pipe or a device of it leads to."""
    chemin = Path(*noms)
    if not stat.S_ISREG(chemin.lstat().st_mode):
        raise ValueError(f"{chemin} n'est pas un fichier ordinaire")
    return chemin.read_bytes()


def sans_double(paires: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a member told twice would be read one way here and another elsewhere."""
    objet = dict(paires)
    if len(objet) != len(paires):
        raise ValueError("un membre JSON figure deux fois")
    return objet


def lire_json(octets: bytes) -> Any:
    """One JSON value."""
    return json.loads(octets, object_pairs_hook=sans_double)


# --- Arbre de Merkle (RFC 6962) -------------------------------------------------------------------


def feuille(ligne: bytes) -> bytes:
    """The leaf of a journal line."""
    return sha(b"\x00" + ligne)


def racines(feuilles: list[bytes], tailles: set[int]) -> dict[int, bytes]:
    """The root at each of these sizes, in one pass over the leaves."""
    pile: list[tuple[bytes, int]] = []
    trouvees: dict[int, bytes] = {}
    if 0 in tailles:
        trouvees[0] = sha(b"")
    for rang, hachage in enumerate(feuilles, 1):
        pile.append((hachage, 1))
        while len(pile) > 1 and pile[-2][1] == pile[-1][1]:
            (droite, n), (gauche, _) = pile.pop(), pile.pop()
            pile.append((sha(b"\x01" + gauche + droite), 2 * n))
        if rang in tailles:
            racine = pile[-1][0]
            for gauche, _ in reversed(pile[:-1]):
                racine = sha(b"\x01" + gauche + racine)
            trouvees[rang] = racine
    return trouvees


def racine_par_preuve(hachage: bytes, rang: int, taille: int, preuve: list[bytes]) -> bytes | None:
    """The root that a proof leads to from the leaf of that rank (from 0), or None."""
    dernier = taille - 1
    for voisin in preuve:
        if dernier == 0:
            return None
        if rang & 1 or rang == dernier:
            hachage = sha(b"\x01" + voisin + hachage)
            while rang and not rang & 1:
                rang, dernier = rang >> 1, dernier >> 1
        else:
            hachage = sha(b"\x01" + hachage + voisin)
        rang, dernier = rang >> 1, dernier >> 1
    return hachage if dernier == 0 else None


# --- Ed25519 (RFC 8032) ---------------------------------------------------------------------------


def plus(a: Point, b: Point) -> Point:
    """The sum of two points, extended coordinates."""
    u, v = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    w, z = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = v - u, z - w, z + w, v + u
    return e * f % P, g * h % P, f * g % P, e * h % P


def fois(n: int, point: Point) -> Point:
    """n times a point."""
    somme = (0, 1, 1, 0)
    while n:
        if n & 1:
            somme = plus(somme, point)
        point, n = plus(point, point), n >> 1
    return somme


def point(octets: bytes) -> Point | None:
    """The curve point that 32 bytes encode, or None."""
    y = int.from_bytes(octets, "little") & (1 << 255) - 1
    signe = octets[31] >> 7
    if y >= P:
        return None
    carre = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(carre, (P + 3) // 8, P)
    if (x * x - carre) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - carre) % P or (x == 0 and signe):
        return None
    x = P - x if x & 1 != signe else x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or (0, 1, 1, 0)


def ed25519(cle: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key (32 bytes) made that signature (64 bytes) of the message."""
    a, r = point(cle), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != OCTETS_SIGNATURE or a is None or r is None or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + cle + message).digest(), "little") % Q
    gauche, droite = fois(s, BASE), plus(r, fois(h, a))
    return (
        not (gauche[0] * droite[2] - droite[0] * gauche[2]) % P
        and not (gauche[1] * droite[2] - droite[1] * gauche[2]) % P
    )


def signe_par(note: bytes, vkey: str) -> bool | None:
    """True, False, or None when the note bears no signature of that key."""
    corps, _, signatures = note.rpartition(b"\n\n")
    nom, identifiant, cle64 = vkey.split("+", 2)
    cle = base64.b64decode(cle64)
    if sha(nom.encode() + b"\n" + cle)[:4].hex() != identifiant or cle[:1] != b"\x01":
        return False
    verdict: bool | None = None
    for ligne in signatures.decode().splitlines():
        tiret, de, octets64 = ligne.split(" ")
        octets = base64.b64decode(octets64)
        if (tiret, de, octets[:4].hex()) == ("—", nom, identifiant):
            verdict = verdict is not False and ed25519(cle[1:], corps + b"\n", octets[4:])
    return verdict


# --- Le dossier -----------------------------------------------------------------------------------


def empreintes() -> None:
    """Every file is the one that SHA256SUMS names, and no other is there."""
    sommes = {}
    for ligne in lire("SHA256SUMS").decode().splitlines():
        somme, nom = ligne.split("  ", 1)
        sommes[nom] = somme
    presents = {
        chemin.as_posix()
        for chemin in Path().rglob("*")
        if chemin.is_symlink() or not chemin.is_dir()
    }
    dire(not any(Path(nom).is_symlink() for nom in presents), "aucun lien symbolique")
    dire(presents == set(sommes) | {"SHA256SUMS"}, "les fichiers sont ceux de SHA256SUMS")
    for nom in sorted(presents & set(sommes)):
        if sha(lire(nom)).hex() != sommes[nom]:
            dire(False, f"empreinte de {nom}")


def releves() -> list[Releve]:
    """(name, origin, size, root, note) of each checkpoint."""
    tous = []
    for chemin in sorted(Path("releves").glob("*.releve")):
        note = lire(chemin)
        origine, taille, racine = note.decode().split("\n")[:3]
        tous.append((chemin.name, origine, int(taille), base64.b64decode(racine), note))
    return tous


def signatures(tous: list[Releve], manifeste: dict[str, Any]) -> None:
    """Every signed checkpoint is signed by a key of the pack, and by none falsely."""
    for nom, _, _, _, note in tous:
        if b"\n\n" not in note:
            montrer(f"-       relevé {nom} : non signé")
            continue
        verdicts = [signe_par(note, vkey) for vkey in manifeste["cles"]]
        dire(True in verdicts and False not in verdicts, f"signature du relevé {nom}")


def journal(manifeste: dict[str, Any], tous: list[Releve]) -> dict[int, Any]:
    """The whole journal: order, chain, root at every checkpoint, cells."""
    octets = lire("journal.jsonl")
    *lignes, apres = octets.split(b"\n")
    dire(not apres, "rien après la dernière ligne du journal")
    dire(sha(octets).hex() == manifeste["empreinte_prefixe"], "empreinte de préfixe")
    precedent: str | None = None
    feuilles: list[bytes] = []
    juste = True
    for rang, ligne in enumerate(lignes, 1):
        lue = lire_json(ligne)
        juste &= lue["pos"] == rang and lue["journal"] == manifeste["programme"]
        juste &= lue["state"]["precedent"] == precedent
        feuilles.append(feuille(ligne))
        precedent = feuilles[-1].hex()
    dire(juste, f"chaîne du journal, {len(lignes)} lignes")
    dire(len(lignes) == manifeste["taille"], "taille du journal")
    trouvees = racines(feuilles, {t for _, _, t, _, _ in tous} | {manifeste["taille"]})
    dire(
        trouvees.get(manifeste["taille"]) == base64.b64decode(manifeste["racine"]),
        f"racine du journal {manifeste['racine']}",
    )
    for nom, _, taille, racine, _ in tous:
        dire(trouvees.get(taille) == racine, f"racine du relevé {nom}, {taille} lignes")
    return {rang: lire_json(ligne) for rang, ligne in enumerate(lignes, 1)}


def lignes_prouvees(manifeste: dict[str, Any], tous: list[Releve]) -> dict[int, Any]:
    """A partial pack: each line is in the tree of the checkpoint, the others are not shown."""
    attendu = manifeste["taille"], base64.b64decode(manifeste["racine"])
    connus = {note: (taille, racine) for _, _, taille, racine, note in tous}
    dire(attendu in connus.values(), "le manifeste dit la racine d'un relevé")
    lues = {}
    for chemin in sorted(Path("lignes").iterdir()):
        ligne = lire(chemin).rstrip(b"\n")
        texte = lire("preuves", f"{chemin.stem}.tlog-proof")
        entete, _, note = texte.partition(b"\n\n")
        _, index, *hachages = entete.decode().split("\n")
        rang, (taille, racine) = int(index.split(" ")[1]), connus.get(note, (0, b""))
        calculee = racine_par_preuve(
            feuille(ligne), rang, taille, [base64.b64decode(h) for h in hachages]
        )
        lue = lire_json(ligne)
        juste = calculee is not None and calculee == racine and lue["pos"] == rang + 1
        juste = juste and (taille, racine) == attendu
        dire(juste, f"la ligne {lue['pos']} est dans le journal")
        lues[lue["pos"]] = lue
    dire(sorted(lues) == manifeste["positions"], "les lignes sont celles du manifeste")
    return lues


def cellules(lues: dict[int, Any]) -> dict[str, int]:
    """Each figure is the sum of the lines that make it, and is the one of the tables."""
    sommes: dict[str, int] = {}
    juste = True
    for texte in lire("cellules.jsonl").decode().splitlines():
        cellule = lire_json(texte.encode())
        juste &= sum(c for _, c in cellule["contributions"]) == cellule["valeur"]
        juste &= all(p in lues for p, _ in cellule["contributions"])
        juste &= cellule["cellule"] not in sommes
        sommes[cellule["cellule"]] = cellule["valeur"]
    dire(juste, f"{len(sommes)} chiffres sont la somme de leurs lignes")
    vues, justes = 0, True
    texte = lire("tableaux", "cellules.csv").decode("utf-8")
    for rangee in csv.DictReader(io.StringIO(texte, newline="")):
        vues, justes = (
            vues + 1,
            justes and sommes.get(rangee["cellule"]) == int(rangee["valeur"]),
        )
    dire(justes and vues == len(sommes), "tableaux/cellules.csv porte ces chiffres")
    return sommes


def recompte(lues: dict[int, Any], au: str | None) -> dict[str, int]:
    """Committed and paid, in all and by exercice, made again from the lines."""
    refaits = {"enveloppe.engage": 0, "enveloppe.paye": 0}
    for lue in lues.values():
        etat, genre = lue["state"], lue["type"]
        if au is not None and etat["date_effet"] > au:
            continue
        if genre in ("fabrique-labellisee", "bonus-numerique-accorde"):
            montant, noms = etat["montant_centimes"], ("enveloppe.engage", "ae_engagees")
        elif genre == "avenant-signe":
            montant, noms = etat.get("engagement_centimes", 0), ("enveloppe.engage", "ae_engagees")
        elif genre in ("tranche-versee", "bonus-numerique-verse"):
            montant, noms = etat["montant_centimes"], ("enveloppe.paye", "cp_payes")
        elif genre == "versement-annule":
            membre = "regularisations" if etat["regularisation"] else "cp_payes"
            montant, noms = -etat["montant_centimes"], ("enveloppe.paye", membre)
        else:
            continue
        refaits[noms[0]] += montant
        annee = f"credits.{etat['exercice']}.{noms[1]}"
        refaits[annee] = refaits.get(annee, 0) + montant
    return refaits


def principal(dossier: Path, cle: str | None) -> int:
    """Check a pack; the exit code."""
    os.chdir(dossier)
    manifeste = lire_json(lire("MANIFESTE.json"))
    empreintes()
    tous = releves()
    origines = set(manifeste["origines"])
    dire(all(o in origines for _, o, _, _, _ in tous), "les relevés portent sur ce journal")
    publiees = [lire(f).decode("utf-8").strip() for f in sorted(Path("cles").glob("*.vkey"))]
    dire(publiees == manifeste["cles"], "les clés sont celles du manifeste")
    dire({c.split("+")[0] for c in publiees} <= origines, "les clés portent le nom du journal")
    complet = manifeste["genre"] == "complet"
    lues = journal(manifeste, tous) if complet else lignes_prouvees(manifeste, tous)
    sommes = cellules(lues)
    if complet:
        refaits = recompte(lues, manifeste["au"])
        dire(
            all(sommes.get(nom) == valeur for nom, valeur in refaits.items()),
            f"{len(refaits)} chiffres refaits depuis les lignes : engagé, payé, par exercice",
        )
    signatures(tous, manifeste)
    if cle is not None:
        juste = any(
            taille == manifeste["taille"] and signe_par(note, cle) for _, _, taille, _, note in tous
        )
        dire(juste, "le relevé de ce dossier est signé par la clé donnée")
    montrer(
        f"Origine {manifeste['origine']}, {manifeste['taille']} lignes, "
        f"racine {manifeste['racine']}"
    )
    montrer("Les rapports et les autres tableaux ne sont tenus que par SHA256SUMS.")
    montrer(f"{len(echecs)} ÉCHEC(S)" if echecs else "TOUT TIENT")
    return 1 if echecs else 0


def lancer(arguments: list[str]) -> int:
    """The exit code for these arguments: nothing that a pack holds makes this file crash."""
    try:
        ici = Path(arguments[0]) if arguments else Path(__file__).parent
        return principal(ici, arguments[1] if len(arguments) > 1 else None)
    except Exception as erreur:  # whatever a hostile pack may cause: it does not read
        montrer(f"ILLISIBLE : {type(erreur).__name__} {erreur}")
        return 2


if __name__ == "__main__":
    sys.exit(lancer(sys.argv[1:]))
