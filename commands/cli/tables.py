"""The tables for people, one function per figure: values in, French text out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .largeurs import replier
from .phrases import en_liste, en_retrait, euros, phrase
from .rendu import Colonne, accorder, date_iso, pour_cent, tableau
from .terminal import neutraliser

if TYPE_CHECKING:
    from ledger.audit import Rapport
    from projections import Anomalie, Complements, Echeancier, Enveloppe, LigneStructure

_LARGE = 110
"""From that many columns on, the register also shows the name and the postcode."""


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
    rien = figure.enveloppe_centimes == 0  # nothing to divide
    taux = "sans objet" if rien else pour_cent(figure.taux_consommation_dix_milliemes)
    lignes = [(nom.replace("  ", "· "), euros(centimes)) for nom, centimes in montants]
    lignes.append(("Taux de consommation", taux))
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
            "\n".join(phrase(texte, largeur) for texte in _complements(autres)),
        ]
    )


def _complements(autres: Complements) -> list[str]:
    vagues = ", ".join(f"{vague} ({nombre})" for vague, nombre in autres.vagues())
    annees = ", ".join(f"{an} ({nombre})" for an, nombre in autres.labels_par_exercice.items())
    phrases = [
        f"Subvention moyenne : {euros(autres.subvention_moyenne_centimes)}",
        f"Labels par vague : {vagues or 'aucun'}",
        f"Labels par année : {annees or 'aucun'}",
    ]
    if autres.labels_financables is not None:
        phrases.append(
            "Rythme : au coût moyen constaté, l'enveloppe finance "
            f"{accorder(autres.labels_financables, 'label')} en tout"
        )
    return phrases


def table_structures(lignes: Sequence[LigneStructure], *, largeur: int) -> str:
    """The register; names and postcodes only where there is room for them."""
    from projections.libelles import ETATS, TERRITOIRES  # noqa: PLC0415

    large = largeur >= _LARGE
    colonnes = [
        Colonne("Structure", souple="cle"),
        *([Colonne("Porteur", souple="texte"), Colonne("Code")] if large else []),
        Colonne("Ville", souple="texte"),
        Colonne("Zone", souple="libelle"),
        Colonne("Num."),
        Colonne("État", souple="libelle"),
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
        Colonne("Statut", souple="libelle"),
    )
    bonus = "Bonus numérique : aucun"
    if figure.bonus is not None:
        bonus = (
            f"Bonus numérique : {euros(figure.bonus.montant_centimes)}, exercice "
            f"{figure.bonus.exercice}, versé {euros(figure.bonus.verse_centimes)}"
        )
    positions = ", ".join(str(position) for position in figure.evenements)
    dit = ETATS.get(figure.etat, figure.etat)
    etat = phrase(f"État : {dit} · Subvention : {euros(figure.montant_centimes)}", largeur)
    return "\n\n".join(
        [
            f"{phrase(f'Structure {figure.structure}', largeur)}\n{etat}",
            tableau(colonnes, rangs, largeur=largeur),
            phrase(bonus, largeur),
            phrase(f"Événements (positions) : {positions}", largeur),
        ]
    )


def table_anomalies(lignes: Sequence[Anomalie], *, largeur: int) -> str:
    """By code: its meaning and count, then each detail once, with whom it concerns."""
    from projections.anomalies import par_code  # noqa: PLC0415

    if not lignes:
        return "Aucune anomalie."
    blocs = []
    for groupe in par_code(lignes):
        textes = [
            phrase(f"{groupe.code} ({groupe.nombre}) : {groupe.sens}", largeur),
            *(_detail(detail, concernes, largeur) for detail, concernes in groupe.details),
        ]
        blocs.append("\n".join(textes))
    fin = f"{accorder(len(lignes), 'anomalie')} ; entre parenthèses, la position du fait au journal"
    return "\n\n".join([*blocs, phrase(fin, largeur)])


def _detail(detail: str, concernes: Sequence[Anomalie], largeur: int) -> str:
    """A detail and where to look: one place before it, several in a list below."""
    if len(concernes) > 1:
        lieux = neutraliser(", ".join(_lieu(a, "") for a in concernes))
        liste = replier(lieux, largeur, debut="    ", suite="    ")
        return f"{en_liste(detail, largeur)}\n{liste}"
    lieu = _lieu(concernes[0], "position ")
    return en_liste(f"{lieu} : {detail}" if lieu else detail, largeur)


def _lieu(anomalie: Anomalie, mot: str) -> str:
    """Where to look: `lab01-01500 (position 4)`."""
    ou = "" if anomalie.position is None else f"{mot}{anomalie.position}"
    if anomalie.structure is None:
        return ou
    return f"{anomalie.structure} ({ou})" if ou else anomalie.structure


_DITS = {
    "chaine": "chaîne",
    "regles": "règles",
    "releves": "relevés",
}
"""The names of checks that have an accent."""


def table_verification(programme: str, rapport: Rapport, *, largeur: int) -> str:
    """The verdict, what it covers, and every finding."""
    verdict = "conforme" if rapport.conforme else "NON CONFORME"
    phrases = [
        f"Journal {programme} : {verdict}",
        accorder(rapport.taille, "fait"),
        f"Racine : {rapport.racine}",
        f"Contrôles faits : {_controles(rapport, 'fait')}",
        *_releves(rapport),
    ]
    interrompus = _controles(rapport, "interrompu")
    if interrompus:
        phrases.append(f"Interrompu par ce qui a été trouvé : {interrompus}")
    textes = [phrase(texte, largeur) for texte in phrases]
    textes += table_constats(rapport.constats, largeur=largeur)
    return "\n".join(textes)


def table_constats(constats: Sequence[Any], *, largeur: int) -> list[str]:
    """The findings (`code`, `position`, `detail`), then how many."""
    textes = []
    for constat in constats:
        ou = f" · position {constat.position}" if constat.position is not None else ""
        textes.append(phrase(f"{constat.code}{ou}", largeur))
        textes.append(en_retrait(constat.detail, largeur))
    return [*textes, accorder(len(constats), "constat")] if constats else []


def _controles(rapport: Rapport, statut: str) -> str:
    faits = (nom for nom, fait in rapport.controles.items() if fait == statut)
    return ", ".join(_DITS.get(nom, nom) for nom in faits)


def _releves(rapport: Rapport) -> list[str]:
    """What the witnesses given cover, and what no signature was checked for."""
    bilan = rapport.releves
    if not bilan.confrontes:
        return ["Aucun relevé ni reçu n'est confronté : une réécriture complète passerait."]
    lignes = [
        f"Relevés et reçus : {accorder(bilan.tenus, 'tenu')} sur {bilan.confrontes}, lignes "
        f"couvertes jusqu'à la {bilan.couverts} sur {rapport.taille}"
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
