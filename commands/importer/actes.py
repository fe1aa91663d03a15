"""The acts that a table of applications or payments asks for, row by row, in a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..tableaux import Entete, Rangee, Tableau, TableauIllisible, trouver_entete
from ..tableaux.valeurs import est_mois_jour
from .champs import PAR_SORTE, Champ, Lecture, alias_de
from .composition import Composee, Plan, candidature, versement
from .issues import Bilan, Constat
from .lignes import designer, lire_ligne, surnumeraires, total
from .moteur import Acte
from .registre import Registre

_COMPOSER = {"candidatures": candidature, "versements": versement}
_SORTIES = {"montant_centimes": "montant", "montant_demande_centimes": "montant_demande"}
_DATES = ("date_effet",)


def entete_de(
    tableau: Tableau, sorte: str, colonnes: Mapping[str, str], constantes: Mapping[str, str]
) -> Entete:
    """The headings of the table. A needed field must have a column or a constant.

    `structure` as a heading is the name of the structure unless another column is.
    Raises: TableauIllisible.
    """
    champs = PAR_SORTE[sorte]
    _verifier_noms(champs, (*colonnes, *constantes))
    alias = {**alias_de(champs)}
    entete = trouver_entete(tableau, alias, imposees=colonnes)
    if "porteur" not in entete.colonnes and "structure" not in colonnes:
        entete = _structure_est_un_nom(entete)
    entete.exiger_euros(_SORTIES.values())
    manquants = [
        champ.nom
        for champ in champs
        if champ.requis and champ.nom not in entete.colonnes and champ.nom not in constantes
    ]
    if manquants:
        titres = ", ".join(f"« {t} »" for t in entete.titres if t)
        raise TableauIllisible(
            "entete_introuvable",
            f"{tableau.nom} (en-têtes de la ligne {entete.ligne}) n'a pas de colonne pour : "
            f"{', '.join(manquants)}. Il porte : {titres[:400]}.",
            remede="Désigner les colonnes (--colonnes champ=En-tête) ou donner une valeur pour "
            f"tout le fichier (--valeur {manquants[0]}=…).",
        )
    return entete


def _structure_est_un_nom(entete: Entete) -> Entete:
    """The published list calls `structure` the name; ours, the identifier."""
    rang = entete.colonnes.get("structure")
    if rang is None or entete.titres[rang].strip().lower() != "structure":
        return entete
    colonnes = {
        ("porteur" if champ == "structure" else champ): r for champ, r in entete.colonnes.items()
    }
    return Entete(
        entete.ligne,
        entete.titres,
        colonnes,
        (*entete.constats, "« structure » est lu comme le nom : aucune colonne ne dit porteur."),
        entete.dessus,
    )


def _verifier_noms(champs: tuple[Champ, ...], noms: tuple[str, ...]) -> None:
    connus = [champ.nom for champ in champs]
    for nom in noms:
        if nom not in connus:
            raise TableauIllisible(
                "entete_introuvable",
                f"Le champ {nom[:40]!r} n'existe pas.",
                remede=f"Champs : {', '.join(connus)}.",
            )


def constats_des_colonnes(entete: Entete, constantes: Mapping[str, str]) -> list[str]:
    """Which column is read for what, and which are left."""
    lues = ", ".join(f"{champ} = {entete.titre(champ)}" for champ in entete.colonnes)
    laissees = [
        titre
        for rang, titre in enumerate(entete.titres)
        if titre and rang not in entete.colonnes.values()
    ]
    constats = [*entete.constats, f"En-têtes à la ligne {entete.ligne} : {lues}."]
    if any(champ in entete.colonnes for champ in _DATES):
        constats.append("Une date écrite en texte est lue jour/mois/année (ou AAAA-MM-JJ).")
    if laissees:
        constats.append(f"Colonnes laissées : {', '.join(laissees)[:300]}.")
    for champ, valeur in constantes.items():
        ou = "où la cellule est vide" if champ in entete.colonnes else "pour tout le fichier"
        constats.append(f"Donné {ou} : {champ} = {valeur[:60]}.")
    return constats


def actes_du_tableau(  # noqa: PLR0913 - what a row is read with
    tableau: Tableau,
    entete: Entete,
    sorte: str,
    plan: Plan,
    registre: Registre,
    bilan: Bilan,
    *,
    constantes: Mapping[str, str],
    lecture: Lecture,
) -> Iterator[Acte]:
    """One act for each row of data below the headings; blank rows are only counted."""
    champs = PAR_SORTE[sorte]
    lecture = Lecture(lecture.serie, lecture.zeros_perdus, mois_jour(tableau, entete))
    for rangee in rangees_de_donnees(tableau, entete, bilan):
        if rangee.defaut is not None:
            yield illisible(rangee)
            continue
        lue = lire_ligne(rangee, entete, champs, lecture, constantes)
        somme = total(rangee, lue)
        if somme is not None:
            yield Acte(rangee.numero, None, refus=(somme,))
            continue
        decalee = surnumeraires(rangee, entete)
        refus = (*lue.refus, *((decalee,) if decalee is not None else ()))
        composee = Composee({}, refus)
        if not refus:
            composee = _COMPOSER[sorte](lue.valeurs, plan, registre)
        yield Acte(
            rangee.numero,
            composee.commande or None,
            alertes=lue.alertes,
            refus=composee.refus,
            de_colonne=lue.de_colonne,
            colonnes=lambda membre: designer(entete, _SORTIES.get(membre, membre)),
            doublon_refuse=sorte == "versements",
        )


def rangees_de_donnees(tableau: Tableau, entete: Entete, bilan: Bilan) -> Iterator[Rangee]:
    """The rows below the headings that hold something."""
    for rangee in tableau.rangees():
        if rangee.numero <= entete.ligne:
            continue
        if rangee.vide or entete.est_repete_par(rangee):
            bilan.vides += 1
            continue
        yield rangee


def illisible(rangee: Rangee) -> Acte:
    """A row that could not be read."""
    return Acte(
        rangee.numero,
        None,
        refus=(
            Constat(
                "ligne_illisible", str(rangee.defaut), "Corriger la ligne dans un éditeur de texte."
            ),
        ),
    )


def mois_jour(tableau: Tableau, entete: Entete) -> frozenset[str]:
    """Date fields whose column holds a date that only month/day/year can read."""
    colonnes = {champ: entete.colonnes[champ] for champ in _DATES if champ in entete.colonnes}
    vus: set[str] = set()
    if colonnes:
        for rangee in tableau.rangees():
            for champ, colonne in colonnes.items():
                if champ not in vus and est_mois_jour(rangee.cellule(colonne)):
                    vus.add(champ)
    return frozenset(vus)
