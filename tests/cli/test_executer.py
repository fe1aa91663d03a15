"""Le verbe executer : reçus, refus, reprise, tout ou rien, à blanc."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from commands import GrandLivre, execution
from commands.cli import ecriture
from commands.cli import entree as lecture
from commands.cli.recus import Registre
from commands.lecture_json import OCTETS_MAX
from tests.cli.outils import depot, en_lignes, lancer, ouverture, position_max

RECU = ["id_commande", "statut", "code", "message", "positions", "taille", "racine"]


def executer(base: Path, entree: bytes, *options: str) -> Any:
    """Run `executer -` on a base."""
    return lancer("executer", "-", "--base", base, *options, entree=entree)


def test_un_recu_par_commande_aux_membres_du_contrat(tmp_path: Path) -> None:
    """Chaque commande donne un reçu d'une ligne, aux membres publiés et dans l'ordre."""
    fait = executer(tmp_path / "a.db", en_lignes([ouverture(), depot("a"), depot("b")]))
    assert fait.code == 0
    assert [list(recu) for recu in fait.lignes_json] == [RECU] * 3
    assert [recu["positions"] for recu in fait.lignes_json] == [[1], [2], [3]]
    assert fait.erreur == "3 acceptées, 0 déjà exécutée, 0 refusée.\n"


def test_executer_deux_fois_ne_change_rien(base_neuve: Path) -> None:
    """Relancer le même fichier rend les mêmes reçus, déjà exécutés, et n'écrit rien."""
    lignes = en_lignes([ouverture(), depot("a")])
    premiere = executer(base_neuve, lignes).lignes_json
    seconde = executer(base_neuve, lignes)
    assert seconde.code == 0
    assert [r["statut"] for r in seconde.lignes_json] == ["deja_executee"] * 2
    assert [r["racine"] for r in seconde.lignes_json] == [r["racine"] for r in premiere]
    assert position_max(base_neuve) == 2


def test_un_refus_n_arrete_pas_les_autres(base_neuve: Path) -> None:
    """Un refus donne le code 3, et les commandes suivantes sont exécutées."""
    fait = executer(base_neuve, en_lignes([depot("a"), depot("a", id_commande="x"), depot("b")]))
    assert fait.code == 3
    assert [r["statut"] for r in fait.lignes_json] == ["acceptee", "refusee", "acceptee"]
    assert fait.lignes_json[1]["code"] == "candidature_existante"
    assert fait.erreur == "2 acceptées, 0 déjà exécutée, 1 refusée.\n"


@pytest.mark.parametrize("mode", [(), ("--atomique",)])
def test_la_correlation_donnee_est_dans_chaque_fait(
    base_neuve: Path, mode: tuple[str, ...]
) -> None:
    """--correlation marque chaque fait écrit, et aucun de ceux qui l'étaient déjà."""
    executer(base_neuve, en_lignes([depot("a")]))
    lot = en_lignes([depot("a"), depot("b"), depot("c")])
    assert executer(base_neuve, lot, "--correlation", "lot 7", *mode).code == 0
    journal = lancer("journal", "--base", base_neuve).lignes_json
    assert [ligne["state"].get("correlation") for ligne in journal] == [
        None,
        None,
        "lot 7",
        "lot 7",
    ]


@pytest.mark.parametrize("mauvaise", ["", "é", "x" * 129, "a\n"])
def test_une_correlation_mal_formee_est_une_faute_d_usage(tmp_path: Path, mauvaise: str) -> None:
    """Une corrélation mal formée est dite avant toute lecture : code 2, aucune base."""
    fait = executer(tmp_path / "a.db", en_lignes([ouverture()]), "--correlation", mauvaise)
    assert (fait.code, "1 à 128 signes ASCII" in fait.erreur) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("ligne", "extrait"),
    [
        (b"{pas du json", "n'est pas du JSON"),
        (b"[1]", "objet JSON"),
        (b'{"commande": "X", "a": 1.5}', "1.5 n'est pas un entier"),
        (b'{"commande": "X", "a": NaN}', "NaN n'est pas un entier"),
        (b'{"commande": "X", "commande": "Y"}', "figure deux fois"),
        (b'{"commande": "Inconnue"}', "est inconnu"),
        (b'{"commande": "\xff"}', "UTF-8"),
        (b"[" * 100_000, "imbriqu"),
        (b'{"a": "' + b"x" * OCTETS_MAX + b'"}', f"{OCTETS_MAX} octets"),
        (en_lignes([depot("a", porteur="x" * 10_000)]).strip(), "trop long"),
        (en_lignes([depot("a", porteur="a\x1b[2J")]).strip(), "U+001B"),
    ],
)
def test_une_ligne_illisible_est_refusee_a_sa_place(
    ligne: bytes, extrait: str, base_neuve: Path
) -> None:
    """Une ligne illisible a son reçu de refus, à sa place, et les autres sont exécutées."""
    fait = executer(base_neuve, en_lignes([depot("b")]) + ligne + b"\n" + en_lignes([depot("c")]))
    assert fait.code == 3
    assert [r["statut"] for r in fait.lignes_json] == ["acceptee", "refusee", "acceptee"]
    assert fait.lignes_json[1]["code"] == "commande_invalide"
    assert extrait in fait.lignes_json[1]["message"]


def test_une_ligne_sans_fin_ne_remplit_pas_la_memoire(base_neuve: Path, tmp_path: Path) -> None:
    """D'une ligne bien trop longue, seul le début est gardé, et la numérotation suit."""
    fichier = tmp_path / "c.jsonl"
    fichier.write_bytes(b"x" * (3 * OCTETS_MAX) + b"\n" + en_lignes([depot("a"), depot("a", x=1)]))
    fait = lancer("executer", fichier, "--base", base_neuve, "--format", "csv")
    lignes = list(csv.DictReader(io.StringIO(fait.sortie)))
    assert [(ligne["ligne"], ligne["statut"]) for ligne in lignes] == [
        ("1", "refusee"),
        ("2", "acceptee"),
        ("3", "refusee"),
    ]


def test_une_entree_sans_fin_de_ligne_est_abandonnee(
    base_neuve: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Une entrée qui ne finit jamais sa ligne est abandonnée : ligne, octets lus et remède dits."""
    monkeypatch.setattr(lecture, "LIGNE_ABANDON", 2 * OCTETS_MAX)
    morceau = OCTETS_MAX + 16
    longue = b"x" * (2 * morceau)
    juste = executer(base_neuve, longue[: 2 * OCTETS_MAX] + b"\n" + en_lignes([depot("a")]))
    assert [r["statut"] for r in juste.lignes_json] == ["refusee", "acceptee"]
    lot = en_lignes([depot(f"d{rang}") for rang in range(execution.TAILLE_LOT)])
    fait = executer(base_neuve, lot + longue + b"\n")
    numero = execution.TAILLE_LOT + 1
    assert (fait.code, len(fait.lignes_json)) == (2, execution.TAILLE_LOT)
    assert fait.erreur == (
        f"Arrêt sur une erreur : {execution.TAILLE_LOT} acceptées, 0 déjà exécutée, 0 refusée. "
        "Ce qui est acquitté est enregistré ; relancer la même commande reprend la suite.\n"
        f"Erreur (ligne_sans_fin) : La ligne {numero} n'a pas de fin : {2 * morceau} octets lus, "
        "aucun retour à la ligne.\n"
        "Donner un fichier de commandes, un objet JSON par ligne ; les lignes sans reçu n'ont pas "
        "été exécutées.\n"
    )


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="ce système n'a pas /dev/zero")
def test_un_peripherique_sans_fin_n_est_pas_lu_sans_fin(tmp_path: Path) -> None:
    """/dev/zero donné pour un fichier de commandes : une erreur 2, et aucune base n'est créée."""
    fait = lancer("executer", "/dev/zero", "--base", tmp_path / "a.db")
    assert (fait.code, fait.octets) == (2, b"")
    assert fait.erreur.startswith("Erreur (ligne_sans_fin) : La ligne 1 n'a pas de fin : ")
    assert not (tmp_path / "a.db").exists()


def test_des_lignes_vides_sans_fin_sont_abandonnees(
    base_neuve: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Des lignes vides tiennent un tube ouvert ; sans fin, elles sont abandonnées, et c'est dit."""
    monkeypatch.setattr(lecture, "VIDES_ABANDON", 3)
    pouls = b"\n \n\r\n"
    juste = executer(base_neuve, pouls + en_lignes([depot("a")]) + pouls + en_lignes([depot("b")]))
    assert [r["statut"] for r in juste.lignes_json] == ["acceptee", "acceptee"]
    fait = executer(base_neuve, en_lignes([depot("c")]) + b"\n" * 4 + en_lignes([depot("d")]))
    assert fait.code == 2
    assert fait.erreur.endswith(
        "Erreur (ligne_sans_fin) : 4 lignes vides de suite, jusqu'à la ligne 5 : aucune commande "
        "ne vient.\n"
        "Vérifier ce qui produit les commandes ; les lignes sans reçu n'ont pas été exécutées.\n"
    )


def test_bom_lignes_vides_et_fins_de_ligne_windows_sont_admis(tmp_path: Path) -> None:
    """Une marque d'ordre, des lignes vides et des fins de ligne Windows ne gênent pas."""
    lignes = b"\n".join(en_lignes([c]).strip() + b"\r\n" for c in (ouverture(), depot("a")))
    fait = executer(tmp_path / "a.db", b"\xef\xbb\xbf\r\n\xef\xbb\xbf" + lignes + b"  \n")
    assert (fait.code, len(fait.lignes_json)) == (0, 2)


def test_un_verbe_decompose_ou_sans_accent_est_le_meme(base_neuve: Path) -> None:
    """Le verbe se lit avec accents, sans accents ou en Unicode décomposé, pour la même commande."""
    verbes = ("DeposerCandidature", "DéposerCandidature")
    formes = [*verbes, unicodedata.normalize("NFD", verbes[1])]
    fait = executer(base_neuve, en_lignes([depot("a", commande=f) for f in formes]))
    assert [r["statut"] for r in fait.lignes_json] == ["acceptee"] + ["deja_executee"] * 2


def test_a_blanc_decide_sans_ecrire(base_neuve: Path) -> None:
    """À blanc, les décisions sont les mêmes et la base garde ses octets."""
    avant = base_neuve.read_bytes()
    fait = executer(base_neuve, en_lignes([depot("a"), depot("a", id_commande="x")]), "--a-blanc")
    assert fait.code == 3
    assert [r["statut"] for r in fait.lignes_json] == ["acceptee", "refusee"]
    assert base_neuve.read_bytes() == avant
    assert "rien n'a été écrit" in fait.erreur


def test_a_blanc_sans_base_ne_cree_rien(tmp_path: Path) -> None:
    """À blanc sur une base absente, les commandes sont décidées et aucun fichier n'apparaît."""
    fait = executer(tmp_path / "a.db", en_lignes([ouverture(), depot("a")]), "--a-blanc")
    assert (fait.code, len(fait.lignes_json)) == (0, 2)
    assert list(tmp_path.iterdir()) == []


def test_une_base_absente_ne_s_ouvre_que_par_ouvrirprogramme(tmp_path: Path) -> None:
    """Sans OuvrirProgramme en tête, une base absente est une erreur 4 et n'est pas créée."""
    for entree in (en_lignes([depot("a"), ouverture()]), b"", b"{\n"):
        fait = executer(tmp_path / "a.db", entree)
        assert (fait.code, fait.octets) == (4, b"")
        assert "base_absente" in fait.erreur
    assert list(tmp_path.iterdir()) == []


def test_une_ouverture_refusee_ne_laisse_pas_de_base(tmp_path: Path) -> None:
    """Une première OuvrirProgramme refusée rend son reçu et ne laisse aucun fichier."""
    fautive = ouverture(regles={"plancher_centimes": 10**12})
    invalide = {**ouverture(), "inconnu": 1}
    for commande, code in ((fautive, "regles_incoherentes"), (invalide, "commande_invalide")):
        fait = executer(tmp_path / "a.db", en_lignes([commande]))
        assert (fait.code, fait.lignes_json[0]["code"]) == (3, code)
    assert list(tmp_path.iterdir()) == []


def test_atomique_ecrit_tout_ou_rien(base_neuve: Path) -> None:
    """Avec --atomique, un refus est le seul reçu et rien n'est écrit ; sinon tout l'est."""
    fautif = en_lignes([depot("a"), depot("b"), depot("a", id_commande="x"), depot("c")])
    fait = executer(base_neuve, fautif, "--atomique", "--format", "table")
    assert fait.code == 3
    assert fait.sortie.startswith("ligne 3 · x · refusée\n  candidature_existante : ")
    assert "rien n'a été écrit" in fait.erreur
    assert position_max(base_neuve) == 1
    assert executer(base_neuve, en_lignes([depot("a"), depot("b")]), "--atomique").code == 0
    assert position_max(base_neuve) == 3


def test_atomique_nomme_le_premier_refus_meme_illisible(base_neuve: Path) -> None:
    """Le premier refus d'un lot est le premier dans l'ordre, qu'il soit illisible ou décidé."""
    double = [depot("a"), depot("a", id_commande="x")]
    for entree, ligne in (
        (en_lignes(double) + b"{\n", "ligne 2 · x"),
        (en_lignes(double[:1]) + b"{\n" + en_lignes(double[1:]), "ligne 2 · (sans identifiant)"),
    ):
        fait = executer(base_neuve, entree, "--atomique", "--format", "table")
        assert (fait.code, fait.sortie[: len(ligne)]) == (3, ligne)
    assert position_max(base_neuve) == 1


def test_atomique_nomme_la_ligne_d_un_identifiant_repris(base_neuve: Path) -> None:
    """Un identifiant repris avec un autre contenu est refusé à sa seconde ligne."""
    lot = en_lignes([depot("a"), depot("a"), depot("a", ville="Cusset")])
    fait = executer(base_neuve, lot, "--atomique", "--format", "csv")
    (ligne,) = csv.DictReader(io.StringIO(fait.sortie))
    assert (ligne["ligne"], ligne["code"]) == ("3", "commande_divergente")


def test_atomique_a_une_borne(base_neuve: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Au-delà de sa borne, un lot atomique est un défaut d'usage."""
    for borne in ("ATOMIQUE_MAX", "ATOMIQUE_OCTETS"):
        with monkeypatch.context() as m:
            m.setattr(ecriture, borne, 1)
            fait = executer(base_neuve, en_lignes([depot("a"), depot("b")]), "--atomique")
        assert (fait.code, fait.octets) == (2, b"")
    assert position_max(base_neuve) == 1


def test_ctrl_c_garde_ce_qui_est_acquitte(
    base_neuve: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrompu, executer sort en 130, garde ce qui est acquitté, et relancer reprend."""
    entree = en_lignes([depot(s) for s in "abcd"])
    vrai = GrandLivre.executer_lot
    appels = 0

    def interrompre(livre: GrandLivre, *arguments: Any, **options: Any) -> Any:
        nonlocal appels
        appels += 1
        if appels == 2:
            raise KeyboardInterrupt
        return vrai(livre, *arguments, **options)

    monkeypatch.setattr(execution, "TAILLE_LOT", 2)
    with monkeypatch.context() as m:
        m.setattr(GrandLivre, "executer_lot", interrompre)
        fait = executer(base_neuve, entree, "--format", "json")
    assert fait.code == 130
    assert [r["statut"] for r in fait.json] == ["acceptee"] * 2
    assert "Interrompu : 2 acceptées" in fait.erreur
    assert "relancer la même commande reprend" in fait.erreur
    reprise = executer(base_neuve, entree).lignes_json
    assert [r["statut"] for r in reprise] == ["deja_executee"] * 2 + ["acceptee"] * 2


def test_les_recus_sont_remis_a_chaque_lot(
    base_neuve: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Les reçus sont remis au lecteur une fois par lot durable."""
    remises: list[int] = []
    vrai = Registre.rendre

    def compter(registre: Registre) -> None:
        remises.append(registre.comptes.total())
        vrai(registre)

    monkeypatch.setattr(execution, "TAILLE_LOT", 2)
    monkeypatch.setattr(Registre, "rendre", compter)
    executer(base_neuve, en_lignes([depot(s) for s in "abcde"]))
    assert remises == [2, 4, 5]


def test_une_base_verrouillee_est_une_erreur_4(
    base_neuve: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Une base qu'un autre programme garde verrouillée est une erreur 4, et rien n'est écrit."""
    monkeypatch.setattr("ledger.stockage.sqlite.ATTENTE_SECONDES", 0)
    autre = sqlite3.connect(base_neuve, isolation_level=None)
    autre.execute("BEGIN EXCLUSIVE")
    try:
        fait = executer(base_neuve, en_lignes([depot("a")]))
    finally:
        autre.execute("ROLLBACK")
        autre.close()
    assert (fait.code, fait.octets) == (4, b"")
    assert "base_verrouillee" in fait.erreur
    assert position_max(base_neuve) == 1


@pytest.mark.parametrize("format_", ["table", "json", "csv"])
def test_les_recus_existent_dans_les_autres_formats(format_: str, base_neuve: Path) -> None:
    """Les reçus se lisent aussi en tableau, en JSON et en CSV."""
    lot = en_lignes([depot("a"), depot("a", id_commande="x")])
    sortie = executer(base_neuve, lot, "--format", format_).sortie
    match format_:
        case "json":
            assert [list(recu) for recu in json.loads(sortie)] == [RECU] * 2
        case "csv":
            lignes = list(csv.DictReader(io.StringIO(sortie)))
            assert [list(ligne) for ligne in lignes] == [["ligne", *RECU]] * 2
            assert [ligne["positions"] for ligne in lignes] == ["2", ""]
        case _:
            assert sortie.startswith("ligne 1 · depot-a · acceptée, position 2\nligne 2 · x · ref")
            assert max(map(len, sortie.splitlines())) <= 80


@pytest.mark.parametrize(
    ("format_", "attendu"), [("json", b"[]\n"), ("jsonl", b""), ("table", b"")]
)
def test_un_fichier_vide_n_a_pas_de_recu(format_: str, attendu: bytes, base_neuve: Path) -> None:
    """Un fichier vide sur une base ouverte ne fait rien, et le dit sans erreur."""
    fait = executer(base_neuve, b"\n", "--format", format_)
    assert (fait.code, fait.octets) == (0, attendu)


def test_les_recus_vont_dans_un_fichier(base_neuve: Path, tmp_path: Path) -> None:
    """Avec -o, les reçus vont dans le fichier et la sortie standard reste vide."""
    fait = executer(base_neuve, en_lignes([depot("a")]), "-o", str(tmp_path / "recus.jsonl"))
    assert (fait.code, fait.octets) == (0, b"")
    assert json.loads((tmp_path / "recus.jsonl").read_bytes())["statut"] == "acceptee"


@pytest.mark.parametrize("fichier", ["absent.jsonl", "."])
def test_un_fichier_de_commandes_illisible_est_un_defaut_d_usage(
    fichier: str, base_neuve: Path, tmp_path: Path
) -> None:
    """Un fichier de commandes absent, ou un dossier, est un défaut d'usage."""
    fait = lancer("executer", tmp_path / fichier, "--base", base_neuve)
    assert (fait.code, fait.octets) == (2, b"")
    assert "n'existe pas" in fait.erreur or "dossier" in fait.erreur
