"""The trials that read: replay to every figure, growth with size, verification, memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ledger import Journal, SQLiteStore
from ledger.audit import verifier
from ledger.preuve.canonique import decoder
from projections import anomalies, credits, echeancier, enveloppe, regarder, structures
from projections.situation import plier

from . import brut
from .charge import PROGRAMME, commandes
from .chrono import Comparaison, Mesure, alterner, geler
from .commun import Tailles
from .memoire import octets_d_un_audit, octets_par_fait
from .stock import Subventions


def rejeu(dossier: Path, base: Path, t: Tailles) -> list[Mesure]:
    """From the file to every figure, lines verified, against a scan and a stock replay.

    `base` has `t.grande` events. The stock aggregates replay `t.total` of them: their cost is the
    same for each, and they are compared fact for fact.
    """
    fichier = dossier / "stock-rejeu.db"
    app = Subventions(fichier)
    app.remplir(commandes(t.total))
    app.close()
    slugs = list(dict.fromkeys(o["structure"] for o in commandes(t.total) if "structure" in o))
    n = t.grande
    geler()
    durees = alterner(
        {
            "deux": lambda _: toutes_les_figures(base, n, coeurs=2),
            "un": lambda _: toutes_les_figures(base, n),
            "brut": lambda _: brut.parcourir(base, n),
            f"stock, {t.total} faits": lambda _: _figures_stock(fichier, slugs),
            "verification": lambda _: _verifier(base),
            "sans_hachage": lambda _: _plier_sans_verifier(base),
            "racine": lambda _: _racine(base),
        },
        tours=t.rejeux,
    )
    stock = f"stock, {t.total} faits"
    durees[stock] = [duree * n // t.total for duree in durees[stock]]
    comparer = Comparaison(durees, n, "µs/fait")
    nom = f"rejeu vérifié de {n} faits, toutes figures"
    return [
        comparer(f"{nom}, deux cœurs", "deux", "brut", 0.30),
        comparer(f"{nom}, deux cœurs", "deux", stock, 10),
        comparer(f"{nom}, un cœur", "un", "brut"),
        comparer(f"{nom}, un cœur", "un", stock),
        comparer("· lecture et vérification seules, un cœur", "verification", "brut"),
        comparer("· les mêmes, racine de Merkle comprise", "racine", "brut"),
        comparer("· lecture et pli, sans vérification, un cœur", "sans_hachage", "brut"),
    ]


def croissance(base: Path, t: Tailles) -> list[Mesure]:
    """Replay to every figure at growing sizes, against a scan of as many rows."""
    return [_rejouer(base, taille, t.rejeux) for taille in t.croissance]


def _rejouer(base: Path, taille: int, tours: int) -> Mesure:
    durees = alterner(
        {
            "moteur": lambda _: toutes_les_figures(base, taille, coeurs=2),
            "brut": lambda _: brut.parcourir(base, taille),
        },
        tours=tours,
        chauffe=1,
    )
    return Comparaison(durees, taille, "µs/fait")(f"· rejeu de {taille} faits", "moteur", "brut")


def memoire(dossier: Path, base: Path, t: Tailles) -> list[Mesure]:
    """Bytes that each event adds to a warm ledger and to a view."""
    taille = t.croissance[0]
    petite = brut.copier(base, dossier / "petite.db", taille), taille
    return [
        Mesure(nom, octets_par_fait(genre, petite, (base, t.total)), "octets/fait")
        for genre, nom in (
            ("livre", f"mémoire d'un grand livre chaud, {t.total} faits"),
            ("vue", f"mémoire d'une vue, {t.total} faits"),
        )
    ]


def audit(dossier: Path, base: Path, t: Tailles) -> list[Mesure]:
    """The full verification of a base of `t.grande` events, on one core and on two, against a
    scan; its peak memory at two sizes."""
    taille = t.grande
    geler()
    durees = alterner(
        {
            "un": lambda _: _auditer(base, 1),
            "deux": lambda _: _auditer(base, 2),
            "brut": lambda _: brut.parcourir(base, taille),
        },
        tours=t.longs,
    )
    comparer = Comparaison(durees, taille, "µs/fait")
    petite = t.croissance[-2]
    bases = {petite: brut.copier(base, dossier / "petit-audit.db", petite), taille: base}
    return [
        comparer(f"vérification de {taille} faits, un cœur", "un", "brut", 0.10),
        comparer(f"vérification de {taille} faits, deux cœurs", "deux", "brut"),
        *[
            Mesure(
                f"mémoire d'une vérification, {n} faits",
                octets_d_un_audit(fichier) / n,
                "octets/fait",
            )
            for n, fichier in bases.items()
        ],
    ]


def _auditer(base: Path, coeurs: int) -> None:
    store = SQLiteStore(base, ecriture=False)
    rapport = verifier(store, PROGRAMME, coeurs=coeurs)
    store.fermer()
    if not rapport.conforme:
        raise ValueError(f"{base} : {rapport.constats[:3]}")


def toutes_les_figures(base: Path, taille: int, *, coeurs: int = 1) -> tuple[object, ...]:
    """Open, verify every line, fold, and compute every figure, as a controller gets them."""
    store = SQLiteStore(base, ecriture=False)
    vue = regarder(Journal(store, PROGRAMME), connu_au=taille, coeurs=coeurs)
    figures = (
        enveloppe(vue),
        credits(vue),
        registre := structures(vue),
        [echeancier(vue, ligne.structure) for ligne in registre],
        anomalies(vue),
    )
    store.fermer()
    return figures


def _verifier(base: Path) -> None:
    store = SQLiteStore(base, ecriture=False)
    for _ in Journal(store, PROGRAMME).par_pages():
        pass
    store.fermer()


def _racine(base: Path) -> bytes:
    store = SQLiteStore(base, ecriture=False)
    journal = Journal(store, PROGRAMME)
    for _ in journal.par_pages():
        pass
    store.fermer()
    return journal.arbre.racine()


def _plier_sans_verifier(base: Path) -> None:
    store = SQLiteStore(base, ecriture=False)
    plier((n.position, decoder(n.topic, n.octets)) for n in store.lire(PROGRAMME))
    store.fermer()


def _figures_stock(fichier: Path, slugs: Sequence[str]) -> None:
    app = Subventions(fichier)
    app.figures(PROGRAMME, slugs)
    app.close()
