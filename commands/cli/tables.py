"""The tables for people, one function per figure: values in, French text out."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .rendu import Colonne, accorder, date_iso, pour_cent, tableau
from .terminal import neutraliser

if TYPE_CHECKING:
    from ledger.audit import Rapport
    from ledger.budget import LigneCredits
    from projections import Anomalie, Complements, Echeancier, Enveloppe, LigneStructure, Vue

_LARGE = 110
"""From that many columns on, the register also shows the name and the postcode."""


def euros(centimes: int) -> str:
    """Cents for people: `45 000 000,00 €`."""
    from ledger.montants import format_euros  # noqa: PLC0415

    return format_euros(centimes)


def entete(vue: Vue, titre: str) -> str:
    """What is shown, of which programme, at which dates."""
    jour = vue.date_de_vue
    if vue.au is not None:
        quand = f"jusqu'au {date_iso(vue.au.isoformat())}"
    elif jour is not None:
        quand = f"tous, jusqu'au {date_iso(jour.isoformat())}"
    else:
        quand = "aucun"
    return (
        f"{titre} · {vue.programme}\n"
        f"Faits comptés : {quand} · connu à la position {vue.situation.position}\n"
    )


def table_enveloppe(figure: Enveloppe, autres: Complements, *, largeur: int) -> str:
    """The envelope, the labels against their quotas, then waves, average grant and pace."""
    meme_bonus = figure.retraits_meme_exercice_bonus_centimes
    anterieurs_bonus = figure.retraits_anterieurs_bonus_centimes
    montants = [
        ("Enveloppe", figure.enveloppe_centimes),
        ("Engagé", figure.engage_centimes),
        ("  dont subventions", figure.engage_subventions_centimes),
        ("  dont bonus numériques", figure.engage_bonus_centimes),
        ("Retiré dans l'exercice de l'engagement", figure.retraits_meme_exercice_centimes),
        *([("  dont bonus numériques", meme_bonus)] if meme_bonus else []),
        ("Retiré dans un exercice suivant", figure.retraits_anterieurs_centimes),
        *([("  dont bonus numériques", anterieurs_bonus)] if anterieurs_bonus else []),
        ("Disponible", figure.disponible_centimes),
        ("Payé", figure.paye_centimes),
        ("Reste à payer", figure.reste_a_payer_centimes),
        ("Reversements encaissés", figure.reversements_centimes),
    ]
    lignes = [(nom.replace("  ", "· "), euros(centimes)) for nom, centimes in montants]
    lignes.append(("Taux de consommation", pour_cent(figure.taux_consommation_dix_milliemes)))
    labels = [
        (nom, str(getattr(figure.labels, membre)), str(getattr(figure.quotas, membre)))
        for nom, membre in (
            ("Total", "total"),
            ("QPV", "qpv"),
            ("Hors QPV", "hors_qpv"),
            ("Numériques", "numeriques"),
        )
    ]
    colonnes = (Colonne("Labels en vigueur"), Colonne("Nombre", True), Colonne("Quota", True))
    return "\n\n".join(
        [
            tableau((Colonne("Poste"), Colonne("Montant", True)), lignes, largeur=largeur),
            tableau(colonnes, labels, largeur=largeur),
            _complements(autres),
        ]
    )


def _complements(autres: Complements) -> str:
    vagues = ", ".join(
        f"{neutraliser(vague)} ({nombre})" for vague, nombre in autres.labels_par_vague.items()
    )
    annees = ", ".join(f"{an} ({nombre})" for an, nombre in autres.labels_par_exercice.items())
    phrases = [
        f"Subvention moyenne : {euros(autres.subvention_moyenne_centimes)}",
        f"Labels par vague : {vagues or 'aucun'}",
        f"Labels par année : {annees or 'aucun'}",
    ]
    if autres.labels_financables is not None:
        phrases.append(
            f"Rythme : au coût moyen constaté, l'enveloppe finance {autres.labels_financables} "
            "labels en tout"
        )
    return "\n".join(phrases)


_POSTES_CREDITS = (
    ("AE ouvertes", "ae_ouvertes_centimes"),
    ("AE gelées", "ae_gelees_centimes"),
    ("AE engagées", "ae_engagees_centimes"),
    ("Retraits même exercice", "retraits_meme_exercice_centimes"),
    ("Retraits antérieurs", "retraits_anterieurs_centimes"),
    ("AE disponibles", "ae_disponibles_centimes"),
    ("CP ouverts", "cp_ouverts_centimes"),
    ("CP gelés", "cp_geles_centimes"),
    ("CP payés", "cp_payes_centimes"),
    ("Régularisations", "regularisations_centimes"),
    ("CP disponibles", "cp_disponibles_centimes"),
    ("CP restant à prévoir", "cp_restant_a_prevoir_centimes"),
    ("Reversements", "reversements_centimes"),
    ("RAP à l'ouverture", "rap_ouverture_centimes"),
    ("RAP à la clôture", "rap_cloture_centimes"),
)


def table_credits(lignes: Sequence[LigneCredits], *, largeur: int) -> str:
    """AE, CP and outstanding: one column per exercice, in blocks that fit the width."""
    if not lignes:
        return "(aucun exercice)"
    montants: dict[int, list[str]] = {
        ligne.exercice: [euros(getattr(ligne, membre)) for _, membre in _POSTES_CREDITS]
        for ligne in lignes
    }
    intitule = max(len(nom) for nom, _ in _POSTES_CREDITS)
    plus_large = max(len(texte) for textes in montants.values() for texte in textes)
    par_bloc = max((largeur - intitule) // (plus_large + 2), 1)
    annees = list(montants)
    blocs = []
    for debut in range(0, len(annees), par_bloc):
        bloc = annees[debut : debut + par_bloc]
        rangs = [
            [nom, *(montants[annee][rang] for annee in bloc)]
            for rang, (nom, _) in enumerate(_POSTES_CREDITS)
        ]
        colonnes = [Colonne("Exercice"), *(Colonne(str(annee), True) for annee in bloc)]
        blocs.append(tableau(colonnes, rangs, largeur=largeur))
    return "\n\n".join(blocs)


def table_structures(lignes: Sequence[LigneStructure], *, largeur: int) -> str:
    """The register; names and postcodes only where there is room for them."""
    from projections.libelles import ETATS, TERRITOIRES  # noqa: PLC0415

    large = largeur >= _LARGE
    colonnes = [
        Colonne("Structure", souple=True),
        *([Colonne("Porteur", souple=True), Colonne("Code")] if large else []),
        Colonne("Ville", souple=True),
        Colonne("Zone"),
        Colonne("Num."),
        Colonne("État"),
        Colonne("Montant", True),
        Colonne("Payé", True),
    ]
    rangs = [
        [
            ligne.structure,
            *([ligne.porteur, ligne.code_postal] if large else []),
            ligne.ville,
            TERRITOIRES.get(ligne.territoire, ligne.territoire),
            "oui" if ligne.numerique else "",
            ETATS.get(ligne.etat, ligne.etat),
            euros(ligne.montant_centimes),
            euros(ligne.paye_centimes),
        ]
        for ligne in lignes
    ]
    return f"{tableau(colonnes, rangs, largeur=largeur)}\n\n{accorder(len(lignes), 'structure')}"


def table_echeancier(figure: Echeancier, *, largeur: int) -> str:
    """One structure: grant, instalments, bonus, events."""
    from projections.libelles import ETATS, STATUTS  # noqa: PLC0415

    rangs = [
        [
            str(t.rang),
            str(t.exercice),
            date_iso(t.echeance),
            euros(t.montant_centimes),
            euros(t.verse_centimes),
            euros(t.reste_centimes),
            STATUTS.get(t.statut, t.statut),
        ]
        for t in figure.tranches
    ]
    colonnes = (
        Colonne("Rang", True),
        Colonne("Exercice"),
        Colonne("Échéance"),
        Colonne("Montant", True),
        Colonne("Versé", True),
        Colonne("Reste", True),
        Colonne("Statut"),
    )
    bonus = "Bonus numérique : aucun"
    if figure.bonus is not None:
        bonus = (
            f"Bonus numérique : {euros(figure.bonus.montant_centimes)}, exercice "
            f"{figure.bonus.exercice}, versé {euros(figure.bonus.verse_centimes)}"
        )
    positions = ", ".join(str(position) for position in figure.evenements)
    return "\n\n".join(
        [
            f"Structure {neutraliser(figure.structure)}\n"
            f"État : {ETATS.get(figure.etat, figure.etat)} · "
            f"Subvention : {euros(figure.montant_centimes)}",
            tableau(colonnes, rangs, largeur=largeur),
            bonus,
            textwrap.fill(f"Événements (positions) : {positions}", largeur),
        ]
    )


def table_anomalies(lignes: Sequence[Anomalie], *, largeur: int) -> str:
    """Per anomaly, its code and position, then the structure and the whole detail."""
    if not lignes:
        return "Aucune anomalie."
    textes = []
    for a in lignes:
        ou = f" · position {a.position}" if a.position is not None else ""
        qui = f"{a.structure} : " if a.structure is not None else ""
        textes.append(f"{a.code}{ou}")
        textes.append(en_retrait(f"{qui}{a.detail}", largeur))
    return "\n".join([*textes, "", accorder(len(lignes), "anomalie")])


def table_verification(programme: str, rapport: Rapport, *, largeur: int) -> str:
    """The verdict, what it covers, and every finding."""
    verdict = "conforme" if rapport.conforme else "NON CONFORME"
    textes = [
        f"Journal {programme} : {verdict}",
        f"{accorder(rapport.taille, 'fait')} · racine {rapport.racine}",
        f"Contrôles faits : {_controles(rapport, 'fait')}",
        *_releves(rapport),
    ]
    interrompus = _controles(rapport, "interrompu")
    if interrompus:
        textes.append(f"Interrompu par ce qui a été trouvé : {interrompus}")
    for constat in rapport.constats:
        ou = f" · position {constat.position}" if constat.position is not None else ""
        textes.append(f"{constat.code}{ou}")
        textes.append(en_retrait(constat.detail, largeur))
    if rapport.constats:
        textes.append(accorder(len(rapport.constats), "constat"))
    return "\n".join(textes)


def _controles(rapport: Rapport, statut: str) -> str:
    return ", ".join(nom for nom, fait in rapport.controles.items() if fait == statut)


def _releves(rapport: Rapport) -> list[str]:
    """What the witnesses given cover, and what no signature was checked for."""
    bilan = rapport.releves
    if not bilan.confrontes:
        return ["Aucun relevé ni reçu n'est confronté : une réécriture complète passerait."]
    lignes = [
        f"Relevés et reçus : {bilan.tenus} tenus sur {bilan.confrontes}, lignes couvertes "
        f"jusqu'à la {bilan.couverts} sur {rapport.taille}"
    ]
    if bilan.signatures_verifiees:
        lignes.append(accorder(bilan.signatures_verifiees, "signature vérifiée"))
    if bilan.signatures_non_verifiees:
        nombre = accorder(bilan.signatures_non_verifiees, "note signée")
        lignes.append(f"{nombre} dont la signature n'est pas vérifiée (donner --cle)")
    sans = bilan.confrontes - bilan.signatures_verifiees
    if sans and rapport.controles.get("signatures") == "fait":
        lignes.append(f"{accorder(sans, 'témoin')} sans signature vérifiée par la clé donnée")
    return lignes


def en_retrait(texte: str, largeur: int) -> str:
    """A sentence folded and indented."""
    return textwrap.fill(
        neutraliser(texte),
        largeur,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
