"""What the targets start from, made once: a base, its key, notes, reports, a pack. All repeatable.

Folders are in memory where the machine has such a place: a target writes one file a run.
"""

from __future__ import annotations

import atexit
import io
import os
import shutil
import sqlite3
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from zipfile import ZipFile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from commands import GrandLivre
from ledger import Journal, MemoryStore, SQLiteStore, Store
from ledger.audit import verifier
from ledger.preuve.releve import ClePublique
from ledger.sceau.cles import SignataireFichier
from ledger.sceau.publieur import Publieur, signer
from ledger.testing.horloge import Horloge
from projections.dossier import Pieces, composer, joindre
from projections.lecture import Lecture
from projections.situation import regarder
from tests.lecture.histoires import PROGRAMME, Objet, histoire_ecrite

P = PROGRAMME
_ACTEUR = {"id": "claire", "role": "comptable"}


@cache
def dossier() -> Path:
    """A folder of this process, removed at its end."""
    memoire = Path("/dev/shm")  # noqa: S108 - only a place to be fast, with a folder of our own
    parent = memoire if memoire.is_dir() and os.access(memoire, os.W_OK) else None
    ici = Path(tempfile.mkdtemp(prefix="fabriques-fuzz-", dir=parent))
    atexit.register(shutil.rmtree, ici, ignore_errors=True)
    return ici


def commandes() -> list[Objet]:
    """The history written by hand, then what it lacks: amendment, orders, opinions, a restart."""
    suite: list[tuple[str, str, Objet]] = [
        (
            "InstruireCandidature",
            "2022-02-01",
            {
                "structure": "s-3",
                "criteres": dict.fromkeys(
                    (
                        "ancrage_territorial",
                        "communaute_engagee",
                        "gouvernance_partagee",
                        "hybridation_activites",
                        "experimentation",
                    ),
                    "rempli",
                ),
                "roles": ["lieu_ressource"],
            },
        ),
        (
            "RendreAvis",
            "2022-02-02",
            {"structure": "s-3", "avis": "favorable", "instance": "CNTL"},
        ),
        (
            "LabelliserFabrique",
            "2022-02-03",
            {
                "structure": "s-3",
                "montant_centimes": 9_000_000,
                "echeancier": [
                    {
                        "rang": rang,
                        "exercice": 2021 + rang,
                        "montant_centimes": 4_500_000,
                        "echeance": f"{2021 + rang}-03-01",
                    }
                    for rang in (1, 2)
                ],
            },
        ),
        (
            "SignerAvenant",
            "2022-02-04",
            {
                "structure": "s-3",
                "montant_centimes": 8_000_000,
                "motif": "m",
                "echeancier": [
                    {
                        "rang": rang,
                        "exercice": 2021 + rang,
                        "montant_centimes": 4_000_000,
                        "echeance": f"{2021 + rang}-03-01",
                    }
                    for rang in (1, 2)
                ],
            },
        ),
        (
            "OrdonnancerTranche",
            "2022-03-01",
            {"structure": "s-3", "rang": 1, "montant_centimes": 4_000_000, "dp": "dp"},
        ),
        (
            "VerserTranche",
            "2022-03-02",
            {"structure": "s-3", "rang": 1, "montant_centimes": 1_000_000, "reference": "v3"},
        ),
        ("RecevoirBilan", "2022-04-01", {"structure": "s-3", "exercice": 2022, "accepte": True}),
        (
            "GelerCrédits",
            "2022-04-02",
            {"exercice": 2020, "ae_centimes": 5, "cp_centimes": 5, "source": "d"},
        ),
        (
            "DégelerCrédits",
            "2022-04-03",
            {"exercice": 2020, "ae_centimes": 2, "cp_centimes": 2, "source": "d"},
        ),
    ]
    autres = [
        {
            "commande": verbe,
            "id_commande": f"d-{rang}",
            "programme": P,
            "acteur": {"id": "paul", "role": "ordonnateur"} if verbe[0] == "O" else _ACTEUR,
            "date_effet": jour,
            **champs,
        }
        for rang, (verbe, jour, champs) in enumerate(suite)
    ]
    return [*histoire_ecrite(), *autres]


@cache
def livre() -> GrandLivre:
    """The ledger of that history, in memory. Fork it; never write to it."""
    grand_livre = GrandLivre(MemoryStore(), clock=Horloge())
    remplir(grand_livre)
    return grand_livre


def remplir(grand_livre: GrandLivre) -> None:
    """Play the history, every command of which is accepted."""
    for recu in grand_livre.executer_lot(commandes()):
        if not recu.acceptee:
            raise ValueError(str(recu))


def store() -> Store:
    """The store of that ledger."""
    return livre().store


def journal(lu: Store | None = None) -> Journal:
    """The journal, read to its end."""
    fait = Journal(store() if lu is None else lu, P)
    for _ in fait.rattraper():
        pass
    return fait


@cache
def signataire() -> SignataireFichier:
    """A key that is the same at each run: of no worth outside these tests."""
    return SignataireFichier(privee())


@cache
def privee() -> Ed25519PrivateKey:
    """Its private half."""
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def cle_pem_privee() -> bytes:
    """The same key in PEM."""
    return privee().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def vkey() -> ClePublique:
    """Its public half, under the origin of the journal."""
    return ClePublique(journal().origine(), signataire().cle)


@cache
def note() -> bytes:
    """The signed checkpoint of the journal."""
    return signer(journal().releve(), signataire()).note()


@cache
def recus() -> bytes:
    """Receipts of the last commands, one a line."""
    lu = journal()
    tailles = range(max(lu.taille - 3, 1), lu.taille + 1)
    lignes = [
        f'{{"id_commande":"c-{t}","origine":"{lu.origine()}","positions":[{t}],'
        f'"racine":"{b64encode(lu.arbre.racine(t)).decode()}","statut":"acceptee","taille":{t}}}\n'
        for t in tailles
    ]
    return "".join(lignes).encode()


@cache
def base_sqlite() -> bytes:
    """The same history as a SQLite file, in one file."""
    fichier = dossier() / "modele.db"
    with GrandLivre(SQLiteStore(fichier, creer=True), clock=Horloge()) as grand_livre:
        remplir(grand_livre)
    with closing(sqlite3.connect(fichier)) as connexion:
        connexion.execute("PRAGMA journal_mode=DELETE")
    return fichier.read_bytes()


@cache
def modele_de_lecture() -> bytes:
    """Its read model as a file."""
    fichier = dossier() / "modele-lecture.db"
    with Lecture(fichier) as lecture:
        lecture.rafraichir(store())
    return fichier.read_bytes()


@cache
def paquet(structure: str | None) -> Path:
    """An evidence pack (of one structure when it is named), unpacked."""
    releves = dossier() / "releves"
    Publieur(releves, signataire()).publier(journal())
    lu = journal()
    pieces: Pieces = joindre(lu, releves)
    flux = io.BytesIO()
    composer(flux, lu, regarder(lu), verifier(store(), P), pieces, structure=structure)
    ici = dossier() / f"dossier-{structure}"
    with ZipFile(flux) as archive:
        archive.extractall(ici)
    return next(ici.iterdir())


@contextmanager
def fichier(octets: bytes, nom: str = "essai.db") -> Iterator[Path]:
    """A file that holds these bytes, alone in a folder removed afterwards."""
    ici = Path(tempfile.mkdtemp(dir=dossier()))
    try:
        (ici / nom).write_bytes(octets)
        (ici / nom).chmod(0o600)
        yield ici / nom
    finally:
        shutil.rmtree(ici)
