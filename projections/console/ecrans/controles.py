"""The pages that check: verification of the journal, comparison of two moments."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from msgspec import Struct

from ledger.audit.constats import CODES as CONSTATS
from ledger.audit.constats import CONTROLES, Rapport
from ledger.audit.verifier import verifier
from ledger.temps import ANNEE_MIN, format_date

from ...cellules import Cellule, lire_cellule, valeurs_de_fiche
from ...comparaison import Ecart, Point, comparer
from ...fiche import Fiche
from ..demande import Demande
from ..moment import Moment, lire_moment
from ..noms import nom_francais
from ..regard import Regard, fin_de_mois
from ..sources import Sources
from ..taches import Avancement, EnAttente

_CONSTATS_MAX = 200
_TABLES = ("enveloppe", "credits", "structures", "echeancier")


def verification(demande: Demande) -> dict[str, Any]:
    """The audit of the journal, run when asked, its result kept for this position."""
    tete, taille = demande.tete, demande.taille
    demandee = demande.choix("lancer", ("oui",)) == "oui"
    cle = ("audit", taille)
    rapport: Rapport | None = None
    avancement: Avancement | None = None
    if demandee or tete.audits.connue(cle):

        def auditer(pas: Avancement) -> Rapport:
            pas.total = taille
            return verifier(tete.store, tete.programme, progres=pas)

        try:
            rapport = tete.audits.obtenir(cle, auditer)
        except EnAttente as attente:
            avancement = attente.avancement
    racine_lue = tete.journal.releve(taille).racine if taille else b""
    return {
        "taille": taille,
        "rapport": rapport,
        "avancement": avancement,
        "constats": () if rapport is None else rapport.constats[:_CONSTATS_MAX],
        "controles": CONTROLES,
        "sens": CONSTATS,
        "origine": tete.journal.origine(taille) if taille else "",
        "racine_lue": racine_lue,
    }


class Difference(Struct, frozen=True, gc=False):
    """A cell that differs between two views."""

    cellule: Cellule
    avant: int
    apres: int


class Retenus(NamedTuple):
    """Cells that differ: the table asked for, how many in all, those of the table."""

    table: str
    total: int
    ecarts: tuple[Difference, ...]


class Comparee(NamedTuple):
    """What is compared: the other moment as asked for, and both views; None before a choice."""

    autre: Moment
    regards: tuple[Regard, Regard] | None


def lire_comparaison(demande: Demande) -> Comparee:
    """The two views of the address. Raises: UsageError, EnAttente, Occupee."""
    dates = {"au": demande.texte("au_avant"), "connu_au": demande.texte("connu_avant")}
    autre = lire_moment(dates, champ="Comparer à l'état au")
    if not autre.parametres() and demande.choix("comparer", ("oui",)) != "oui":
        return Comparee(autre, None)
    tete = demande.tete
    taille = tete.rafraichir()
    connu = autre.connu_au
    position = tete.exiger(tete.position_de(connu) if isinstance(connu, str) else connu, taille)
    return Comparee(autre, (tete.regard(position, autre.au), demande.regard))


def ecarts_retenus(demande: Demande, avant: Regard, apres: Regard) -> Retenus:
    """The cells that differ. Raises: UsageError, EnAttente, Occupee."""
    table = demande.choix("table", _TABLES)
    cle = ("ecarts", avant.position, avant.vue.au, apres.position, apres.vue.au)
    ecarts = demande.tete.calculs.obtenir(cle, lambda _: _ecarts(avant, apres))
    choisis = tuple(e for e in ecarts if e.cellule.table == table) if table else ecarts
    return Retenus(table, len(ecarts), choisis)


def ecart_demande(demande: Demande, avant: Regard) -> tuple[str, Ecart | None] | None:
    """The cell that the address names, and why it differs; None when it names none."""
    cellule = demande.texte("cellule")
    if not cellule:
        return None
    nom = str(lire_cellule(cellule))
    return nom, _expliquer(demande, nom, Point(avant.position, avant.vue.au))


def comparaison(demande: Demande) -> dict[str, Any]:
    """This moment against another: every cell that differs; of one of them, the facts why."""
    autre, regards = lire_comparaison(demande)
    contexte: dict[str, Any] = {"autre": autre, "faite": regards is not None, "ecart": None}
    contexte["raccourcis"] = _raccourcis(demande)
    if regards is None:
        return contexte
    avant, apres = regards
    demande_un = ecart_demande(demande, avant)
    if demande_un is not None:
        nom, ecart = demande_un
        contexte["nom"], contexte["ecart"] = nom_francais(nom, apres), ecart
        apports, contexte["pagination"] = demande.page(ecart.contributions if ecart else ())
        faits = dict(demande.tete.lire(sorted({c.position for c in apports})))
        contexte["contributions"] = [(c, faits[c.position]) for c in apports]
        contexte["sources"] = Sources(faits.values())
    else:
        retenus = ecarts_retenus(demande, avant, apres)
        contexte["table"], contexte["total"] = retenus.table, retenus.total
        lignes, contexte["pagination"] = demande.page(retenus.ecarts)
        contexte["lignes"] = [(nom_francais(str(e.cellule), apres), e) for e in lignes]
    contexte["avant"], contexte["apres"] = avant, apres
    contexte["sortie"] = _inverse(demande, autre)
    return contexte


def _raccourcis(demande: Demande) -> list[tuple[str, str]]:
    """The comparisons that are asked most: with the end of the month, of the exercice before."""
    bornes = demande.bornes()
    jour = demande.moment.au or (bornes[1] if bornes else None)
    if jour is None:
        return []
    mois = date.fromordinal(jour.replace(day=1).toordinal() - 1)
    fins = {
        mois: "fin du mois précédent",
        fin_de_mois(jour.year - 1, 12): "fin de l'exercice précédent",
    }
    gardes = {n: demande.texte(n) for n in ("cellule", "table", "connu_avant")}
    return [
        (
            f"Au {format_date(fin)}, {mot}",
            demande.liens.vers("comparaison", au_avant=fin.isoformat(), comparer="oui", **gardes),
        )
        for fin, mot in fins.items()
        if fin.year >= ANNEE_MIN
    ]


def _inverse(demande: Demande, autre: Moment) -> str:
    """The same comparison, the other way round."""
    dits = {
        "au_avant": demande.parametres.get("au", ""),
        "connu_avant": demande.parametres.get("connu_au", ""),
        "comparer": "oui",
    }
    return demande.liens.a(autre, "comparaison", {n: v for n, v in dits.items() if v})


def _ecarts(avant: Regard, apres: Regard) -> tuple[Difference, ...]:
    """Every cell that differs, in the order of the tables. Equal structures are not looked into."""
    ecarts = _differences(avant.cellules_du_programme, apres.cellules_du_programme)
    fiches, neuves = avant.vue.situation.fiches, apres.vue.situation.fiches
    for slug in {*fiches, *neuves}:
        ancienne, neuve = fiches.get(slug), neuves.get(slug)
        if ancienne is not neuve and ancienne != neuve:
            ecarts += _differences(_cellules(ancienne), _cellules(neuve))
    return tuple(sorted(ecarts, key=lambda e: e.cellule.ordre))


def _cellules(fiche: Fiche | None) -> dict[Cellule, int]:
    return {} if fiche is None else valeurs_de_fiche(fiche)


def _differences(avant: dict[Cellule, int], apres: dict[Cellule, int]) -> list[Difference]:
    return [
        Difference(cellule, avant.get(cellule, 0), apres.get(cellule, 0))
        for cellule in avant.keys() | apres.keys()
        if avant.get(cellule, 0) != apres.get(cellule, 0)
    ]


def _expliquer(demande: Demande, nom: str, avant: Point) -> Ecart | None:
    tete = demande.tete
    apres = Point(demande.position, demande.moment.au)

    def calculer(pas: Avancement) -> Ecart | None:
        pas.total = max(demande.position, int(avant.connu_au or 0))
        ecarts = comparer(tete.journal, avant, apres, motifs=(nom,))
        return ecarts[0] if ecarts else None

    cle = ("ecart", nom, avant.connu_au, avant.au, apres.connu_au, apres.au)
    return tete.calculs.obtenir(cle, calculer)
