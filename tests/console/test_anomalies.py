"""Les anomalies d'une structure : les siennes toutes, et jamais un « rien » de trop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from commands import GrandLivre
from ledger import MemoryStore
from projections.console.application import Console, creer_console
from tests.console.client import Client, Page
from tests.console.test_listes import lire_csv
from tests.unit.monde import HorlogeFixe, Monde, P

RACINE = f"/programmes/{P}"
SIRET = "35600000000048"


@contextmanager
def console_de(tardives: int, *, ouverture: str = "2019-07-11") -> Iterator[Client]:
    """Applications of 2019 entered in February, the first and last alike; s9 is in time."""
    monde = Monde(ouvert=False)
    horloge = HorlogeFixe(*(f"2020-02-{jour:02d}T08:00:00.000000Z" for jour in range(1, 29)))
    monde.livre = GrandLivre(MemoryStore(), clock=horloge)
    monde.ok("OuvrirProgramme", ouverture)
    for rang in range(1, tardives + 1):
        siret = SIRET if rang in (1, tardives) else None
        qui = {"structure": f"s{rang}", "porteur": f"Porteur {rang}", "siret": siret}
        monde.ok("DéposerCandidature", "2019-10-01", **qui)
    monde.ok("DéposerCandidature", "2020-01-25", structure="s9", porteur="Porteur 9")
    console = Console(monde.livre.store)
    yield Client(creer_console(console))
    console.fermer()


def liste(page: Page) -> list[tuple[str, str]]:
    """The structure and the nature of each line."""
    corps = page.source.partition('id="liste"')[2].partition("</table>")[0]
    return re.findall(r'<bdi>([^<]+)</bdi></a></th><td class="mots">([^<]+)<', corps)


def test_les_faits_tardifs_d_une_structure_sont_dits_un_par_un_et_les_doublons_des_deux() -> None:
    """Sept faits tardifs n'en font qu'un pour le programme ; chaque structure a les siens.

    Un doublon, dit de la plus récente des deux, est dans la liste de l'une et de l'autre.
    """
    with console_de(6) as client:
        page = client.lire(f"{RACINE}/anomalies?structure=s1")
        doublon, tardif = "Structure en double", "Saisie tardive"
        assert liste(page) == [("Porteur 6", doublon), ("Porteur 1", tardif)]
        assert "Effet au 01/10/2019, enregistré le 02/02/2020 : 124 jours après." in page.texte
        assert "Même SIRET que s1 (position 2)." in page.texte
        ailleurs = client.lire(f"{RACINE}/anomalies?structure=s6")
        assert liste(ailleurs) == [("Porteur 6", doublon), ("Porteur 6", tardif)]
        for structure, nombre in (("s1", 2), ("s2", 1), ("s6", 2)):
            assert len(lire_csv(client, f"{RACINE}/anomalies.csv?structure={structure}")) == nombre
        de_code = client.lire(f"{RACINE}/anomalies?structure=s1&code=fait_tardif")
        assert "124 jours après" in de_code.texte
        tous = client.lire(f"{RACINE}/anomalies?code=fait_tardif").texte
        assert "7 faits tardifs d'effet en 2019, positions 1 à 7." in tous


@pytest.mark.parametrize(
    ("au", "tardif"), [("2019-12-31", False), ("2020-01-20", False), ("2020-01-31", True)]
)
def test_un_fait_est_tardif_contre_ceux_que_la_vue_compte(au: str, tardif: bool) -> None:
    """Daté d'un exercice passé, un fait est tardif quand la vue compte un fait du suivant."""
    monde = Monde(ouvert=False)
    horloge = HorlogeFixe(*(f"2020-01-{jour:02d}T08:00:00.000000Z" for jour in range(1, 29)))
    monde.livre = GrandLivre(MemoryStore(), clock=horloge)
    monde.ok("OuvrirProgramme", "2019-12-01")
    monde.ok("DéposerCandidature", "2020-01-25", structure="s2", porteur="Autre")
    monde.ok("DéposerCandidature", "2019-12-20", structure="s1")
    console = Console(monde.livre.store)
    page = Client(creer_console(console)).lire(f"{RACINE}/anomalies?structure=s1&au={au}")
    phrase = "Effet au 20/12/2019, enregistré après un fait du 25/01/2020 (position 2)."
    assert (phrase in page.texte) is tardif
    assert ('class="bien"' in page.source) is not tardif
    console.fermer()


def test_une_structure_sans_anomalie_renvoie_a_ce_qui_est_dit_du_programme() -> None:
    """Tant qu'une anomalie est dite du programme entier, « aucune anomalie » n'est pas dit."""
    with console_de(6) as client:
        page = client.lire(f"{RACINE}/anomalies?structure=s9")
        assert 'class="bien"' not in page.source
        assert "Aucune anomalie n'est dite de cette structure à ces dates." in page.texte
        assert "dit du programme entier peut aussi la concerner : saisie tardive (1)." in page.texte
        cibles = [lien.adresse for lien in page.liens if lien.texte == "1"]
        assert f"{RACINE}/anomalies?code=fait_tardif" in cibles


def test_rien_a_signaler_est_dit_quand_c_est_vrai() -> None:
    """Ni la structure ni le programme n'ont d'anomalie : l'encadré vert le dit."""
    with console_de(0, ouverture="2020-01-10") as client:
        page = client.lire(f"{RACINE}/anomalies?structure=s9")
        assert 'class="bien"' in page.source
        assert "Aucune anomalie à ces dates, de cette structure ni du programme." in page.texte


@pytest.mark.parametrize("adresse", ["anomalies?structure=zz", "anomalies.csv?structure=zz"])
def test_les_anomalies_d_une_structure_inconnue_ne_sont_pas_rien(adresse: str) -> None:
    """Une structure que la vue ne connaît pas est introuvable, comme sa fiche."""
    with console_de(0) as client:
        assert "La structure zz n'est pas dans" in client.lire(f"{RACINE}/{adresse}", 404).texte
