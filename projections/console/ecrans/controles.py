"""The pages that check: anomalies, verification of the journal, comparison of two moments."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ledger.audit.constats import CODES as CONSTATS
from ledger.audit.constats import CONTROLES, Rapport
from ledger.audit.verifier import verifier

from ...anomalies import CODES, Anomalie
from ...anomalies_saisie import faits_de
from ...cellules import Cellule, lire_cellule, valeurs_de_fiche
from ...comparaison import Ecart, Point, comparer
from ...fiche import Fiche
from ...toutes_anomalies import toutes_les_anomalies
from ..demande import Demande
from ..moment import Moment, lire_moment
from ..noms import nom_francais
from ..regard import Regard
from ..taches import Avancement, EnAttente

_CONSTATS_MAX = 200
_TABLES = ("enveloppe", "credits", "structures", "echeancier")


class Trouvees(Struct, frozen=True):
    """The anomalies of a view by code, codes sorted."""

    par_code: dict[str, tuple[Anomalie, ...]]
    toutes: tuple[Anomalie, ...]

    @property
    def octets(self) -> int:
        """About what it keeps in memory."""
        return 500 * len(self.toutes)


def _chercher(demande: Demande, pas: Avancement) -> Trouvees:
    regard = demande.regard
    pas.total = regard.position
    toutes = toutes_les_anomalies(regard.vue, demande.tete.faits(regard.position, pas=pas))
    par_code: dict[str, list[Anomalie]] = {}
    for anomalie in toutes:
        par_code.setdefault(anomalie.code, []).append(anomalie)
    return Trouvees({code: tuple(par_code[code]) for code in sorted(par_code)}, toutes)


def page_anomalies(demande: Demande) -> dict[str, Any]:
    """The anomalies, counted by code, then one by one."""
    regard, calculs = demande.regard, demande.tete.calculs
    cle = ("anomalies", regard.position, regard.vue.au)
    trouvees = calculs.obtenir(cle, lambda pas: _chercher(demande, pas))
    code = demande.choix("code", tuple(CODES))
    lignes, pagination = demande.page(trouvees.par_code.get(code, ()) if code else trouvees.toutes)
    fiches = regard.vue.situation.fiches
    return {
        "nombres": [(nom, len(suite)) for nom, suite in trouvees.par_code.items()],
        "tardifs": sum(map(faits_de, trouvees.par_code.get("fait_tardif", ()))),
        "codes": CODES,
        "code": code,
        "lignes": [(a, fiches.get(a.structure or "")) for a in lignes],
        "pagination": pagination,
        "total": len(trouvees.toutes),
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


class Difference(Struct, frozen=True, gc=False):
    """A cell that differs between two views."""

    cellule: Cellule
    avant: int
    apres: int


def comparaison(demande: Demande) -> dict[str, Any]:
    """This moment against another: every cell that differs; of one of them, the facts why."""
    dates = {"au": demande.texte("au_avant"), "connu_au": demande.texte("connu_avant")}
    autre = lire_moment(dates, champ="Comparer à l'état au")
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
        choisies = [e for e in ecarts if e.cellule.table == table] if table else ecarts
        contexte["table"] = table
        contexte["total"] = len(ecarts)
        lignes, contexte["pagination"] = demande.page(choisies)
        contexte["lignes"] = [(nom_francais(str(e.cellule), apres), e) for e in lignes]
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
