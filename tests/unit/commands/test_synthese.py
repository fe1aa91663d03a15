"""L'histoire synthétique : ce qui est publié y est exact, le reste est marqué, personne n'y est."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from commands import GrandLivre
from commands.synthese import (
    DERNIER_JOUR,
    HYPOTHESES,
    PROGRAMME_2019,
    PROGRAMME_2023,
    commandes_synthetiques,
    structures,
    vagues,
)
from ledger import Journal, MemoryStore
from ledger.audit import verifier
from ledger.bareme import regles_publiees
from ledger.regles import Regles, incoherences
from projections import complements, credits, enveloppe, regarder
from projections.rapport import ecrire, rapport, reproduire
from tests.unit.monde import HorlogeFixe


def jouer(jusqu_au: date = DERNIER_JOUR) -> MemoryStore:
    """The whole history in memory; every command is accepted."""
    store = MemoryStore()
    livre = GrandLivre(store, clock=HorlogeFixe())
    recus = list(livre.executer_flux(commandes_synthetiques(jusqu_au)))
    assert [r.refus for r in recus if r.refus is not None] == []
    return store


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    """Both programmes, to the end."""
    return jouer()


def test_les_vagues_sont_celles_publiees() -> None:
    """Les dix vagues ont leurs tailles publiées, leurs cumuls et leurs sources."""
    assert [v.nouvelles for v in vagues()] == [80, 30, 60, 19, 29, 35, 27, 20, 82, 25]
    assert [v.cumul for v in vagues()] == [80, 110, 170, 189, 218, 253, 280, 300, 382, 407]
    assert [v.numero for v in vagues() if v.par_difference] == [2, 4, 7]
    texte = files("commands").joinpath("donnees", "vagues-sources.json").read_text("utf-8")
    assert list(json.loads(texte)["sources"]) == [str(v.numero) for v in vagues()]


def test_les_trois_premieres_vagues_ont_les_territoires_publies() -> None:
    """Vague 1 toute en QPV ; 102 QPV et 68 hors QPV après la troisième ; 150 et 150 après la
    huitième."""
    par_vague: dict[int, Counter[bool]] = {}
    for s in structures():
        par_vague.setdefault(s.vague.numero, Counter())[s.qpv] += 1
    assert par_vague[1] == Counter({True: 80})
    trois = sum((par_vague[v] for v in (1, 2, 3)), Counter())
    assert trois == Counter({True: 102, False: 68})
    huit = sum((par_vague[v] for v in range(1, 9)), Counter())
    assert huit == Counter({True: 150, False: 150})


def test_le_programme_de_2019_a_ses_chiffres_ecrits(store: MemoryStore) -> None:
    """300 labels, quotas atteints, 44,9 M EUR engagés, 100 000 EUR disponibles, tout payé en
    2024."""
    vue = regarder(Journal(store, PROGRAMME_2019))
    lu = enveloppe(vue)
    assert (lu.labels, lu.quotas) == (lu.quotas, lu.labels)
    assert (lu.labels.total, lu.labels.qpv, lu.labels.hors_qpv) == (300, 150, 150)
    assert (lu.labels.numeriques, lu.engage_bonus_centimes) == (32, 3_200_000_00)
    assert lu.engage_centimes == 44_900_000_00
    assert lu.disponible_centimes == 100_000_00
    assert lu.reste_a_payer_centimes == 0
    assert complements(vue).labels_par_vague == {
        str(v.numero): v.nouvelles for v in vagues() if v.numero <= 8
    }
    euros = {
        ligne.exercice: (
            ligne.ae_engagees_centimes // 100,
            ligne.cp_payes_centimes // 100,
            ligne.rap_cloture_centimes // 100,
        )
        for ligne in credits(vue)
    }
    assert euros == {
        2019: (3_200_000, 0, 3_200_000),
        2020: (24_150_000, 11_250_000, 16_100_000),
        2021: (14_850_000, 13_000_000, 17_950_000),
        2022: (2_700_000, 13_900_000, 6_750_000),
        2023: (0, 5_850_000, 900_000),
        2024: (0, 900_000, 0),
    }
    assert {ligne.ae_disponibles_centimes for ligne in credits(vue)} == {0}
    assert {ligne.cp_disponibles_centimes for ligne in credits(vue)} == {0}


def test_les_regles_de_2023_sont_des_donnees_et_rien_d_autre() -> None:
    """Les règles de 2023 sont cohérentes, chaque champ a sa source, ce qui manque est marqué."""
    publie = regles_publiees("2023")
    assert incoherences(Regles(**publie["regles"])) is None
    assert publie["regles"].keys() <= publie["sources"].keys()
    supposes = {champ for champ, source in publie["sources"].items() if "SUPPOSÉ" in source}
    assert supposes == {
        "date_effet",
        "enveloppe_centimes",
        "quota_total",
        "quota_qpv",
        "quota_hors_qpv",
        "quotas",
    }


def test_le_programme_de_2023_verse_50_000_euros_en_une_fois(store: MemoryStore) -> None:
    """82 labels en 2023 et 80 en 2024 à 50 000 EUR, une tranche chacun, 8,1 M EUR en tout."""
    vue = regarder(Journal(store, PROGRAMME_2023))
    lu = enveloppe(vue)
    assert (lu.enveloppe_centimes, lu.engage_centimes) == (8_100_000_00, 8_100_000_00)
    assert (lu.disponible_centimes, lu.paye_centimes) == (0, 8_100_000_00)
    assert complements(vue).labels_par_vague == {"10": 80, "9": 82}
    labels = [f for f in vue.situation.fiches.values() if f.etat == "labellisee"]
    assert {(f.montant, len(f.tranches)) for f in labels} == {(5_000_000, 1)}
    assert [ligne.ae_engagees_centimes // 100 for ligne in credits(vue)] == [4_100_000, 4_000_000]
    anciens = regarder(Journal(store, PROGRAMME_2019)).situation.fiches
    assert sum(slug in anciens for slug in vue.situation.fiches) == 55


def _refus(store: MemoryStore, programme: str, **ecarts: Any) -> str | None:
    commande = {
        "commande": "DéposerCandidature",
        "programme": programme,
        "id_commande": "x",
        "acteur": {"id": "a", "role": "systeme"},
        "date_effet": "2024-11-01",
        "structure": "nouvelle",
        "porteur": "Essai",
        "code_postal": "00000",
        "ville": "Essai",
        "territoire": "qpv",
        "numerique": False,
    }
    with GrandLivre(MemoryStore(store), clock=HorlogeFixe()) as livre:
        livre.executer(commande)
        communs = ("programme", "acteur", "date_effet", "structure")
        label = {
            **{membre: commande[membre] for membre in communs},
            "commande": "LabelliserFabrique",
            "id_commande": "y",
            **ecarts,
        }
        recu = livre.executer(label)
    return None if recu.refus is None else recu.refus.code


def test_chaque_programme_est_juge_par_ses_regles(store: MemoryStore) -> None:
    """Dans une même base, 50 000 EUR est le seul montant admis par 2023, et trop peu pour 2019."""
    assert _refus(store, PROGRAMME_2019, montant_centimes=5_000_000) == "montant_hors_bornes"
    assert _refus(store, PROGRAMME_2019, montant_centimes=7_500_000) == "quota_atteint"
    assert _refus(store, PROGRAMME_2023, montant_centimes=5_000_001) == "montant_hors_bornes"
    assert _refus(store, PROGRAMME_2023, montant_centimes=4_999_999) == "montant_hors_bornes"
    assert _refus(store, PROGRAMME_2023, montant_centimes=5_000_000) == "enveloppe_depassee"


def test_un_programme_ne_doit_rien_a_l_autre(store: MemoryStore) -> None:
    """Chaque programme, joué seul, a les mêmes chiffres et la même racine que dans la base
    commune."""
    for programme in (PROGRAMME_2019, PROGRAMME_2023):
        seul = MemoryStore()
        livre = GrandLivre(seul, clock=HorlogeFixe())
        siennes = (c for c in commandes_synthetiques(DERNIER_JOUR) if c["programme"] == programme)
        for _ in livre.executer_flux(siennes):
            pass
        a, b = regarder(Journal(seul, programme)), regarder(Journal(store, programme))
        assert (enveloppe(a), credits(a), a.racine) == (enveloppe(b), credits(b), b.racine)


def test_tout_est_conforme_et_les_rapports_se_dessinent(store: MemoryStore) -> None:
    """La vérification ne trouve rien, et le rapport de chaque programme s'écrit et se refait."""
    for programme in (PROGRAMME_2019, PROGRAMME_2023):
        assert verifier(store, programme).constats == ()
        journal = Journal(store, programme)
        octets = ecrire(rapport(regarder(journal, au=DERNIER_JOUR)), "html")
        assert "SYNTHÉTIQUE" in octets.decode()
        assert reproduire(journal, octets).statut == "identique"


def test_personne_n_est_invente() -> None:
    """Chaque structure est numérotée, son porteur dit qu'elle n'existe pas, sans commune réelle."""
    depots = [
        c for c in commandes_synthetiques(DERNIER_JOUR) if c["commande"] == "DéposerCandidature"
    ]
    assert len(depots) == 300 + 82 + 80
    for c in depots:
        numero = c["structure"].removeprefix("synthetique-")
        assert c["porteur"] == f"Structure synthétique n° {numero} (n'existe pas)"
        assert (c["code_postal"], c["ville"]) == ("00000", "Commune synthétique")
    assert len({c["structure"] for c in depots}) == 407
    assert any("SYNTHÉTIQUE" in phrase for phrase in HYPOTHESES)


def test_une_date_plus_tardive_ne_fait_qu_ajouter() -> None:
    """Rejouer jusqu'à une date plus tardive complète la base sans rien changer ni refuser."""
    store = jouer(date(2020, 12, 31))
    avant = enveloppe(regarder(Journal(store, PROGRAMME_2019), au=date(2020, 12, 31)))
    assert store.programmes() == (PROGRAMME_2019,)
    assert avant.labels.total == 170
    livre = GrandLivre(store, clock=HorlogeFixe())
    statuts = Counter(r.statut for r in livre.executer_flux(commandes_synthetiques(DERNIER_JOUR)))
    assert statuts["refusee"] == 0
    apres = enveloppe(regarder(Journal(store, PROGRAMME_2019), au=date(2020, 12, 31)))
    assert apres.labels == avant.labels
    assert apres.disponible_centimes == avant.disponible_centimes
    complete = enveloppe(regarder(Journal(store, PROGRAMME_2019)))
    assert complete.disponible_centimes == 100_000_00
