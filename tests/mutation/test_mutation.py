"""Le banc de mutation lui-même : ses fautes, ses noms, ce qu'il compte, et un court passage."""

from __future__ import annotations

import ast
import os
import subprocess
import sys

import pytest

from tests.mutation import bilan, essais
from tests.mutation.bilan import FAMILLES
from tests.mutation.essais import Issue
from tests.mutation.greffe import RACINE
from tests.mutation.operateurs import Inventaire

_SOURCE = '''
"""Module."""
LIMITE = 3


def reste(total: int, paye: int = 0) -> int:
    """What is left."""
    if total < paye and LIMITE:
        raise ValueError(f"trop de {paye} pour {total}")
    return total - paye
'''


def _mutations(source: str) -> list[tuple[str, str, str]]:
    return [(m.fonction, m.mutation, m.extrait) for m in Inventaire("m.py", source).mutants]


def test_chaque_faute_d_un_module_est_nommee_dans_l_ordre_du_source() -> None:
    """Chaque faute d'un module est nommée, dans l'ordre du source."""
    condition = "if total < paye and LIMITE:"
    assert _mutations(_SOURCE) == [
        ("<module>", "constante 3 -> 4", "LIMITE = 3"),
        ("<module>", "constante 3 -> 2", "LIMITE = 3"),
        ("<module>", "constante 0 -> 1", "def reste(total: int, paye: int = 0) -> int:"),
        ("<module>", "constante 0 -> -1", "def reste(total: int, paye: int = 0) -> int:"),
        ("reste", "condition True", condition),
        ("reste", "condition False", condition),
        ("reste", "logique or", condition),
        ("reste", "logique sans terme 1", condition),
        ("reste", "logique sans terme 2", condition),
        ("reste", "comparaison Lt -> LtE", condition),
        ("reste", "comparaison Lt -> GtE", condition),
        ("reste", "instruction effacée", 'raise ValueError(f"trop de {paye} pour {total}")'),
        ("reste", "retour None", "return total - paye"),
        ("reste", "calcul Sub -> Add", "return total - paye"),
    ]


@pytest.mark.parametrize(
    ("numero", "avant", "apres"),
    [
        (0, "LIMITE = 3", "LIMITE = 4"),
        (6, "total < paye and LIMITE", "total < paye or LIMITE"),
        (9, "total < paye", "total <= paye"),
        (13, "return total - paye", "return total + paye"),
    ],
)
def test_un_mutant_ne_change_que_sa_faute(numero: int, avant: str, apres: str) -> None:
    """Un mutant ne change que sa faute."""
    mute = Inventaire("m.py", _SOURCE).muter(numero)
    attendu = ast.parse(_SOURCE.replace(avant, apres))
    assert ast.dump(mute) == ast.dump(attendu)


def test_le_nom_d_un_mutant_ne_depend_pas_des_lignes_qui_le_precedent() -> None:
    """Le nom d'un mutant ne dépend pas des lignes qui le précèdent."""
    decale = "# commentaire\n\n\nAUTRE = 'x y'\n" + _SOURCE
    assert [m.cle for m in Inventaire("m.py", decale).mutants] == [
        m.cle for m in Inventaire("m.py", _SOURCE).mutants
    ]


def test_les_phrases_ne_sont_pas_mutees_les_codes_le_sont() -> None:
    """Les phrases ne sont pas mutées, les codes le sont."""
    source = (
        "def f(x):\n"
        "    raise Refus('montant_excessif', f'Il reste {x} euros.', remede='Réduire.', "
        "details={'reste': x})\n"
    )
    assert [m for _, m, _ in _mutations(source)] == [
        "instruction effacée",
        "code 'montant_excessif'",
        "argument details effacé",
        "code 'reste'",
    ]


def test_tous_les_mutants_du_noyau_se_compilent_et_ont_un_nom_unique() -> None:
    """Tous les mutants du noyau ont un nom unique ; un sur soixante se compile."""
    for fichier in (f for modules in FAMILLES.values() for f in modules):
        source = (RACINE / fichier).read_text(encoding="utf-8")
        mutants = Inventaire(fichier, source).mutants
        assert len({m.cle for m in mutants}) == len(mutants)
        for mutant in mutants[::60]:
            compile(Inventaire(fichier, source).muter(mutant.numero), fichier, "exec")


def test_chaque_survivant_explique_existe_et_a_sa_phrase() -> None:
    """Chaque survivant expliqué existe encore dans le source, et a sa phrase."""
    raisons = bilan.explications()
    connus = {m.cle for cle in raisons for m in bilan.mutants(cle[0])}
    assert {cle for cle in raisons if cle not in connus} == set()
    assert [cle for cle, raison in raisons.items() if len(raison) < 20] == []


def test_le_bilan_compte_ce_qui_meurt_sur_ce_qui_est_joue() -> None:
    """Le score est ce qui meurt sur ce qui est joué ; un survivant veut une raison, un mort non."""
    fichier = "ledger/preuve/ligne.py"
    tous = bilan.mutants(fichier)
    issues: dict[bilan.Cle, Issue] = {m.cle: Issue("tue", "t") for m in tous}
    entier = bilan.dresser([fichier], issues, {})
    assert entier.bon
    assert entier.lignes[-1][-1] == "100,0 %"
    assert not bilan.dresser([fichier], issues, {tous[0].cle: "Une phrase."}).bon
    issues[tous[0].cle] = Issue("survivant")
    perce = bilan.dresser([fichier], issues, {})
    assert not perce.bon
    assert perce.inexpliques == (tous[0],)
    assert bilan.dresser([fichier], issues, {tous[0].cle: "Une phrase."}).bon
    issues[tous[1].cle] = Issue("mort-ne")
    del issues[tous[2].cle]
    partiel = bilan.dresser([fichier], issues, {})
    vivables, joues = len(tous) - 1, len(tous) - 2
    assert not partiel.bon
    assert partiel.lignes[-1] == (
        "preuve",
        "ensemble",
        *map(str, (vivables, joues - 1, 0, 1, 1)),
        f"{(joues - 1) * 1000 // joues / 10:.1f} %".replace(".", ","),
    )


def test_un_banc_qui_se_brise_ne_passe_pas_pour_une_campagne_finie() -> None:
    """Un serveur de mutants qui se brise arrête la campagne, au lieu de passer pour fini."""
    with pytest.raises(RuntimeError, match="s'est arrêté"):
        essais._dans_un_serveur(lambda: int(pytest.ExitCode.INTERNAL_ERROR))
    essais._dans_un_serveur(lambda: int(pytest.ExitCode.NO_TESTS_COLLECTED))


def test_l_echantillon_meurt_encore() -> None:
    """Les mutants de l'échantillon, joués pour de bon, meurent tous."""
    environ = {cle: v for cle, v in os.environ.items() if cle != "FABRIQUES_HYPOTHESIS"}
    fini = subprocess.run(
        [sys.executable, "-m", "tests.mutation", "--echantillon"],
        cwd=RACINE,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert fini.returncode == 0, fini.stdout + fini.stderr
    assert "mutants joués sur 40" in fini.stdout
