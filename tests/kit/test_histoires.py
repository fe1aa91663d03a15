"""Les histoires du kit : valides ou abîmées, toujours lisibles par la ligne de commande."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from commands import (
    COMMANDES,
    Commande,
    DéposerCandidature,
    GrandLivre,
    LabelliserFabrique,
    VerserTranche,
    lire_ligne,
)
from commands.testing import (
    Histoire,
    Moteur,
    autrement,
    commandes,
    commandes_typees,
    confronter,
    en_lignes,
    histoires,
    histoires_adverses,
    histoires_valides,
    invalides,
    ouvertures,
)
from commands.testing.histoires import Suite
from commands.testing.mots import candidature, labellisation
from commands.testing.recit import Recit
from ledger import MemoryStore
from projections.testing import lecteur
from tests.properties.outils import reglages


def moteur() -> Moteur:
    """A new engine in memory."""
    livre = GrandLivre(MemoryStore())
    return Moteur(livre, lecteur=lecteur(livre.store))


def codes(suite: Suite) -> list[str]:
    """What a new engine answers to each command: its status, or why it is refused."""
    livre = GrandLivre(MemoryStore())
    recus = [livre.executer(commande) for commande in suite]
    return [r.statut if r.refus is None else r.refus.code for r in recus]


@reglages(40)
@given(suite=histoires_valides())
def test_une_histoire_valide_n_a_que_des_acceptations(suite: Suite) -> None:
    """Toutes les commandes d'une histoire valide sont acceptées, dans l'ordre, partout."""
    assert set(codes(suite)) == {"acceptee"}


@reglages(40)
@given(suite=histoires_adverses())
def test_le_moteur_et_le_modele_repondent_pareil_aux_histoires_abimees(suite: Suite) -> None:
    """Envois doubles, tardifs, déplacés, d'un centime de trop : mêmes réponses, mêmes chiffres."""
    confronter(moteur, suite)


def test_les_histoires_abimees_rencontrent_ce_qu_elles_annoncent() -> None:
    """On y trouve des renvois, des détournements, des retards et des dépassements."""
    vus: Counter[str] = Counter()

    @settings(max_examples=250, derandomize=True, phases=(Phase.generate,), database=None)
    @given(suite=histoires_adverses(maximum=20))
    def compter(suite: Suite) -> None:
        vus.update(codes(suite))

    compter()
    annonces = {"deja_executee", "commande_divergente", "date_incoherente", "structure_inconnue"}
    annonces |= {"montant_excessif", "montant_hors_bornes", "plafond_annuel_depasse"}
    assert annonces <= set(vus)


@reglages(30)
@given(suite=histoires_adverses(maximum=10))
def test_une_suite_se_montre_en_lignes_a_coller(suite: Suite) -> None:
    """Ce qu'un exemple affiche se relit, ligne à ligne, comme ce qui a été tiré."""
    lignes = repr(suite).splitlines()[1:]
    livre = GrandLivre(MemoryStore())
    relus = [livre.executer(lire_ligne(ligne.encode())) for ligne in lignes]
    assert [r.statut if r.refus is None else r.refus.code for r in relus] == codes(suite)


def _montrees(strategie: st.SearchStrategy[Any]) -> tuple[Any, list[Any]]:
    """The lines of JSON that a failing example shows, read again, beside what was drawn."""
    tirees: list[Any] = []

    @settings(max_examples=1, derandomize=True, phases=(Phase.generate,), database=None)
    @given(tiree=strategie)
    def echouer(tiree: Any) -> None:
        tirees[:] = [tiree]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as echec:
        echouer()
    montre = "\n".join(echec.value.__notes__)
    return tirees[0], [json.loads(x) for x in montre.splitlines() if x.startswith("{")]


OUVRIR = ouvertures()


@pytest.mark.parametrize(
    "strategie",
    [
        OUVRIR,
        OUVRIR.flatmap(lambda o: invalides(commande=o)),
        OUVRIR.flatmap(lambda o: autrement(commande=o)),
        histoires(maximum=0).flatmap(lambda h: commandes(contexte=h.contexte())),
        histoires(maximum=3),
        histoires_valides(maximum=3),
        histoires_adverses(maximum=3),
        st.from_type(VerserTranche),
        st.lists(st.from_type(LabelliserFabrique), min_size=2, max_size=2),
        st.fixed_dictionaries({"envoi": st.from_type(DéposerCandidature)}),
    ],
)
def test_tout_exemple_qui_echoue_se_montre_en_lignes_a_coller(strategie: Any) -> None:
    """Quoi qu'on tire du kit, l'échec montre chaque commande sur une ligne que lit `executer`."""
    tiree, lues = _montrees(strategie)
    envoyees: Any
    match tiree:
        case Histoire():
            envoyees = tiree.commandes
        case {"envoi": commande} | commande if isinstance(commande, Commande | dict):
            envoyees = [commande]
        case _:
            envoyees = tiree
    assert lues == [json.loads(ligne) for ligne in en_lignes(envoyees).splitlines()]
    assert lues


@pytest.mark.parametrize(
    "alors",
    [
        lambda recit: recit.alors_c_est_accepte(),
        lambda recit: recit.alors_c_est_refuse("structure_inconnue"),
        lambda recit: recit.alors_c_est_refuse("deja_labellisee", "il pleut"),
        lambda recit: recit.alors_l_enveloppe(disponible="0,00 €"),
        lambda recit: recit.alors_l_exercice(2020, ae_engagees="0,00 €"),
        lambda recit: recit.alors_les_tranches("s1", "versee"),
        lambda recit: recit.alors_l_anomalie("siret_faux"),
    ],
)
def test_un_recit_qui_echoue_dit_ce_qui_fut_envoye(alors: Callable[[Recit], None]) -> None:
    """Tout ce qu'un récit affirme à tort montre ses commandes, qui se relisent."""
    recit = Recit(moteur())
    recit.etant_donne(candidature("s1"), labellisation("s1", "03/02/2020"))
    recit.quand_on_tente(labellisation("s1", "04/02/2020"))
    with pytest.raises(AssertionError) as echec:
        alors(recit)
    lignes = [li for li in str(echec.value).splitlines() if li.startswith('{"commande"')]
    relues = [lire_ligne(ligne.encode()) for ligne in lignes]
    assert [getattr(relue, "id_commande", "?") for relue in relues] == ["c1", "c2", "c3", "c4"]


@reglages(100)
@given(data=st.data())
def test_une_commande_typee_se_montre_en_une_ligne(data: st.DataObject) -> None:
    """Toute commande typée est bien formée, et s'écrit en une ligne qui rend la même commande."""
    commande: Any = data.draw(commandes_typees(classe=data.draw(st.sampled_from(COMMANDES))))
    (ligne,) = en_lignes([commande]).splitlines()
    relue = lire_ligne(ligne.encode())
    assert isinstance(relue, Commande)
    assert (type(relue), relue.empreinte) == (type(commande), commande.empreinte)
