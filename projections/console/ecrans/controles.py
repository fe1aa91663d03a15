"""The pages that check: anomalies, verification of the journal, comparison of two moments."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ledger.audit.constats import CODES as CONSTATS
from ledger.audit.constats import CONTROLES, Rapport
from ledger.audit.verifier import verifier

from ...anomalies import CODES, Anomalie
from ...cellules import Cellule, lire_cellule
from ...comparaison import Ecart, Point, comparer
from ...toutes_anomalies import toutes_les_anomalies
from ..demande import Demande
from ..moment import Moment, lire_moment
from ..noms import nom_francais
from ..regard import Regard
from ..taches import Avancement, EnAttente

_CONSTATS_MAX = 200
_TABLES = ("enveloppe", "credits", "structures", "echeancier")


def page_anomalies(demande: Demande) -> dict[str, Any]:
    """The anomalies, counted by code, then one by one."""
    regard, tete = demande.regard, demande.tete
    cle = ("anomalies", regard.position, regard.vue.au)

    def chercher(pas: Avancement) -> tuple[Anomalie, ...]:
        pas.total = regard.position
        return toutes_les_anomalies(regard.vue, tete.faits(regard.position, pas=pas))

    trouvees = tete.calculs.obtenir(cle, chercher)
    nombres: dict[str, int] = {}
    for anomalie in trouvees:
        nombres[anomalie.code] = nombres.get(anomalie.code, 0) + 1
    code = demande.choix("code", tuple(CODES))
    choisies = [a for a in trouvees if not code or a.code == code]
    lignes, pagination = demande.page(choisies)
    fiches = regard.vue.situation.fiches
    return {
        "nombres": sorted(nombres.items()),
        "codes": CODES,
        "code": code,
        "lignes": [(a, fiches.get(a.structure or "")) for a in lignes],
        "pagination": pagination,
        "total": len(trouvees),
    }


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


class Difference(Struct, frozen=True):
    """A cell that differs between two views."""

    cellule: str
    nom: str
    unite: str
    avant: int
    apres: int


def comparaison(demande: Demande) -> dict[str, Any]:
    """This moment against another: every cell that differs; of one of them, the facts why."""
    autre = lire_moment({"au": demande.texte("au_avant"), "connu_au": demande.texte("connu_avant")})
    faite = bool(autre.parametres()) or demande.choix("comparer", ("oui",)) == "oui"
    contexte: dict[str, Any] = {"autre": autre, "faite": faite, "ecart": None}
    if not faite:
        return contexte
    tete = demande.tete
    taille = tete.rafraichir()
    connu = autre.connu_au
    position = tete.exiger(tete.position_de(connu) if isinstance(connu, str) else connu, taille)
    avant, apres = tete.regard(position, autre.au), demande.regard
    cellule = demande.texte("cellule")
    if cellule:
        nom = str(lire_cellule(cellule))
        contexte["nom"] = nom_francais(nom, apres)
        contexte["ecart"] = _expliquer(demande, nom, Point(position, autre.au))
        contexte["contributions"], contexte["pagination"] = demande.page(
            contexte["ecart"].contributions if contexte["ecart"] else ()
        )
    else:
        table = demande.choix("table", _TABLES)
        cle = ("ecarts", avant.position, avant.vue.au, apres.position, apres.vue.au)
        ecarts = tete.calculs.obtenir(cle, lambda _: _ecarts(avant, apres))
        choisies = [e for e in ecarts if not table or e.cellule.startswith(f"{table}.")]
        contexte["table"] = table
        contexte["total"] = len(ecarts)
        contexte["lignes"], contexte["pagination"] = demande.page(choisies)
    contexte["avant"], contexte["apres"] = avant, apres
    contexte["sortie"] = _inverse(demande, autre)
    return contexte


def _inverse(demande: Demande, autre: Moment) -> str:
    """The same comparison, the other way round."""
    dits = {
        "au_avant": demande.parametres.get("au", ""),
        "connu_avant": demande.parametres.get("connu_au", ""),
        "comparer": "oui",
    }
    return demande.liens.a(autre, "comparaison", {n: v for n, v in dits.items() if v})


def _ecarts(avant: Regard, apres: Regard) -> tuple[Difference, ...]:
    ancien, neuf = avant.valeurs, apres.valeurs
    toutes: set[Cellule] = ancien.keys() | neuf.keys()
    differentes = [c for c in toutes if ancien.get(c, 0) != neuf.get(c, 0)]
    differentes.sort(key=lambda c: c.ordre)
    return tuple(
        Difference(str(c), nom_francais(str(c), apres), c.unite, ancien.get(c, 0), neuf.get(c, 0))
        for c in differentes
    )


def _expliquer(demande: Demande, nom: str, avant: Point) -> Ecart | None:
    tete = demande.tete
    apres = Point(demande.position, demande.moment.au)

    def calculer(pas: Avancement) -> Ecart | None:
        pas.total = max(demande.position, int(avant.connu_au or 0))
        ecarts = comparer(tete.journal, avant, apres, motifs=(nom,))
        return ecarts[0] if ecarts else None

    cle = ("ecart", nom, avant.connu_au, avant.au, apres.connu_au, apres.au)
    return tete.calculs.obtenir(cle, calculer)
