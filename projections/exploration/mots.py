"""The words of the read model: what each table, view and column says, and in which unit.

Most columns are members of facts or of figures, which have their sentence already: only what the
read model adds is said here. A test confronts these words with the schema.
"""

from __future__ import annotations

from ..vocabulaire import PHRASES

TOUTES = (
    "Les mêmes que `fabriques anomalies`, doublons, saisies et ordonnateurs compris, au jour du "
    "dernier fait que le fichier tient."
)
"""What the anomalies in SQL are, wherever they are shown."""

OBJETS: dict[str, tuple[str, str]] = {
    "v_enveloppe": ("Enveloppe", "La consommation de l'enveloppe, une ligne par programme."),
    "v_exercices": ("Exercices", "AE, CP et restes à payer, une ligne par exercice."),
    "v_situation": ("Structures", "Une ligne par structure : état, subvention, payé, retiré."),
    "v_echeancier": ("Échéanciers", "Une ligne par tranche, avec son statut au dernier fait."),
    "v_versements": ("Versements", "Un paiement par ligne ; annule = 1 s'il a été annulé."),
    "v_journal": ("Journal", "Un fait par ligne, dans l'ordre où il a été enregistré."),
    "v_anomalies": ("Anomalies", f"Ce qui mérite un regard. {TOUTES}"),
    "v_restes_a_payer": (
        "Restes à payer",
        "Engagé ni payé ni retiré, par exercice d'engagement et par nature.",
    ),
    "v_disponible": ("Disponible par jour", "Le disponible de l'enveloppe, par date d'effet."),
    "v_comptes": ("Comptes", "Le solde de chaque compte de la partie double."),
    "v_recherche": ("Recherche", "À interroger avec WHERE recherche MATCH 'mots'."),
    "programmes": (
        "Programmes",
        "Une ligne par programme : position et racine que le fichier tient.",
    ),
    "structures": ("Structures (table)", "Le registre, tel que les faits l'ont fait."),
    "faits": ("Faits", "Les lignes du journal, avec ce qu'on y cherche le plus."),
    "regles": ("Règles", "Les règles de l'ouverture et chaque révision."),
    "ecritures": ("Écritures", "La partie double : la somme des écritures d'un fait est nulle."),
    "tranches": ("Tranches", "Les échéanciers en vigueur."),
    "bonus": ("Bonus", "Les bonus numériques accordés."),
    "conventions": ("Conventions", "Les références des conventions enregistrées."),
    "versements": ("Versements (table)", "Chaque paiement, annulé ou non."),
    "signalements": ("Signalements", "Les anomalies qui ne dépendent pas du jour."),
    "saisies": ("Saisies", "Les anomalies de l'enregistrement : faits tardifs, horloge immobile."),
    "soldes": ("Soldes", "Les sommes d'où se lisent les chiffres ; exercice 0 : d'aucune année."),
    "comptes": ("Comptes (table)", "Le solde de chaque compte de la partie double."),
    "credits": ("Crédits (table)", "AE, CP et restes à payer, en centimes."),
    "enveloppe": ("Enveloppe (table)", "La consommation de l'enveloppe, en centimes."),
    "jours": ("Jours", "Ce que chaque date d'effet ajoute au disponible."),
    "types": ("Types de faits", "Code et libellé."),
    "etats": ("États", "Code et libellé."),
    "codes": ("Codes d'anomalies", "Code et libellé."),
}
"""Table or view -> (title, what a row is), what people open first coming first."""

_COLONNES = {
    "libelle": "Libellé.",
    "etat_libelle": "Libellé de l'état.",
    "type_libelle": "Libellé du type de fait.",
    "numero": "Numéro interne, sans signification.",
    "derniere_date": "Plus grande date d'effet connue : le jour où les statuts sont lus.",
    "date_de_vue": "Plus grande date d'effet connue : le jour où les statuts sont lus.",
    "dernier_instant": "Instant du dernier fait enregistré.",
    "tete": "Empreinte de la dernière ligne du journal.",
    "souches": "Ce qu'il faut de l'arbre de Merkle pour continuer.",
    "saisie": "Ce qu'il faut pour continuer le suivi des saisies (JSON).",
    "effectifs": "Nombre de lignes des tables qui grandissent avec les structures (JSON).",
    "programmes.position": "Dernière position du journal que le fichier tient.",
    "v_enveloppe.position": "Dernière position du journal que le fichier tient.",
    "enveloppe.position": "Dernière position du journal que le fichier tient.",
    "programmes.racine": "Racine de Merkle du journal à cette position, en base64.",
    "instruite": "La candidature a été instruite.",
    "retire_centimes": "Retiré : label retiré, avenants à la baisse, annulations après retrait.",
    "reclame_centimes": "Reversements demandés.",
    "encaisse_centimes": "Reversements encaissés.",
    "label_date": "Date d'effet du label.",
    "label_position": "Position du fait qui labellise.",
    "retrait_date": "Date d'effet du retrait du label.",
    "retrait_position": "Position du fait qui retire le label.",
    "structures.evenements": "Nombre de faits qui la nomment.",
    "v_situation.evenements": "Nombre de faits qui la nomment.",
    "structures.montant_centimes": "Subvention en vigueur, bonus non compris.",
    "v_situation.montant_centimes": "Subvention en vigueur, bonus non compris.",
    "faits.montant_centimes": "Montant que le fait porte, s'il en porte un.",
    "v_journal.montant_centimes": "Montant que le fait porte, s'il en porte un.",
    "autres_graphies": "Autres graphies, pour la recherche.",
    "exercice_effet": "Année de la date d'effet.",
    "acteur_id": "Qui a donné la commande.",
    "acteur_role": "En quel rôle.",
    "tardif": "Antidaté : la date d'effet précède celle d'un fait déjà enregistré.",
    "cle_porteur": "Le nom sans casse, accents ni ponctuation, pour trouver les doublons.",
    "cle_reference": "La référence sans casse ni espaces en trop, pour trouver les doublons.",
    "etat": "État de la structure dans son parcours, en code (table etats).",
    "faits.etat": "Le fait tel que le journal l'écrit (JSON).",
    "saisies.position": "Position du fait concerné, ou du premier d'entre eux.",
    "saisies.rang": "Ordre d'affichage.",
    "ligne": "La ligne du journal, à l'octet près.",
    "contenu": "Les règles, en JSON.",
    "compte": "Compte de la partie double : livre, poste, exercice, nature.",
    "centimes": "Débit positif, crédit négatif.",
    "solde_centimes": "Solde du compte, débit positif.",
    "annulee": "Le label est retiré et la tranche n'est pas soldée.",
    "annule": "Le versement a été annulé.",
    "membre": "Nom du solde.",
    "valeur": "Centimes, ou nombre pour ce qui se compte.",
    "exercice_engagement": "Exercice de l'engagement.",
    "recherche": "À donner à MATCH.",
    "signalements.position": "Position du fait concerné, s'il en est un.",
    "v_anomalies.position": "Position du fait concerné, s'il en est un.",
    "signalements.rang": "Ordre d'affichage.",
    "ecritures.rang": "Rang de l'écriture dans le fait.",
    "conventions.rang": "Rang de la convention, de la plus ancienne à la plus récente.",
    "bonus.verse_centimes": "Versé, annulations déduites.",
    "variation_centimes": "Variation du disponible ce jour-là, signée.",
    "v_disponible.disponible_centimes": "Disponible à la fin de ce jour.",
    "jours.position": "Dernier fait qui a pris sur le disponible ce jour-là (0 : aucun).",
    **{
        f"{quoi}_{nom}": f"{debut} {suite}."
        for quoi, debut in (("labels", "Labels en vigueur"), ("quotas", "Quota"))
        for nom, suite in (
            ("total", "en tout"),
            ("qpv", "en QPV"),
            ("hors_qpv", "hors QPV"),
            ("numeriques", "numériques"),
        )
    },
}
_BOOLEENS = {"numerique", "tardif", "annule", "annulee", "instruite"}


def unite(colonne: str) -> str:
    """The unit of a column, from its name; empty when it has none."""
    if colonne.endswith("_centimes") or colonne == "centimes":
        return "centimes d'euro"
    if colonne.endswith("_euros"):
        return "euros, texte à deux décimales"
    if colonne.endswith("_dix_milliemes"):
        return "dix-millièmes"
    if colonne.startswith("exercice"):
        return "année"
    if colonne in ("date_effet", "echeance", "date_de_vue", "derniere_date") or colonne.endswith(
        "_date"
    ):
        return "AAAA-MM-JJ"
    if colonne in ("enregistre_le", "dernier_instant"):
        return "instant UTC"
    return "0 ou 1" if colonne in _BOOLEENS else ""


def phrase(objet: str, colonne: str) -> str:
    """What a column of a table or view says. Raises KeyError when nobody said it."""
    nom = f"{colonne.removesuffix('_euros')}_centimes" if colonne.endswith("_euros") else colonne
    for cle in (f"{objet}.{nom}", nom):
        if cle in _COLONNES:
            return _COLONNES[cle]
    return PHRASES[nom]


def description(objet: str, colonne: str) -> str:
    """The sentence, then the unit."""
    mesure = unite(colonne)
    return f"{phrase(objet, colonne)} ({mesure})" if mesure else phrase(objet, colonne)
