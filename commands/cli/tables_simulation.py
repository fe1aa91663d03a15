"""The tables of a simulation for people: real, simulated, difference, within 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .phrases import en_liste, en_retrait, euros, phrase
from .rendu import Colonne, accorder, date_iso, points, pour_cent, tableau

if TYPE_CHECKING:
    from ledger.simulation import EtapeJouee, RefusSimule
    from projections.simulation import AnomaliesComparees, LigneComparee

_ENVELOPPE = {
    "enveloppe": "Enveloppe",
    "engage": "Engagé",
    "engage_subventions": "· dont subventions",
    "engage_bonus": "· dont bonus numériques",
    "retraits_meme_exercice": "Retiré, même exercice",
    "retraits_anterieurs": "Retiré, exercice suivant",
    "disponible": "Disponible",
    "paye": "Payé",
    "reste_a_payer": "Reste à payer",
    "reversements": "Reversements encaissés",
    "taux_consommation": "Taux de consommation",
}
_LABELS = {"total": "Total", "qpv": "QPV", "hors_qpv": "Hors QPV", "numeriques": "Numériques"}
_CREDITS = {
    "ae_ouvertes": "AE ouvertes",
    "ae_gelees": "AE gelées",
    "ae_engagees": "AE engagées",
    "retraits_meme_exercice": "Retraits même exercice",
    "ae_rendues": "Rendu, retraits antérieurs",
    "ae_disponibles": "AE disponibles",
    "retraits_anterieurs": "Retraits antérieurs (p.m.)",
    "cp_ouverts": "CP ouverts",
    "cp_geles": "CP gelés",
    "cp_payes": "CP payés",
    "regularisations": "Régularisations",
    "cp_disponibles": "CP disponibles",
    "cp_restant_a_prevoir": "CP restant à prévoir",
    "reversements": "Reversements",
    "rap_ouverture": "RAP à l'ouverture",
    "rap_cloture": "RAP à la clôture",
}
_MATRICE = {"engage": "engagé", "retraits": "retiré", "reste": "reste à payer"}


def ecart(centimes: int) -> str:
    """A signed difference, for people; a dash when there is none."""
    if centimes == 0:
        return "-"
    return f"{'+' if centimes > 0 else ''}{euros(centimes)}"


def hypotheses(etapes: Sequence[EtapeJouee], largeur: int) -> str:
    """Each line of the scenario, and what became of it."""
    if not etapes:
        return phrase("Aucune hypothèse : le simulé est le réel.", largeur)
    return "\n".join(
        en_liste(f"ligne {e.ligne} : {e.phrase} ; {_issue(e)}.", largeur) for e in etapes
    )


_ACCORDS = {"labelliser": ("accordé", "refusé"), "verser_echeances": ("payée", "refusée")}


def _issue(etape: EtapeJouee) -> str:
    oui, non = _ACCORDS.get(etape.nom, ("acceptée", "refusée"))
    if etape.nom == "labelliser_jusqu_au_refus":
        arret = "arrêt au premier refus" if etape.groupes_refuses else "aucun refus"
        return f"{accorder(etape.groupes_acceptes, 'accordé')}, puis {arret}"
    if etape.deja_executees:
        return "déjà dans la base, sans effet"
    if not etape.groupes_acceptes + etape.groupes_refuses:
        return "rien n'est dû"
    if etape.nom not in _ACCORDS:  # one command
        return oui if etape.groupes_acceptes else non
    issues = ((etape.groupes_acceptes, oui), (etape.groupes_refuses, non))
    return ", ".join(accorder(nombre, mot) for nombre, mot in issues if nombre)


def premiere_rupture(refus: Sequence[RefusSimule], largeur: int) -> str:
    """The first rule that breaks: when, on what, with which figures."""
    if not refus:
        return phrase("Aucune : chaque commande du scénario passe.", largeur)
    premier = refus[0]
    sur = f" de {premier.structure}" if premier.structure is not None else ""
    quand = date_iso(premier.date_effet.isoformat())
    return "\n".join(
        [
            phrase(
                f"{premier.code} · le {quand} · exercice {premier.exercice} · "
                f"ligne {premier.ligne}",
                largeur,
            ),
            en_retrait(f"{premier.commande}{sur} : {premier.message}", largeur),
            en_retrait(premier.remede, largeur),
        ]
    )


def liste_des_refus(refus: Sequence[RefusSimule], largeur: int, *, complet: bool) -> str:
    """Every refusal; unless `complet`, those alike in line, rule and exercice counted together."""
    if complet:
        return "\n".join(premiere_rupture((r,), largeur) for r in refus)
    groupes: dict[tuple[int, str, str, int], list[RefusSimule]] = {}
    for r in refus:
        groupes.setdefault((r.ligne, r.code, r.commande, r.exercice), []).append(r)
    rangs = []
    for (ligne, code, commande, exercice), membres in groupes.items():
        jours = sorted(r.date_effet.isoformat() for r in membres)
        rangs.append(
            [str(ligne), code, commande, str(exercice), date_iso(jours[0]), str(len(membres))]
        )
    colonnes = (
        Colonne("Ligne", True),
        Colonne("Règle", souple="cle"),
        Colonne("Commande", souple="cle"),
        Colonne("Exercice"),
        Colonne("Dès le"),
        Colonne("Refus", True),
    )
    return tableau(colonnes, rangs, largeur=largeur)


def table_enveloppe(lignes: Sequence[LigneComparee], largeur: int) -> str:
    """The envelope, then the labels against their quotas."""
    par_nom = {ligne.cellule.removeprefix("enveloppe."): ligne for ligne in lignes}
    rangs = [
        _rang(titre, par_nom[membre]) for membre, titre in _ENVELOPPE.items() if membre in par_nom
    ]
    labels = []
    for membre, titre in _LABELS.items():
        nombre, quota = par_nom[f"labels.{membre}"], par_nom[f"quotas.{membre}"]
        limite = str(quota.reel_centimes)
        if quota.difference_centimes:
            limite = f"{limite} puis {quota.simule_centimes}"
        labels.append(
            [
                titre,
                str(nombre.reel_centimes),
                str(nombre.simule_centimes),
                f"{nombre.difference_centimes:+d}" if nombre.difference_centimes else "-",
                limite,
                str(quota.simule_centimes - nombre.simule_centimes),
            ]
        )
    colonnes = (
        Colonne("Labels en vigueur"),
        *(Colonne(t, True) for t in ("Réel", "Simulé", "Écart", "Quota", "Places simulées")),
    )
    return "\n\n".join(
        [_tableau("Poste", rangs, largeur), tableau(colonnes, labels, largeur=largeur)]
    )


def table_credits(lignes: Sequence[LigneComparee], largeur: int, *, complet: bool) -> str:
    """AE, CP and outstanding by exercice: those that change, or all of them."""
    annees: dict[str, list[LigneComparee]] = {}
    for ligne in lignes:
        _, annee, _ = ligne.cellule.split(".")
        annees.setdefault(annee, []).append(ligne)
    ordre = list(_CREDITS)  # AE together, then CP: not the order of the figure
    for rangs in annees.values():
        rangs.append(_ae_rendues(rangs))
        rangs.sort(key=lambda ligne: ordre.index(ligne.cellule.rpartition(".")[2]))
    return _par_annee(annees, largeur, complet=complet, titre="Exercice", noms=_CREDITS)


def _ae_rendues(rangs: Sequence[LigneComparee]) -> LigneComparee:
    """What of the AE available no cell of the year says: `projections.credits.ae_rendues`."""
    from projections.simulation import LigneComparee as Ligne  # noqa: PLC0415

    reel = simule = 0
    for ligne in rangs:
        sens = _TERMES_DES_AE.get(ligne.cellule.rpartition(".")[2], 0)
        reel += sens * ligne.reel_centimes
        simule += sens * ligne.simule_centimes
    table = rangs[0].cellule.rpartition(".")[0]
    return Ligne(f"{table}.ae_rendues", "centimes", reel, simule, simule - reel)


_TERMES_DES_AE = {
    "ae_disponibles": 1,
    "ae_ouvertes": -1,
    "ae_gelees": 1,
    "ae_engagees": 1,
    "retraits_meme_exercice": -1,
}


def table_matrice(lignes: Sequence[LigneComparee], largeur: int, *, complet: bool) -> str:
    """What each year committed, and in which years it is paid."""
    annees: dict[str, list[LigneComparee]] = {}
    noms = dict(_MATRICE)
    for ligne in lignes:
        _, annee, membre = ligne.cellule.split(".")
        annees.setdefault(annee, []).append(ligne)
        if membre.startswith("paye_"):
            noms[membre] = f"payé en {membre.removeprefix('paye_')}"
    return _par_annee(annees, largeur, complet=complet, titre="Engagement", noms=noms)


def table_anomalies(lignes: Iterable[AnomaliesComparees], largeur: int) -> str:
    """Counts of anomalies on both sides: what an indicative rule lets pass."""
    rangs = [
        [a.code, str(a.reel), str(a.simule), f"{a.difference:+d}" if a.difference else "-"]
        for a in lignes
    ]
    colonnes = (
        Colonne("Anomalie"),
        Colonne("Réel", True),
        Colonne("Simulé", True),
        Colonne("Écart", True),
    )
    return tableau(colonnes, rangs, largeur=largeur)


def _par_annee(
    annees: dict[str, list[LigneComparee]],
    largeur: int,
    *,
    complet: bool,
    titre: str,
    noms: dict[str, str],
) -> str:
    """A block per year that changes; the others in one sentence, unless everything is asked for."""
    blocs, inchangees = [], []
    for annee, lignes in annees.items():
        if not complet and not any(ligne.difference_centimes for ligne in lignes):
            inchangees.append(annee)
            continue
        rangs = [
            _rang(noms.get(membre, membre), ligne)
            for ligne in lignes
            for membre in (ligne.cellule.rpartition(".")[2],)
            if complet or ligne.reel_centimes or ligne.simule_centimes
        ]
        blocs.append(_tableau(f"{titre} {annee}", rangs, largeur))
    if inchangees:
        blocs.append(phrase(f"Sans changement : {', '.join(inchangees)}", largeur))
    return "\n\n".join(blocs) or "(aucun exercice)"


def _rang(titre: str, ligne: LigneComparee) -> list[str]:
    valeurs = ligne.reel_centimes, ligne.simule_centimes, ligne.difference_centimes
    if ligne.unite == "dix_milliemes":
        signe = "+" if valeurs[2] > 0 else ""
        difference = f"{signe}{points(valeurs[2])}" if valeurs[2] else "-"
        return [titre, pour_cent(valeurs[0]), pour_cent(valeurs[1]), difference]
    return [titre, euros(valeurs[0]), euros(valeurs[1]), ecart(valeurs[2])]


def _tableau(titre: str, rangs: Sequence[Sequence[str]], largeur: int) -> str:
    colonnes = (
        Colonne(titre, souple="texte"),
        Colonne("Réel", True),
        Colonne("Simulé", True),
        Colonne("Écart", True),
    )
    return tableau(colonnes, rangs, largeur=largeur)
