"""La complétion, appelée comme le fait bash : des noms de la base, jamais un bruit ni un octet."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from commands.cli.application import application
from tests.cli.outils import Resultat, lancer_a_part


def proposer(
    mots: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """What bash would get for the last word of a line, in this process."""
    monkeypatch.setenv("COMP_WORDS", mots)
    monkeypatch.setenv("COMP_CWORD", str(len(mots.split(" ")) - 1))
    monkeypatch.setenv("_FABRIQUES_COMPLETE", "bash_complete")
    with pytest.raises(SystemExit) as fin:
        application.main([], "fabriques", standalone_mode=False)
    sortie, erreur = capsys.readouterr()
    assert (fin.value.code, erreur) == (0, "")
    return [ligne.partition(",")[2] for ligne in sortie.splitlines() if ligne]


ATTENDUS = {
    "fabriques env": ["enveloppe"],
    "fabriques enveloppe --form": ["--format"],
    "fabriques enveloppe --format x": ["xlsx"],
    "fabriques enveloppe --base BASE --programme f": ["fabriques-de-territoire"],
    "fabriques echeancier --base BASE lab": ["lab01-01500"],
    "fabriques dossier --base BASE --structure lab": ["lab01-01500"],
    "fabriques exporter od": ["ods"],
    "fabriques expliquer env": [
        "enveloppe.enveloppe",
        "enveloppe.engage",
        "enveloppe.engage_subventions",
    ],
    "fabriques expliquer enveloppe.disp": ["enveloppe.disponible"],
    "fabriques expliquer labels.q": ["labels.qpv"],
    "fabriques expliquer --base BASE credits.2021.cp_p": ["credits.2021.cp_payes"],
    "fabriques expliquer --base BASE structures.lab": [
        "structures.lab01-01500.montant",
        "structures.lab01-01500.paye",
    ],
    "fabriques expliquer --base BASE echeancier.lab01-01500.0": [
        "echeancier.lab01-01500.0.montant",
        "echeancier.lab01-01500.0.verse",
    ],
    "fabriques expliquer --base BASE echeancier.lab01-01500.3.r": [
        "echeancier.lab01-01500.3.reste"
    ],
    "fabriques comparer --base BASE --cellule enveloppe.disp": ["enveloppe.disponible"],
    "fabriques schemas evenements tranche-v": ["tranche-versee"],
    "fabriques schemas commandes VerserT": ["VerserTranche"],
}


@pytest.mark.parametrize("mots", ATTENDUS)
def test_la_completion_propose_ce_que_la_base_tient(
    base_golden: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    mots: str,
) -> None:  # fmt: skip
    """Verbes, options, formats, programmes, structures, chiffres, schémas."""
    attendus = ATTENDUS[mots]
    trouves = proposer(mots.replace("BASE", str(base_golden)), monkeypatch, capsys)
    assert trouves[: len(attendus)] == attendus
    assert len(trouves) == len(attendus) or mots.endswith(" env")


def test_la_base_est_trouvee_meme_apres_le_mot(
    base_golden: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--base écrit plus loin sur la ligne, ou FABRIQUES_BASE, dit aussi où chercher."""
    monkeypatch.setenv("FABRIQUES_BASE", str(base_golden))
    assert proposer("fabriques echeancier lab", monkeypatch, capsys) == ["lab01-01500"]
    monkeypatch.setenv("FABRIQUES_BASE", "absente.db")
    assert proposer("fabriques echeancier lab", monkeypatch, capsys) == []
    monkeypatch.setenv("COMP_WORDS", f"fabriques echeancier lab --base={base_golden}")
    monkeypatch.setenv("COMP_CWORD", "2")
    with pytest.raises(SystemExit):
        application.main([], "fabriques", standalone_mode=False)
    assert capsys.readouterr().out == "plain,lab01-01500\n"


def test_la_completion_n_ecrit_rien(
    base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ni la base, ni aucun fichier à côté d'elle ne change, même en cours d'écriture."""
    with closing(sqlite3.connect(base)) as connexion:
        connexion.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def etat() -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in base.parent.iterdir()}

    avant = etat()
    mots = f"fabriques expliquer --base {base} structures.lab"
    assert len(proposer(mots, monkeypatch, capsys)) == 2
    assert etat() == avant
    with closing(sqlite3.connect(base, isolation_level=None)) as ecrivain:
        ecrivain.execute("BEGIN IMMEDIATE")
        ecrivain.execute("DELETE FROM fabriques_commandes WHERE position > 400")
        assert len(proposer(mots, monkeypatch, capsys)) == 2  # nobody is waited for
        ecrivain.execute("ROLLBACK")


@pytest.mark.parametrize("base", ["/etc/passwd", "/", "absente.db", "postgresql://x@127.0.0.1:1/b"])
def test_une_base_inutilisable_ne_dit_rien(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], base: str
) -> None:
    """Un fichier qui n'est pas une base, un dossier, une adresse : aucune proposition."""
    monkeypatch.chdir(tmp_path)
    for verbe in ("echeancier", "expliquer", "enveloppe"):
        fin = "--programme p" if verbe == "enveloppe" else "structures.l"
        assert proposer(f"fabriques {verbe} --base {base} {fin}", monkeypatch, capsys) == []
    assert list(tmp_path.iterdir()) == []


def test_un_nom_qui_commanderait_le_shell_n_est_pas_propose(
    base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Un programme ou une structure forgés, que bash mettrait sur la ligne, sont tus."""
    with closing(sqlite3.connect(base)) as connexion:
        etat = b'{"structure":"$(touch x)","date_effet":"2020-01-01"}'
        connexion.execute(
            "INSERT INTO stored_events VALUES ('f;touch x', 1, 'candidature-deposee', ?)", (etat,)
        )
        connexion.execute("UPDATE stored_events SET state=? WHERE originator_version=3", (etat,))
        connexion.commit()
    demande = f"fabriques enveloppe --base {base} --programme "
    assert proposer(demande, monkeypatch, capsys) == ["fabriques-de-territoire"]
    demande = f"fabriques echeancier --base {base} --programme fabriques-de-territoire "
    trouves = proposer(demande, monkeypatch, capsys)
    assert len(trouves) == 79
    assert not set("".join(trouves)) & set("$;( ")


def test_bash_recoit_le_script_et_les_reponses(base_golden: Path, tmp_path: Path) -> None:
    """Le script que bash évalue, puis une réponse, par le programme lui-même."""

    def demander(**env: str) -> Resultat:
        return lancer_a_part(dossier=tmp_path, env=env)

    script = demander(_FABRIQUES_COMPLETE="bash_source")
    assert (script.code, script.erreur) == (0, "")
    assert "complete -o nosort -F _fabriques_completion fabriques" in script.sortie
    mots = f"fabriques echeancier --base {base_golden} lab"
    env = {"COMP_WORDS": mots, "COMP_CWORD": "4", "_FABRIQUES_COMPLETE": "bash_complete"}
    assert demander(**env).sortie == "plain,lab01-01500\n"
