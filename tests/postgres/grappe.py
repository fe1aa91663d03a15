"""A primary and its streaming standby on this machine, made with PostgreSQL's own tools.

`python -m tests.postgres.grappe [commands [late]]` says what asynchronous replication loses when
the primary dies under eight writers: its link to the standby whole, then cut for `late` commands.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from commands import GrandLivre, Recu
from ledger import StoreError
from ledger.preuve.merkle import racine_base64
from tests.unit.commands.test_concurrence import commande
from tests.unit.monde import P

from .serveur import COMPTE, Binaires, Serveur, dossier_de_serveur, nouveau

SECOURS = "secours"
_COMPTER = "SELECT count(*) FROM fabriques.stored_events"


class Grappe:
    """A primary, its standby, and the receipts that writers keep outside of both."""

    def __init__(self, binaires: Binaires, dossier: Path, *, synchrone: bool) -> None:
        self.principal = nouveau(binaires, dossier, "principal")
        self.secours = nouveau(binaires, dossier, SECOURS)
        self.principal.initialiser()
        self.principal.demarrer()
        binaires.lancer(
            *("pg_basebackup", "-h", self.principal.dossier, "-U", COMPTE, "-c", "fast", "-R"),
            *("-D", self.secours.donnees, "-d", f"application_name={SECOURS}"),
            cwd=self.secours.dossier,
        )
        self.secours.demarrer()
        if synchrone:
            self.regler("synchronous_standby_names", SECOURS)

    def regler(self, reglage: str, valeur: str) -> None:
        """Change a setting of the primary, and wait until it counts."""
        self.principal.sql(f"ALTER SYSTEM SET {reglage} = '{valeur}'")
        self.principal.sql("SELECT pg_reload_conf()")
        attendu = "sync" if valeur else "async"
        while self.principal.sql("SELECT sync_state FROM pg_stat_replication") != [(attendu,)]:
            threading.Event().wait(0.02)

    @property
    def url(self) -> str:
        """Both servers; libpq chooses the one that writes."""
        hotes = f"{self.principal.dossier},{self.secours.dossier}"
        return f"postgresql://{COMPTE}@/postgres?host={hotes}&target_session_attrs=read-write"

    def couper_le_lien(self) -> None:
        """The standby receives nothing more."""
        (recepteur,) = self.secours.sql("SELECT pid FROM pg_stat_wal_receiver")
        self.secours.sql("ALTER SYSTEM SET primary_conninfo = ''")
        self.secours.sql("SELECT pg_reload_conf()")
        while self.secours.sql("SELECT pid FROM pg_stat_wal_receiver") == [recepteur]:
            threading.Event().wait(0.02)

    def promouvoir(self) -> None:
        """The standby becomes the primary; it waits for nobody."""
        self.secours.sql("ALTER SYSTEM RESET synchronous_standby_names")
        self.secours.sql("SELECT pg_reload_conf()")
        assert self.secours.sql("SELECT pg_promote(true, 60)") == [(True,)]

    def arreter(self) -> None:
        """Both."""
        for serveur in (self.secours, self.principal):
            serveur.arreter("immediate")


@contextmanager
def grappe(*, synchrone: bool, disque: bool = False) -> Iterator[Grappe]:
    """Two servers, for the time of a test."""
    with dossier_de_serveur(disque=disque) as (binaires, dossier):
        deux = Grappe(binaires, dossier, synchrone=synchrone)
        try:
            yield deux
        finally:
            deux.arreter()


def ecrire_jusqua_la_mort(
    url: str, *, fils: int, avant: int, tuer: Any
) -> tuple[dict[str, Recu], int]:
    """Threads write until the primary dies under them; their receipts, and how many got none."""
    recus: dict[str, Recu] = {}
    sans_reponse: list[str] = []
    assez = threading.Event()
    with GrandLivre.ouvrir(url) as livre:

        def ecrire(fil: int) -> None:
            for n in range(100_000):
                identifiant = f"{fil}-{n}"
                try:
                    recus[identifiant] = livre.executer(commande("ModifierEnveloppe", identifiant))
                except StoreError:
                    sans_reponse.append(identifiant)
                    return
                if len(recus) >= avant:
                    assez.set()

        ecrivains = [threading.Thread(target=ecrire, args=(fil,)) for fil in range(fils)]
        for ecrivain in ecrivains:
            ecrivain.start()
        assert assez.wait(120)
        tuer()
        for ecrivain in ecrivains:
            ecrivain.join()
    return recus, len(sans_reponse)


def perdus(serveur: Serveur, recus: dict[str, Recu], programme: str) -> list[str]:
    """The acknowledged commands that a server does not hold where their receipts say."""
    with GrandLivre.ouvrir(serveur.url()) as livre:
        journal = livre.journal(programme)
        connus = livre.store.retrouver(programme, recus)
        return [
            identifiant
            for identifiant, recu in recus.items()
            if identifiant not in connus
            or connus[identifiant].position != recu.positions[0]
            or recu.taille is None
            or recu.taille > journal.taille
            or racine_base64(journal.arbre.racine(recu.taille)) != recu.racine
        ]


def perte_asynchrone(
    avant: int, *, retard: int, disque: bool = False
) -> tuple[dict[str, Recu], list[str], int]:
    """What was acknowledged by a primary that dies, what of it its asynchronous standby lacks once
    promoted, and the position that the standby is at. The link is cut `retard` commands before."""
    with grappe(synchrone=False, disque=disque) as deux:
        with GrandLivre.ouvrir(deux.url, creer=True) as livre:
            livre.executer(commande("OuvrirProgramme", "o", "2019-07-11"))

        def tuer() -> None:
            if retard:
                deux.couper_le_lien()
                ((vues,),) = deux.principal.sql(_COMPTER)
                while deux.principal.sql(f"SELECT ({_COMPTER}) >= {vues} + {retard}") != [(True,)]:
                    threading.Event().wait(0.02)
            deux.principal.tuer()

        recus, _ = ecrire_jusqua_la_mort(deux.url, fils=8, avant=avant, tuer=tuer)
        deux.promouvoir()
        with GrandLivre.ouvrir(deux.secours.url()) as livre:
            reste = livre.etat(P).position
        return recus, perdus(deux.secours, recus, P), reste


def main() -> None:
    """Measure, print."""
    avant = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    retard = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    for suspendu in (0, retard):
        recus, manquent, _ = perte_asynchrone(avant, retard=suspendu, disque=True)
        sys.stdout.write(
            f"Lien coupé {suspendu} commandes avant : {len(recus)} acquittées, "
            f"{len(manquent)} perdues.\n"
        )


if __name__ == "__main__":
    main()
