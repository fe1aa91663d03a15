"""La campagne d'octets quelconques, en court ; la longue est `make fuzz`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.preuve.releve import Releve, lire_releve
from tests.fuzz import preuves
from tests.fuzz.cibles import CIBLES
from tests.fuzz.moteur import CORPUS, Blocage, Cible, campagne, essayer, patience

ICI = "tests/fuzz/test_fuzz.py"


def _piege(octets: bytes) -> str:
    """A defect behind three bytes, each one bit away: one step at a time leads there."""
    if octets[:1] == b"[":
        if octets[1:2] == b"\xff":
            if octets[2:3] == b"e":
                raise ZeroDivisionError
            return ""
        return ""
    return ""


PIEGE = Cible("piege", "un défaut planté", lambda: [b"Z\x7fd"], _piege, (ICI,))


@pytest.mark.parametrize("nom", CIBLES)
def test_des_octets_quelconques_ne_cassent_rien(nom: str) -> None:
    """Chaque entrée répond à des octets quelconques comme il est écrit, et jamais autrement."""
    cible = CIBLES[nom]
    bilan = campagne(cible, graine=1, executions=max(cible.executions, 2 * len(cible.graines())))
    assert [(f.signature, f.entree[:500], f.trace) for f in bilan.fautes] == []
    assert bilan.reponses >= (1 if nom == "sshsig" else 2)  # accepted and refused, at least
    assert bool(bilan.arcs) == bool(cible.suivi)


def test_les_trouvailles_gardees_restent_mendees() -> None:
    """Chaque entrée gardée d'un défaut passé reçoit une réponse."""
    cibles = [CIBLES[dossier.name] for dossier in sorted(CORPUS.iterdir())]
    reponses = [essayer(cible, octets) for cible in cibles for octets in cible.corpus()]
    assert reponses
    assert [faute for _, faute in reponses if faute is not None] == []


def test_un_defaut_plante_est_trouve_par_la_couverture() -> None:
    """La couverture mène au défaut planté, réduit à ses trois octets ; sans elle, il échappe."""
    trouve = campagne(PIEGE, graine=1, executions=20_000)
    (faute,) = trouve.fautes
    assert faute.signature == "ZeroDivisionError en ?"
    assert faute.entree == b"[\xffe"
    assert campagne(replace(PIEGE, suivi=()), graine=1, executions=20_000).fautes == []


def test_un_defaut_plante_dans_un_lecteur_est_trouve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Un lecteur de relevés qui admet des lignes vides de trop est pris par l'aller-retour."""

    def indulgent(octets: bytes) -> Releve:
        return lire_releve(octets.rstrip() + b"\n")

    monkeypatch.setattr(preuves, "lire_releve", indulgent)
    bilan = campagne(CIBLES["releve"], graine=1, executions=2_000)
    assert [f.signature.split()[0] for f in bilan.fautes] == ["AssertionError"]


def test_une_entree_qui_n_en_finit_pas_est_un_defaut() -> None:
    """Ce qui ne se termine pas est interrompu, et compté comme un défaut."""

    def sans_fin() -> None:
        while True:
            pass

    with pytest.raises(Blocage), patience(1):
        sans_fin()


def test_la_meme_graine_donne_la_meme_campagne() -> None:
    """Deux campagnes de même graine voient les mêmes choses ; une autre graine, d'autres."""
    bilans = [campagne(CIBLES["recus"], graine=graine, executions=150) for graine in (1, 1, 2)]
    un, deux, autre = [(b.corpus, b.arcs, b.reponses) for b in bilans]
    assert un == deux != autre
