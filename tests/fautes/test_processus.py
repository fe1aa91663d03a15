"""Morts subites, foules et horloges folles, en court ; les campagnes sont `make faults`."""

from __future__ import annotations

from tests.fautes import cohue, horloges, morts


def test_une_mort_subite_ne_perd_aucun_recu_rendu() -> None:
    """Tué à n'importe quel moment : les reçus rendus sont au journal, et la reprise est exacte."""
    bilan = morts.campagne(10, 6962, delais=False)
    assert bilan.manquees == []
    assert {nom.partition(",")[0] for nom in bilan.vues} >= {"ecrire", "index", "lire"}
    assert sum(n for nom, n in bilan.vues.items() if nom.endswith("point : mort en route")) > 1
    assert bilan.vues["reçus confrontés"] > 20


def test_une_foule_d_ecrivains_n_inscrit_qu_un_fait_par_identifiant() -> None:
    """Processus et fils sur une base, les mêmes commandes : un fait chacune, enveloppe tenue."""
    bilan = cohue.campagne(3, 6962)
    assert bilan.manquees == []
    assert bilan.vues["fils d'exécution"] == 8
    assert bilan.vues["processus"] >= 4
    assert bilan.vues["reçus confrontés"] > 100


def test_une_horloge_qui_recule_ne_fait_pas_reculer_le_journal() -> None:
    """Des processus dont l'horloge saute de plusieurs années : les instants inscrits croissent."""
    bilan = horloges.campagne(2, 6962)
    assert bilan.manquees == []
    assert bilan.vues["instants"] > 30
    assert bilan.vues["instants retenus, l'horloge reculant"] > 5
