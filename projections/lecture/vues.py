"""The views: what a person queries with `sqlite3`, LibreOffice or Datasette.

Amounts come twice: `*_centimes` (integer, to compute) and `*_euros` (decimal text, to read), the
latter by integer division: no float anywhere.
"""

# ruff: noqa: S608 - every name put into this SQL is written in this very module
from __future__ import annotations

from .postes import ECRITURES


def euros(centimes: str, nom: str) -> str:
    """SQL of a `_centimes` column followed by its decimal text (NULL when it is NULL)."""
    return (
        f"{centimes} AS {nom}_centimes, CASE WHEN {centimes} IS NOT NULL THEN "
        f"iif({centimes} < 0, '-', '') || printf('%d.%02d', abs({centimes}) / 100, "
        f"abs({centimes}) % 100) END AS {nom}_euros"
    )


def _montants(table: str, *noms: str) -> str:
    return ", ".join(euros(f"{table}.{nom}_centimes", nom) for nom in noms)


# First that applies, as in projections.echeancier; `j` is programmes.derniere_date.
_STATUT = (
    "CASE WHEN t.verse_centimes >= t.montant_centimes THEN 'soldee' "
    "WHEN t.annulee THEN 'annulee' "
    "WHEN CAST(substr(p.derniere_date, 1, 4) AS INTEGER) > t.exercice THEN 'en_retard' "
    "WHEN t.verse_centimes > 0 THEN 'partielle' "
    "WHEN t.echeance <= p.derniere_date THEN 'exigible' "
    "ELSE 'a_venir' END"
)
_TRANCHES = (
    "FROM tranches t "
    "JOIN structures s ON s.programme = t.programme AND s.structure = t.structure "
    "JOIN programmes p ON p.programme = t.programme"
)
_JOUR = (
    "substr(p.derniere_date, 9, 2) || '/' || substr(p.derniere_date, 6, 2) || '/' || "
    "substr(p.derniere_date, 1, 4)"
)
_RETARD = (
    "'Tranche ' || t.rang || ' (' || t.exercice || ') : il reste ' || "
    "replace(printf('%,d', t.reste_centimes / 100), ',', ' ') || "
    f"printf(',%02d €', t.reste_centimes % 100) || ' au ' || {_JOUR} || '.'"
)

_DEPOT = "numero % 1000000000"  # see rangees.de_structure
_JOUR_DU_VERSEMENT = (
    "substr(date_effet, 9, 2) || '/' || substr(date_effet, 6, 2) || '/' || substr(date_effet, 1, 4)"
)


def _semblables(motif: str, cles: str, suite: str) -> str:
    """Structures that have the same keys as an earlier one, as in projections.doublons."""
    premier_mot = cles.split(", ", maxsplit=1)[0]
    premiere = f"FIRST_VALUE({{}}) OVER (PARTITION BY programme, {cles} ORDER BY numero)"
    return (
        f"SELECT programme, 'doublon_structure', structure, {_DEPOT}, '{motif} que ' || premiere "
        f"|| ' (position ' || ou || ').', 2, {suite} FROM (SELECT *, "
        f"{premiere.format('structure')} AS premiere, {premiere.format(_DEPOT)} AS ou "
        f"FROM structures WHERE etat NOT IN ('rejetee', 'retiree') AND {premier_mot} <> '')"
        " WHERE structure <> premiere"
    )


# As in projections.doublons: what is the same word for word is said by a column made for it.
_DOUBLONS = " UNION ALL ".join(
    (
        _semblables("Même SIRET", "siret", "1"),
        _semblables("Même porteur et même code postal", "cle_porteur, code_postal", "2"),
        "SELECT programme, 'doublon_versement', structure, position, CASE WHEN ou <> position "
        "THEN 'Référence ' || reference || ' déjà donnée à la position ' || ou || ' (' || qui || "
        "').' ELSE iif(rang, 'Tranche ' || rang, 'Bonus') || ', versement du ' || "
        f"{_JOUR_DU_VERSEMENT} || ' : même montant et même jour qu''à la position ' || jumeau "
        "|| '.' END, 3, position FROM (SELECT *, "
        "FIRST_VALUE(position) OVER r AS ou, FIRST_VALUE(structure) OVER r AS qui, "
        "FIRST_VALUE(position) OVER (PARTITION BY programme, structure, rang, montant_centimes, "
        "date_effet ORDER BY position) AS jumeau FROM versements WHERE NOT annule "
        "WINDOW r AS (PARTITION BY programme, cle_reference ORDER BY position)) "
        "WHERE ou <> position OR jumeau <> position",
    )
)

VUES: dict[str, str] = {
    "v_situation": (
        "SELECT s.programme, s.structure, s.porteur, s.code_postal, s.ville, s.territoire, "
        "s.numerique, s.vague, s.etat, e.libelle AS etat_libelle, s.label_date, s.retrait_date, "
        f"{_montants('s', 'montant', 'paye', 'retire', 'reclame', 'encaisse')}, s.evenements "
        "FROM structures s JOIN etats e ON e.etat = s.etat "
        "ORDER BY s.programme, s.structure"
    ),
    "v_enveloppe": (
        "SELECT e.programme, p.intitule, e.position, p.racine, p.derniere_date AS date_de_vue, "
        + _montants(
            "e",
            "enveloppe",
            "engage",
            "engage_subventions",
            "engage_bonus",
            "retraits_meme_exercice",
            "retraits_anterieurs",
            "disponible",
            "paye",
            "reste_a_payer",
            "reversements",
        )
        + ", e.taux_consommation_dix_milliemes, e.labels_total, e.quotas_total, e.labels_qpv, "
        "e.quotas_qpv, e.labels_hors_qpv, e.quotas_hors_qpv, e.labels_numeriques, "
        "e.quotas_numeriques "
        "FROM enveloppe e JOIN programmes p ON p.programme = e.programme ORDER BY e.programme"
    ),
    "v_exercices": (
        "SELECT c.programme, c.exercice, "
        + _montants(
            "c",
            "ae_ouvertes",
            "ae_engagees",
            "retraits_meme_exercice",
            "retraits_anterieurs",
            "ae_disponibles",
            "cp_ouverts",
            "cp_payes",
            "regularisations",
            "cp_disponibles",
            "cp_restant_a_prevoir",
            "reversements",
            "rap_ouverture",
            "rap_cloture",
        )
        + " FROM credits c ORDER BY c.programme, c.exercice"
    ),
    "v_echeancier": (
        "SELECT t.programme, t.structure, s.porteur, s.ville, t.rang, t.exercice, t.echeance, "
        f"{_montants('t', 'montant', 'verse', 'reste')}, {_STATUT} AS statut, "
        f"p.derniere_date AS date_de_vue {_TRANCHES} "
        "ORDER BY t.programme, t.structure, t.rang"
    ),
    "v_versements": (
        "SELECT v.programme, v.position, v.structure, s.porteur, v.rang, "
        f"{_montants('v', 'montant')}, v.exercice, v.exercice_prevu, v.date_effet, v.reference, "
        "v.annule FROM versements v "
        "JOIN structures s ON s.programme = v.programme AND s.structure = v.structure "
        "ORDER BY v.programme, v.position"
    ),
    "v_journal": (
        "SELECT f.programme, f.position, f.date_effet, f.enregistre_le, f.type, "
        "y.libelle AS type_libelle, f.structure, s.porteur, f.exercice, "
        f"{_montants('f', 'montant')}, f.acteur_id, f.acteur_role, f.id_commande, f.tardif "
        "FROM faits f JOIN types y ON y.type = f.type "
        "LEFT JOIN structures s ON s.programme = f.programme AND s.structure = f.structure "
        "ORDER BY f.programme, f.position"
    ),
    "v_restes_a_payer": (
        "SELECT programme, CAST(substr(compte, 11, 4) AS INTEGER) AS exercice_engagement, "
        f"substr(compte, 16) AS nature, {euros('solde_centimes', 'reste')} "
        "FROM comptes WHERE compte GLOB 'rap:reste:*' "
        "ORDER BY programme, compte"
    ),
    "v_comptes": (
        f"SELECT programme, compte, {euros('solde_centimes', 'solde')} "
        "FROM comptes ORDER BY programme, compte"
    ),
    "ecritures": ECRITURES,
    "v_disponible": (
        "SELECT programme, date_effet, "
        f"{euros('variation_centimes', 'variation')}, {euros('cumul_centimes', 'disponible')} "
        "FROM (SELECT *, sum(variation_centimes) OVER (PARTITION BY programme "
        "ORDER BY date_effet) AS cumul_centimes FROM jours) ORDER BY programme, date_effet"
    ),
    "v_anomalies": (
        "SELECT a.programme, a.code, c.libelle, a.structure, a.position, a.detail FROM ("
        "SELECT t.programme, 'tranche_en_retard' AS code, t.structure, "
        f"s.label_position AS position, {_RETARD} AS detail, 0 AS lot, t.rang AS rang "
        f"{_TRANCHES} WHERE t.reste_centimes > 0 AND {_STATUT} = 'en_retard' UNION ALL "
        "SELECT programme, code, structure, position, detail, 1, rang FROM signalements "
        f"UNION ALL {_DOUBLONS} UNION ALL "
        "SELECT programme, code, structure, position, detail, 4, rang FROM saisies"
        ") a JOIN codes c ON c.code = a.code "
        "ORDER BY a.programme, a.structure IS NULL, a.structure, a.lot, a.rang"
    ),
    "v_recherche": (
        "SELECT f.structures_fts AS recherche, s.programme, s.structure, s.porteur, "
        "s.code_postal, s.ville, s.etat FROM structures_fts f JOIN structures s "
        "ON s.numero = f.rowid"
    ),
}
"""View -> SQL. `v_recherche` is asked with `WHERE recherche MATCH 'mots'`."""
