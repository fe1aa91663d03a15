"""The base replaced under an open handle, between two of its commands.

Whatever people do to the files (delete, rename, restore, truncate, put back an older copy over the
same file), what the handle acknowledges afterwards is in the base that the path names; else it
raises. Files are written by other programs, as people do: this process opening them would drop its
own locks.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from commands import GrandLivre, Recu
from commands.testing.contexte import PROGRAMME
from ledger import Journal, LedgerError, SQLiteStore
from ledger.erreurs import StoreReplacedError
from ledger.preuve.merkle import racine_base64
from ledger.testing.valeurs import Json

from .commun import Bilan, dossier, figee

LONGUEURS = (1, 5, 40, 350)
"""Commands before the copy, then before the gesture: the longest go through a checkpoint."""
COMPAGNONS = ("-wal", "-shm")


@dataclass(frozen=True)
class Scene:
    """The base, an older copy of it, and another base of the same programme."""

    base: Path
    vieille: Path
    autre: Path

    def a_cote(self, suffixe: str) -> Path:
        """The log or the shared memory of the base."""
        return self.base.with_name(self.base.name + suffixe)

    def oter(self, *suffixes: str) -> None:
        """Delete files of the base, those that exist."""
        for suffixe in suffixes:
            self.a_cote(suffixe).unlink(missing_ok=True)


def _cp(depuis: Path, vers: Path) -> None:
    cp = shutil.which("cp") or "cp"
    subprocess.run([cp, os.fspath(depuis), os.fspath(vers)], check=True)


def _recopier_seule(scene: Scene) -> None:
    _cp(scene.vieille, scene.base)
    scene.oter(*COMPAGNONS)


def _ecarter(scene: Scene, *suffixes: str) -> None:
    for suffixe in suffixes:
        scene.a_cote(suffixe).rename(scene.base.with_name(f"ecartee{suffixe}"))


def _remplacer(scene: Scene, par: Path, *otes: str) -> None:
    neuve = scene.base.with_name("neuve")
    _cp(par, neuve)
    scene.oter(*otes)
    neuve.replace(scene.base)


def _restaurer(scene: Scene) -> None:
    """Through SQLite itself, as `.restore` does."""
    with closing(sqlite3.connect(scene.vieille)) as de, closing(sqlite3.connect(scene.base)) as a:
        de.backup(a)


def _restaurer_puis_ecrire(scene: Scene) -> None:
    """Restored, then written by somebody else up to where the handle stood, or just below."""
    with closing(sqlite3.connect(scene.base)) as c:
        (taille,) = c.execute("SELECT count(*) FROM stored_events").fetchone()
    _restaurer(scene)
    with GrandLivre.ouvrir(scene.base, clock=figee()) as livre:
        for rang in range(livre.etat(PROGRAMME).position, taille):
            livre.executer(modifier(f"autre-{rang}"))


GESTES: dict[str, Callable[[Scene], None]] = {
    "supprimer": lambda s: s.oter(""),
    "tout supprimer": lambda s: s.oter("", *COMPAGNONS),
    "renommer": lambda s: _ecarter(s, ""),
    "tout renommer": lambda s: _ecarter(s, "", *COMPAGNONS),
    "mettre une autre base à la place": lambda s: _remplacer(s, s.autre),
    "mettre une autre base, seule": lambda s: _remplacer(s, s.autre, *COMPAGNONS),
    "remettre une vieille copie": lambda s: _remplacer(s, s.vieille),
    "remettre une vieille copie, seule": lambda s: _remplacer(s, s.vieille, *COMPAGNONS),
    "recopier une vieille copie par-dessus": lambda s: _cp(s.vieille, s.base),
    "recopier par-dessus et ôter le journal": _recopier_seule,
    "restaurer par SQLite": _restaurer,
    "restaurer par SQLite puis écrire": _restaurer_puis_ecrire,
    "vider": lambda s: os.truncate(s.base, 0),
    "couper à la moitié": lambda s: os.truncate(s.base, s.base.stat().st_size // 2),
    "ôter -wal": lambda s: s.oter("-wal"),
    "ôter -shm": lambda s: s.oter("-shm"),
    "ôter -wal et -shm": lambda s: s.oter(*COMPAGNONS),
}
RECULS = frozenset(nom for nom in GESTES if nom.startswith(("restaurer", "remettre", "mettre")))
"""Gestures after which the base cannot hold what was acknowledged: the handle must raise."""
NOMMES = RECULS | {nom for nom in GESTES if nom.startswith(("supp", "tout", "renommer", "ôter"))}
"""Gestures that the handle must name: `base_remplacee`."""


def modifier(identifiant: str, *, variation: int = 1) -> Json:
    """A command that is always accepted."""
    return {
        "commande": "ModifierEnveloppe",
        "id_commande": identifiant,
        "programme": PROGRAMME,
        "acteur": {"id": "ana", "role": "systeme"},
        "date_effet": "2020-02-03",
        "variation_centimes": variation,
        "source": "LFR",
    }


def ouvrir(base: Path, ouverture: Json) -> GrandLivre:
    """A new base, the programme opened."""
    livre = GrandLivre.ouvrir(base, creer=True, clock=figee())
    livre.executer(ouverture)
    return livre


def jouer(geste: str, ouverture: Json, place: Path, sort: random.Random, bilan: Bilan) -> None:
    """One gesture between two commands of a warm handle."""
    scene = Scene(place / "base.db", place / "vieille.db", place / "autre.db")
    longueurs = sort.choice(LONGUEURS), sort.choice(LONGUEURS)
    with ouvrir(scene.autre, ouverture | {"id_commande": "o-autre"}) as autre:
        for rang in range(sum(longueurs)):
            autre.executer(modifier(f"x{rang}"))
    livre = ouvrir(scene.base, ouverture)
    acquis: list[Recu] = []
    for rang in range(longueurs[0]):
        acquis.append(livre.executer(modifier(f"m{rang}")))
    with closing(sqlite3.connect(scene.base)) as de, closing(sqlite3.connect(scene.vieille)) as a:
        de.backup(a)
    for rang in range(longueurs[0], sum(longueurs)):
        acquis.append(livre.executer(modifier(f"m{rang}")))
    GESTES[geste](scene)
    rendus, erreurs = _continuer(livre, acquis)
    ou = f"{geste} ({longueurs[0]} puis {longueurs[1]} commandes)"
    bilan.exiger(not (rendus and geste in RECULS), f"{ou} : rendu {rendus}")
    bilan.exiger(_tenus(scene.base, rendus), f"{ou} : rendu et absent, {rendus}")
    codes = {e.code if isinstance(e, LedgerError) else repr(e) for e in erreurs}
    if geste in NOMMES:
        bilan.exiger(codes == {StoreReplacedError.code}, f"{ou} : dit {sorted(codes)}")
    bilan.exiger(all(isinstance(e, LedgerError) for e in erreurs), f"{ou} : dit {sorted(codes)}")
    bilan.vues[f"{geste} : {', '.join(sorted(codes)) or 'rien de perdu'}"] += 1
    if geste.startswith("ôter"):  # the handle still had it all: closed, it is in the file
        livre.fermer()
        bilan.exiger(_tenus(scene.base, acquis), f"{ou} : acquis perdus à la fermeture")
    elif "seule" in geste:  # a successor is at work: our closing must not delete its log
        with GrandLivre.ouvrir(scene.base, clock=figee()) as suivant:
            recu = suivant.executer(modifier("suivant"))
            livre.fermer()
            bilan.exiger(_tenus(scene.base, [recu]), f"{ou} : le successeur a perdu son journal")
    else:
        livre.fermer()


def _continuer(livre: GrandLivre, acquis: list[Recu]) -> tuple[list[Recu], list[Exception]]:
    """Go on with the handle: new commands, and one sent again."""
    rendus: list[Recu] = []
    erreurs: list[Exception] = []
    envois = [modifier("n1"), modifier("n1"), modifier("n2"), modifier(str(acquis[-1].id_commande))]
    for envoi in envois:
        try:
            rendus.append(livre.executer(envoi))
        except (LedgerError, sqlite3.Error, OSError) as erreur:
            erreurs.append(erreur)
    return rendus, erreurs


def _tenus(base: Path, recus: list[Recu]) -> bool:
    """Whether a new handle finds each receipt in the base that the path names."""
    if not recus:
        return True
    try:
        store = SQLiteStore(base, ecriture=False)
        try:
            journal = Journal(store, PROGRAMME)
            faits = [fait for _, fait in journal.rattraper()]
        finally:
            store.fermer()
    except LedgerError:
        return False
    return all(
        r.taille is not None
        and r.taille <= journal.taille
        and faits[r.taille - 1].id_commande == r.id_commande
        and racine_base64(journal.arbre.racine(r.taille)) == r.racine
        for r in recus
    )


def campagne(rondes: int, graine: int) -> Bilan:
    """`rondes` gestures, each kind in turn."""
    bilan = Bilan()
    while bilan.rondes < rondes and len(bilan.manquees) < len(GESTES):
        geste = [*GESTES][bilan.rondes % len(GESTES)]
        sort = random.Random(f"{graine}-{bilan.rondes}")
        with dossier() as place:
            jouer(geste, OUVERTURE, place, sort, bilan)
        bilan.rondes += 1
    return bilan


OUVERTURE: Json = {
    "commande": "OuvrirProgramme",
    "id_commande": "o",
    "programme": PROGRAMME,
    "acteur": {"id": "ana", "role": "systeme"},
    "date_effet": "2019-07-11",
    "intitule": "Fabriques",
    "source": "AMI",
    "regles": {
        "enveloppe_centimes": 4_500_000_000,
        "plancher_centimes": 7_500_000,
        "plafond_centimes": 15_000_000,
        "plafond_annuel_centimes": 5_000_000,
        "exercices_max": 3,
        "quota_total": 300,
        "quota_qpv": 150,
        "quota_hors_qpv": 150,
        "quota_numeriques": 30,
        "bonus_centimes": 10_000_000,
        "exercice_bonus": 2019,
        "imputation_bonus": "enveloppe",
        "quotas": "bloquants",
        "credits": "non_suivis",
    },
}
