"""What a controller asks: questions in SQL, ready to run, each with its title.

Amounts are cents: `SUM`, `<` and sorting are exact, and the plugin shows them as euros. A column
that adds amounts keeps a name that ends in `_centimes`.
"""

from __future__ import annotations

from msgspec import Struct

from .mots import TOUTES


class Requete(Struct, frozen=True):
    """A question: its address in Datasette, title, what it answers, SQL (`:name` is asked for)."""

    nom: str
    titre: str
    description: str
    sql: str


REQUETES = (
    Requete(
        "consommation",
        "Consommation de l'enveloppe",
        "Engagé, retiré, disponible, payé, restes à payer, par programme.",
        "SELECT programme, intitule, date_de_vue, enveloppe_centimes, engage_centimes, "
        "retraits_meme_exercice_centimes, retraits_anterieurs_centimes, disponible_centimes, "
        "paye_centimes, reste_a_payer_centimes, reversements_centimes, "
        "taux_consommation_dix_milliemes, labels_total, quotas_total FROM v_enveloppe",
    ),
    Requete(
        "exercices",
        "AE et CP par exercice",
        "AE engagées, CP payés, retraits, restes à payer à l'ouverture et à la clôture.",
        "SELECT programme, exercice, ae_ouvertes_centimes, ae_engagees_centimes, "
        "ae_disponibles_centimes, cp_ouverts_centimes, cp_payes_centimes, "
        "regularisations_centimes, cp_disponibles_centimes, retraits_meme_exercice_centimes, "
        "retraits_anterieurs_centimes, rap_ouverture_centimes, rap_cloture_centimes "
        "FROM v_exercices",
    ),
    Requete(
        "echeances_en_retard",
        "Échéances en retard",
        "Tranches dont l'exercice est passé et qui ne sont pas soldées, au jour du dernier fait.",
        "SELECT programme, structure, porteur, rang, exercice, echeance, montant_centimes, "
        "verse_centimes, reste_centimes, date_de_vue FROM v_echeancier "
        "WHERE statut = 'en_retard' ORDER BY echeance, structure",
    ),
    Requete(
        "echeances_a_payer",
        "Échéances dues, à payer",
        "Tranches dont l'échéance est atteinte et où il reste à verser.",
        "SELECT programme, structure, porteur, rang, exercice, echeance, reste_centimes, statut "
        "FROM v_echeancier WHERE statut IN ('exigible', 'partielle', 'en_retard') "
        "ORDER BY echeance, structure",
    ),
    Requete(
        "sans_siret",
        "Structures labellisées, ou qui l'ont été, sans SIRET",
        "Sans SIRET ni RNA, une convention ne peut pas être publiée.",
        "SELECT programme, structure, porteur, code_postal, ville, rna, montant_centimes, "
        "paye_centimes FROM structures WHERE siret IS NULL AND label_date IS NOT NULL "
        "ORDER BY programme, structure",
    ),
    Requete(
        "sans_convention",
        "Structures labellisées, ou qui l'ont été, sans convention",
        "Au-delà de 23 000 € par an, la convention est obligatoire.",
        "SELECT s.programme, s.structure, s.porteur, s.label_date, s.montant_centimes, "
        "s.paye_centimes FROM structures s WHERE s.label_date IS NOT NULL AND NOT EXISTS ("
        "SELECT 1 FROM conventions c WHERE c.programme = s.programme "
        "AND c.structure = s.structure) ORDER BY s.programme, s.structure",
    ),
    Requete(
        "versements_d_une_structure",
        "Versements d'une structure",
        "Tout ce qui lui a été payé, annulations comprises (annule = 1).",
        "SELECT programme, position, rang, montant_centimes, exercice, exercice_prevu, "
        "date_effet, reference, annule FROM v_versements WHERE structure = :structure "
        "ORDER BY programme, position",
    ),
    Requete(
        "histoire_d_une_structure",
        "Histoire d'une structure",
        "Chaque fait qui la nomme, dans l'ordre du journal, et qui l'a commandé.",
        "SELECT programme, position, date_effet, type_libelle, montant_centimes, acteur_id, "
        "acteur_role, tardif, enregistre_le FROM v_journal WHERE structure = :structure "
        "ORDER BY programme, position",
    ),
    Requete(
        "retraits_anterieurs",
        "Retraits sur exercices antérieurs",
        "Retirés après l'exercice de l'engagement (décret 2012-1246, art. 160), fait par fait.",
        "SELECT f.programme, f.position, f.structure, f.date_effet, "
        "json_extract(r.value, '$.exercice') AS exercice, "
        "json_extract(r.value, '$.nature') AS nature, "
        "json_extract(r.value, '$.montant_centimes') AS retire_centimes, y.libelle AS fait "
        "FROM faits f JOIN types y ON y.type = f.type JOIN json_each(f.etat, '$.retraits') r "
        "WHERE f.type IN ('avenant-signe', 'label-retire', 'versement-annule') "
        "AND json_extract(r.value, '$.exercice') <> json_extract(r.value, '$.engagement') "
        "ORDER BY f.programme, f.position, r.key",
    ),
    Requete(
        "qui_a_ordonne_et_paye",
        "Qui a ordonnancé, qui a payé",
        "Par structure et par tranche (rang 0 : le bonus), les acteurs des ordres et des "
        "paiements ; meme_acteur = 1 quand une personne a fait les deux.",
        "SELECT o.programme, o.structure, o.rang, "
        "group_concat(DISTINCT o.acteur_id) FILTER (WHERE o.ordre) AS ordonne_par, "
        "group_concat(DISTINCT o.acteur_id) FILTER (WHERE NOT o.ordre) AS paye_par, "
        "sum(o.centimes) FILTER (WHERE o.ordre) AS ordonne_centimes, "
        "sum(o.centimes) FILTER (WHERE NOT o.ordre) AS paye_brut_centimes, "
        "max(EXISTS (SELECT 1 FROM faits f WHERE f.programme = o.programme "
        "AND f.structure = o.structure AND f.acteur_id = o.acteur_id "
        "AND f.type = 'tranche-ordonnancee' AND NOT o.ordre "
        "AND json_extract(f.etat, '$.rang') = o.rang)) AS meme_acteur "
        "FROM (SELECT programme, structure, acteur_id, montant_centimes AS centimes, "
        "type = 'tranche-ordonnancee' AS ordre, "
        "coalesce(json_extract(etat, '$.rang'), 0) AS rang FROM faits "
        "WHERE type IN ('tranche-ordonnancee', 'tranche-versee', 'bonus-numerique-verse')) o "
        "GROUP BY o.programme, o.structure, o.rang ORDER BY o.programme, o.structure, o.rang",
    ),
    Requete(
        "plus_gros_restes",
        "Restes à payer par structure",
        "Ce qui reste à verser sur les échéanciers en vigueur, du plus gros au plus petit.",
        "SELECT programme, structure, porteur, sum(reste_centimes) AS reste_centimes, "
        "count(*) AS tranches FROM v_echeancier WHERE reste_centimes > 0 "
        "GROUP BY programme, structure ORDER BY reste_centimes DESC, programme, structure",
    ),
    Requete(
        "faits_antidates",
        "Faits antidatés",
        "Leur date d'effet précède celle d'un fait déjà enregistré. Ce n'est pas l'anomalie "
        "« saisie tardive » (fait_tardif) : enregistré longtemps après sa date d'effet, ou un "
        "exercice après.",
        "SELECT programme, position, date_effet, enregistre_le, type_libelle, structure, "
        "montant_centimes, acteur_id FROM v_journal WHERE tardif = 1 "
        "ORDER BY programme, position",
    ),
    Requete(
        "anomalies",
        "Ce qui mérite un regard",
        f"Par code, le plus fréquent d'abord. {TOUTES}",
        "SELECT programme, code, libelle, count(*) AS nombre, min(structure) AS exemple, "
        "min(detail) AS detail FROM v_anomalies GROUP BY programme, code "
        "ORDER BY nombre DESC, code",
    ),
)
"""The canned queries, in the order of the menu."""
