"""Targets made of whole files: a base, a read model, the members of an evidence pack."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from commands import GrandLivre
from ledger import Journal, SQLiteStore
from ledger.audit import verifier
from ledger.erreurs import LedgerError
from ledger.testing.horloge import Horloge
from projections import credits, enveloppe, regarder, structures
from projections.lecture import Lecture
from tests.fuzz import atelier
from tests.fuzz.journaux import _SUITE as SUITE
from tests.fuzz.moteur import Cible

P = atelier.P


def base(octets: bytes) -> str:
    """The file of a base, any bytes of it changed: LedgerErrors and findings, nothing else."""
    reponses: list[str] = []
    with atelier.fichier(octets) as ici:
        try:
            store = SQLiteStore(ici, ecriture=False)
            try:
                audit = verifier(store, P)
                reponses += sorted({c.code for c in audit.constats}) or ["conforme"]
                vue = regarder(Journal(store, P))
                reponses.append(str(bool((enveloppe(vue), credits(vue), structures(vue)))))
            finally:
                store.fermer()
        except LedgerError as erreur:
            reponses.append(erreur.code)
        try:
            with GrandLivre.ouvrir(ici, clock=Horloge()) as livre:
                reponses.append(livre.executer(SUITE).statut)
        except LedgerError as erreur:
            reponses.append(erreur.code)
    return " ".join(reponses)


def modele(octets: bytes) -> str:
    """The file of a read model, any bytes of it changed: drift told, or LedgerErrors."""
    reponses: list[str] = []
    with atelier.fichier(octets) as ici:
        for ecriture in (False, True):
            try:
                with Lecture(ici, ecriture=ecriture) as lecture:
                    if ecriture:
                        lecture.rafraichir(atelier.store(), complet=True)
                    reponses.append(str(bool(lecture.comparer(atelier.store()).derives)))
                    lecture.chercher("forge")
                    lecture.positions()
                    lecture.lignes()
            except LedgerError as erreur:
                reponses.append(erreur.code)
    return " ".join(reponses)[:60]


@cache
def _verificateur(structure: str | None) -> Any:
    """The checker that the pack carries, as a module."""
    fichier = atelier.paquet(structure) / "verifier_dossier.py"
    spec = importlib.util.spec_from_file_location("verifier_dossier", fichier)
    if spec is None or spec.loader is None:
        raise ValueError(fichier)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def piece(octets: bytes) -> str:
    """`(GENRE) NAME` then the bytes of a member, SHA256SUMS made again: it never passes for whole.

    A pack whose journal lines are not the true ones does not hold for who has the key.
    """
    tete, _, contenu = octets.partition(b"\n")
    genre, _, nom = tete.decode("utf-8", "replace").partition(" ")
    structure = "s-1" if genre == "partiel" else None
    ici = atelier.paquet(structure)
    membres = {f.relative_to(ici).as_posix(): f for f in ici.rglob("*") if f.is_file()}
    if nom not in membres or nom == "verifier_dossier.py":
        return "écarté"
    avant = {n: membres[n].read_bytes() for n in (nom, "SHA256SUMS")}
    try:
        membres[nom].write_bytes(contenu)
        if nom != "SHA256SUMS":
            _sceller(ici, membres)
        code, dit = _verifier(ici, _verificateur(structure))
    finally:
        for n, octets_avant in avant.items():
            membres[n].write_bytes(octets_avant)
    vraies = nom == "journal.jsonl" or nom.startswith("lignes/") or nom.endswith(".releve")
    # of a note, the signed text: its base64 may be written in more ways than one
    if vraies and contenu.split(b"\n\n")[0].rstrip() != avant[nom].split(b"\n\n")[0].rstrip():
        assert code != 0, dit
    return f"{nom} {code} {[li[:40] for li in dit.split(chr(10)) if li[:1] == 'É'][:3]}"


def _sceller(ici: Path, membres: dict[str, Path]) -> None:
    """SHA256SUMS as whoever changed a member would write it again."""
    lignes = [
        f"{sha256(f.read_bytes()).hexdigest()}  {n}\n"
        for n, f in sorted(membres.items())
        if n != "SHA256SUMS"
    ]
    (ici / "SHA256SUMS").write_text("".join(lignes), "utf-8")


def _verifier(ici: Path, module: Any) -> tuple[int, str]:
    module.echecs.clear()
    sortie, ancien = io.StringIO(), os.getcwd()  # noqa: PTH109
    try:
        with contextlib.redirect_stdout(sortie):
            code = module.lancer([str(ici), str(atelier.vkey())])
    finally:
        os.chdir(ancien)
    return code, sortie.getvalue()


def _pieces() -> list[bytes]:
    graines = []
    for genre, structure in (("complet", None), ("partiel", "s-1")):
        ici = atelier.paquet(structure)
        for fichier in sorted(ici.rglob("*")):
            nom = fichier.relative_to(ici).as_posix()
            lu = nom.endswith((".jsonl", ".json", ".releve", ".tlog-proof", ".vkey", "SHA256SUMS"))
            if (lu and "rapport" not in nom) or nom == "tableaux/cellules.csv":
                graines.append(f"{genre} {nom}\n".encode() + fichier.read_bytes())
    return graines


CIBLES = (
    Cible("base", "le fichier d'une base", lambda: [atelier.base_sqlite()], base, executions=60),
    Cible(
        "modele",
        "le fichier d'un modèle de lecture",
        lambda: [atelier.modele_de_lecture()],
        modele,
        executions=15,
        maximum=400_000,
    ),
    Cible(
        "dossier",
        "une pièce d'un dossier de preuve, relue par son vérificateur",
        _pieces,
        piece,
        jetons=(b'"positions":', b'"taille":', b'"cles":', "— ".encode(), b"  "),
        executions=60,
    ),
)
