"""Le dossier de preuve : fait, vérifié sans nous, puis abîmé de toutes les façons."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.preuve.releve import ClePublique
from tests.cli.outils import Resultat, lancer

OUTILS = (  # noqa: SIM905 - one line of tools
    "awk base64 basename bash cat cmp cp cut dirname find grep head jq mktemp mv od openssl rm sed "
    "sha256sum sort sqlite3 ssh-keygen tail tr wc"
).split()
"""Everything that VERIFIER.txt may call: bash, coreutils, and the tools that it names."""
RACINE = Path(__file__).parents[2]
MANQUENT = [outil for outil in OUTILS if shutil.which(outil) is None]
sans_outils = pytest.mark.skipif(
    bool(MANQUENT), reason=f"outils absents de cette machine : {', '.join(MANQUENT)}"
)


@pytest.fixture(scope="module")
def atelier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo base, a key, two published checkpoints, a draw, and both packs opened."""
    dossier = tmp_path_factory.mktemp("dossier")
    base = str(dossier / "demo.db")
    cle, releves = str(dossier / "cle"), str(dossier / "releves")
    tirage = str(dossier / "tirage.json")
    _faire("demo", "--base", base, "--au", "2020-06-30")
    _faire("releve", "--creer-cle", cle)
    _faire("releve", "--base", base, "--signer", cle, "--publier", releves)
    _faire("demo", "--base", base, "--au", "2022-12-31")
    _faire("releve", "--base", base, "--signer", cle, "--publier", releves)
    tirer = ("--methode", "mus", "--nombre", "5", "--alea", "dé 4 1 6", "--format", "json")
    _faire("sonder", "--base", base, *tirer, "-o", tirage)
    joints = ("--base", base, "--releves", releves, "--au", "2021-12-31")
    _faire("dossier", *joints, "--tirage", tirage, "-o", str(dossier / "complet.zip"))
    _faire("dossier", *joints, "--structure", "lab01-01500", "-o", str(dossier / "partiel.zip"))
    for nom in ("complet", "partiel"):
        with zipfile.ZipFile(dossier / f"{nom}.zip") as archive:
            archive.extractall(dossier / nom)
    outils = dossier / "outils"
    outils.mkdir()
    for outil in OUTILS:
        chemin = shutil.which(outil)
        if chemin is not None:
            (outils / outil).symlink_to(chemin)
    return dossier


def _faire(*arguments: str | Path) -> Resultat:
    fait = lancer(*arguments)
    assert (arguments, fait.code, fait.erreur) == (arguments, 0, fait.erreur)
    return fait


def _ouvert(atelier: Path, nom: str, ici: Path) -> Path:
    """A copy of an opened pack, to damage."""
    (source,) = (atelier / nom).iterdir()
    return Path(shutil.copytree(source, ici / nom))


def _verifier_en_shell(atelier: Path, dossier: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("bash") or "bash", str(dossier / "VERIFIER.txt")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"PATH": str(atelier / "outils"), "LC_ALL": "C"},
        check=False,
    )


def _verifier_en_python(dossier: Path) -> subprocess.CompletedProcess[str]:
    """The standalone file, alone: no site-packages, no environment."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(dossier / "verifier_dossier.py")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"PYTHONUTF8": "1"},
        check=False,
    )


def _resommer(dossier: Path) -> None:
    """SHA256SUMS made right again, as a forger would."""
    noms = sorted(
        f.relative_to(dossier).as_posix()
        for f in dossier.rglob("*")
        if f.is_file() and not f.is_symlink() and f.name != "SHA256SUMS"
    )
    lignes = [f"{sha256((dossier / nom).read_bytes()).hexdigest()}  {nom}\n" for nom in noms]
    (dossier / "SHA256SUMS").write_text("".join(lignes), "utf-8")


@sans_outils
@pytest.mark.parametrize("nom", ["complet", "partiel"])
def test_le_texte_verifier_s_execute_tel_quel_sans_python(
    atelier: Path, tmp_path: Path, nom: str
) -> None:
    """VERIFIER.txt s'exécute tel qu'écrit, sans Python sur le chemin, et tout tient."""
    fait = _verifier_en_shell(atelier, _ouvert(atelier, nom, tmp_path))
    assert (fait.returncode, fait.stderr, fait.stdout.splitlines()[-1]) == (0, "", "TOUT TIENT")
    assert ("signature" in fait.stdout, "(ssh-keygen)" in fait.stdout) == (True, True)


@pytest.mark.parametrize("nom", ["complet", "partiel"])
def test_le_verificateur_isole_trouve_que_tout_tient(
    atelier: Path, tmp_path: Path, nom: str
) -> None:
    """Le vérificateur d'un seul fichier, sans aucun paquet installé, trouve que tout tient."""
    fait = _verifier_en_python(_ouvert(atelier, nom, tmp_path))
    assert (fait.returncode, fait.stderr, fait.stdout.splitlines()[-1]) == (0, "", "TOUT TIENT")
    assert fait.stdout.count("signature du relevé") == 2


def test_le_meme_dossier_refait_a_les_memes_octets(atelier: Path, tmp_path: Path) -> None:
    """Refait ailleurs, sous une autre locale et une autre graine, le dossier a les mêmes octets."""
    for nom, plus in (("complet", []), ("partiel", ["--structure", "lab01-01500"])):
        tirage = [] if plus else ["--tirage", str(atelier / "tirage.json")]
        fait = subprocess.run(
            [
                sys.executable,
                "-O",
                "-c",
                "import sys; from commands.cli import main; sys.exit(main())",
                "dossier",
                "--base",
                str(atelier / "demo.db"),
                "--releves",
                str(atelier / "releves"),
                "--au",
                "2021-12-31",
                *tirage,
                *plus,
                "-o",
                str(tmp_path / f"{nom}.zip"),
            ],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(RACINE),
                "PYTHONHASHSEED": "42",
                "TZ": "Pacific/Auckland",
                "LC_ALL": "C",
            },
            capture_output=True,
            check=False,
        )
        assert (fait.returncode, fait.stderr) == (0, b"")
        assert (tmp_path / f"{nom}.zip").read_bytes() == (atelier / f"{nom}.zip").read_bytes()


def test_le_dossier_complet_contient_ce_qu_il_annonce(atelier: Path) -> None:
    """Le dossier complet contient journal, relevés, clés, rapports, chiffres et tirage."""
    (dossier,) = (atelier / "complet").iterdir()
    noms = {f.relative_to(dossier).as_posix() for f in dossier.rglob("*") if f.is_file()}
    attendus = {
        "MANIFESTE.json",
        "SHA256SUMS",
        "VERIFIER.txt",
        "cellules.jsonl",
        "cles/01.vkey",
        "cles/allowed_signers",
        "journal.beancount",
        "journal.jsonl",
        "rapport.html",
        "rapport.json",
        "tableaux/cellules.csv",
        "tableaux/credits.csv",
        "tableaux/enveloppe.csv",
        "tirages/01.json",
        "verification.json",
        "verifier_dossier.py",
    }
    assert attendus - noms == set()
    assert len([nom for nom in noms if nom.endswith(".releve")]) == 2
    journal = lancer("journal", "--base", str(atelier / "demo.db"))
    assert (dossier / "journal.jsonl").read_text("utf-8") == journal.sortie
    with zipfile.ZipFile(atelier / "complet.zip") as archive:
        assert {(e.compress_type, e.date_time) for e in archive.infolist()} == {
            (zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))
        }


def test_le_dossier_partiel_ne_montre_pas_les_autres(atelier: Path) -> None:
    """Le dossier d'une structure ne contient ni le nom ni les lignes d'aucune autre."""
    (dossier,) = (atelier / "partiel").iterdir()
    contenu = b"".join(f.read_bytes() for f in sorted(dossier.rglob("*")) if f.is_file())
    registre = json.loads(
        lancer("structures", "--base", str(atelier / "demo.db"), "--format", "json").sortie
    )
    autres = [s for s in registre if s["structure"] != "lab01-01500"]
    assert len(autres) == 79
    montrees = [
        mot
        for s in autres
        for mot in (s["structure"], s["porteur"])
        if re.search(rb"(?<![\w-])" + re.escape(mot.encode()) + rb"(?![\w-])", contenu)
    ]
    assert montrees == []
    assert b"lab01-01500" in contenu


def test_chaque_fichier_abime_se_voit(atelier: Path, tmp_path: Path) -> None:
    """Un octet changé dans n'importe quel fichier du dossier est vu par l'empreinte."""
    for nom in ("complet", "partiel"):
        dossier = _ouvert(atelier, nom, tmp_path)
        for fichier in sorted(f for f in dossier.rglob("*") if f.is_file()):
            if fichier.name == "verifier_dossier.py":
                continue
            avant = fichier.read_bytes()
            fichier.write_bytes(avant[:-2] + bytes([avant[-2] ^ 1]) + avant[-1:])
            fait = _verifier_en_python(dossier)
            assert (fichier.name, fait.returncode in (1, 2), fait.stderr) == (
                fichier.name,
                True,
                "",
            )
            fichier.write_bytes(avant)


def _ligne_modifiee(dossier: Path) -> None:
    journal = dossier / "journal.jsonl"
    octets = journal.read_bytes()
    journal.write_bytes(
        octets.replace(b'"montant_centimes":5000000', b'"montant_centimes":5000001', 1)
    )


def _ligne_otee(dossier: Path) -> None:
    journal = dossier / "journal.jsonl"
    lignes = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lignes[:50] + lignes[51:]))


def _chiffre_modifie(dossier: Path) -> None:
    for nom, avant, apres in (
        ("cellules.jsonl", b'"cellule":"enveloppe.engage",', b""),
        ("tableaux/cellules.csv", b"enveloppe.engage,centimes,", b""),
    ):
        fichier = dossier / nom
        octets = fichier.read_bytes()
        debut = octets.index(avant)
        fin = octets.index(b"\n", debut)
        ligne = octets[debut:fin].replace(b"1520000000", b"1520000100") + apres
        fichier.write_bytes(octets[:debut] + ligne + octets[fin:])


def _signature_d_une_autre(dossier: Path) -> None:
    releve = sorted((dossier / "releves").glob("*.releve"))[-1]
    tete, signature = releve.read_text("utf-8").split("\n\n")
    tiret, nom, corps = signature.split(" ")
    octets = bytearray(base64.b64decode(corps))
    octets[20] ^= 1
    neuve = base64.b64encode(bytes(octets)).decode()
    releve.write_text(f"{tete}\n\n{tiret} {nom} {neuve}\n", "utf-8")
    for preuve in sorted((dossier / "preuves").glob("*")) if (dossier / "preuves").exists() else []:
        entete = preuve.read_text("utf-8").partition("\n\n")[0]
        preuve.write_text(f"{entete}\n\n{releve.read_text('utf-8')}", "utf-8")


def _racine_modifiee(dossier: Path) -> None:
    releve = sorted((dossier / "releves").glob("*.releve"))[0]
    lignes = releve.read_text("utf-8").split("\n")
    lignes[2] = base64.b64encode(sha256(lignes[2].encode()).digest()).decode()
    releve.write_text("\n".join(lignes), "utf-8")


def _ligne_montree_modifiee(dossier: Path) -> None:
    ligne = sorted((dossier / "lignes").glob("*"))[-1]
    ligne.write_bytes(ligne.read_bytes().replace(b'"date_effet":"202', b'"date_effet":"203', 1))


def _octets_apres_la_fin(dossier: Path) -> None:
    """A payment cancelled by bytes that no line feed ends, and the figures that agree with it."""
    fait = b'{"pos":999,"state":{"date_effet":"2020-01-01","montant_centimes":100},'
    with (dossier / "journal.jsonl").open("ab") as journal:
        journal.write(fait + b'"type":"versement-annule"}')
    for nom, avant, apres in (
        ("cellules.jsonl", b'"cellule":"enveloppe.paye","contributions":[', b"[1,-100],"),
        ("tableaux/cellules.csv", b"", b""),
    ):
        fichier = dossier / nom
        octets = fichier.read_bytes().replace(avant, avant + apres, 1)
        fichier.write_bytes(octets.replace(b"1110000000", b"1109999900"))


def _manifeste_d_un_autre(dossier: Path) -> None:
    fichier = dossier / "MANIFESTE.json"
    manifeste = json.loads(fichier.read_bytes())
    manifeste["racine"] = base64.b64encode(sha256(b"autre").digest()).decode()
    fichier.write_text(json.dumps(manifeste), "utf-8")


def _cle_d_un_autre(dossier: Path) -> None:
    fichier = dossier / "cles" / "01.vkey"
    nom = fichier.read_text("utf-8").split("+")[0]
    fichier.write_text(f"{ClePublique(nom, bytes(range(32)))}\n", "utf-8")


def _lien_vers_ailleurs(dossier: Path) -> None:
    (dossier / "annexes").symlink_to("/")


def _commande_dans_une_preuve(dossier: Path) -> None:
    preuve = sorted((dossier / "preuves").glob("*"))[0]
    texte = preuve.read_text("utf-8")
    preuve.write_text(re.sub(r"index \d+", "index a[$(touch ../pris)0]", texte), "utf-8")


FAUX: list[tuple[str, Callable[[Path], None]]] = [
    ("complet", _ligne_modifiee),
    ("complet", _ligne_otee),
    ("complet", _chiffre_modifie),
    ("complet", _signature_d_une_autre),
    ("complet", _racine_modifiee),
    ("partiel", _signature_d_une_autre),
    ("partiel", _ligne_montree_modifiee),
    ("complet", _octets_apres_la_fin),
    ("complet", _manifeste_d_un_autre),
    ("partiel", _manifeste_d_un_autre),
    ("complet", _cle_d_un_autre),
    ("complet", _lien_vers_ailleurs),
    ("partiel", _commande_dans_une_preuve),
]


@sans_outils
@pytest.mark.parametrize(
    ("nom", "faux"), FAUX, ids=[f"{nom}-{faux.__name__[1:]}" for nom, faux in FAUX]
)
def test_un_faux_dont_les_empreintes_sont_refaites_se_voit(
    atelier: Path, tmp_path: Path, nom: str, faux: Callable[[Path], None]
) -> None:
    """Empreintes refaites, chaque falsification est vue par les deux vérificateurs."""
    dossier = _ouvert(atelier, nom, tmp_path)
    avant = {f: f.read_bytes() for f in dossier.rglob("*") if f.is_file()}
    faux(dossier)
    apres = {f: f.read_bytes() for f in dossier.rglob("*") if f.is_file()}
    assert avant != apres or (dossier / "annexes").is_symlink()
    _resommer(dossier)
    en_python = _verifier_en_python(dossier)
    assert en_python.returncode in (1, 2)
    assert "ÉCHEC" in en_python.stdout or "ILLISIBLE" in en_python.stdout
    en_shell = _verifier_en_shell(atelier, dossier)
    assert (en_shell.returncode != 0, "TOUT TIENT" in en_shell.stdout) == (True, False)
    assert not (dossier.parent / "pris").exists()


def test_les_cellules_du_dossier_sont_celles_des_tableaux(atelier: Path) -> None:
    """Les cellules du dossier portent les chiffres que rendent les autres verbes."""
    (dossier,) = (atelier / "complet").iterdir()
    lues = {
        ligne["cellule"]: int(ligne["valeur"])
        for ligne in csv.DictReader(io.StringIO((dossier / "tableaux/cellules.csv").read_text()))
    }
    enveloppe = json.loads(
        lancer(
            "enveloppe",
            "--base",
            str(atelier / "demo.db"),
            "--au",
            "2021-12-31",
            "--format",
            "json",
        ).sortie
    )
    assert lues["enveloppe.disponible"] == enveloppe["disponible_centimes"] == 2_980_000_000
    assert lues["enveloppe.paye"] == enveloppe["paye_centimes"] == 1_110_000_000


def test_un_tirage_qui_ne_se_refait_pas_est_refuse(atelier: Path, tmp_path: Path) -> None:
    """Un tirage retouché à la main n'entre pas dans le dossier."""
    faux = tmp_path / "tirage.json"
    texte = (atelier / "tirage.json").read_text("utf-8")
    faux.write_text(texte.replace("dé 4 1 6", "dé 4 1 5"), "utf-8")
    base = str(atelier / "demo.db")
    fait = lancer("dossier", "--base", base, "--tirage", str(faux), "-o", str(tmp_path / "d.zip"))
    assert (fait.code, "ne se refait pas" in fait.erreur) == (2, True)
    assert not (tmp_path / "d.zip").exists()


def test_aucun_dossier_d_un_journal_en_defaut(atelier: Path, tmp_path: Path) -> None:
    """Un journal en défaut ne donne pas de dossier : les constats sont dits, code 1."""
    import sqlite3  # noqa: PLC0415

    base = tmp_path / "fausse.db"
    shutil.copy(atelier / "demo.db", base)
    with sqlite3.connect(base) as c:
        c.execute(
            "UPDATE stored_events SET state = replace(CAST(state AS TEXT), '5000000', '5000001') "
            "WHERE topic = 'tranche-versee'"
        )
        c.execute("UPDATE stored_events SET state = CAST(state AS BLOB)")
    c.close()
    fait = lancer("dossier", "--base", str(base), "-o", str(tmp_path / "d.zip"))
    assert (fait.code, "chaine_rompue" in fait.erreur) == (1, True)
    assert not (tmp_path / "d.zip").exists()


def test_une_structure_inconnue_et_la_sortie_standard_sont_refusees(
    atelier: Path, tmp_path: Path
) -> None:
    """Une structure inconnue, ou un dossier sur la sortie standard : code 2, rien d'écrit."""
    base = str(atelier / "demo.db")
    cible = str(tmp_path / "d.zip")
    inconnue = lancer("dossier", "--base", base, "--structure", "nulle-part", "-o", cible)
    assert (inconnue.code, "nulle-part" in inconnue.erreur) == (2, True)
    assert lancer("dossier", "--base", base, "-o", "-").code == 2
    vide = lancer("dossier", "--base", base, "--connu-au", "0", "-o", cible)
    assert (vide.code, "le journal est vide" in vide.erreur) == (2, True)
    assert not (tmp_path / "d.zip").exists()


def test_la_cle_recue_par_ailleurs_doit_avoir_signe(atelier: Path, tmp_path: Path) -> None:
    """Avec une clé reçue par une autre voie, le relevé du dossier doit être signé par elle."""
    dossier = _ouvert(atelier, "complet", tmp_path)
    vraie = (dossier / "cles" / "01.vkey").read_text("utf-8").strip()
    autre = str(ClePublique(vraie.split("+")[0], bytes(range(32))))
    codes = [
        subprocess.run(
            [sys.executable, "-I", "-S", str(dossier / "verifier_dossier.py"), str(dossier), cle],
            capture_output=True,
            env={"PYTHONUTF8": "1"},
            check=False,
        ).returncode
        for cle in (vraie, autre)
    ]
    assert codes == [0, 1]


@pytest.mark.parametrize(
    ("membre", "valeur"),
    [("cles", [1]), ("cles", {}), ("origines", 1), ("racine", 1), ("taille", "a"), ("au", 5)],
)
def test_un_manifeste_d_une_autre_forme_est_illisible_ou_en_echec(
    atelier: Path, tmp_path: Path, membre: str, valeur: object
) -> None:
    """Un manifeste dont un membre n'a pas son genre est dit, sans trace de Python."""
    dossier = _ouvert(atelier, "complet", tmp_path)
    manifeste = json.loads((dossier / "MANIFESTE.json").read_bytes())
    (dossier / "MANIFESTE.json").write_text(json.dumps(manifeste | {membre: valeur}), "utf-8")
    _resommer(dossier)
    fait = _verifier_en_python(dossier)
    assert fait.stderr == ""
    assert fait.returncode == (2 if "ILLISIBLE" in fait.stdout else 1)
    assert "ILLISIBLE" in fait.stdout or "ÉCHEC(S)" in fait.stdout


@sans_outils
def test_un_long_journal_se_verifie_par_python_ou_pas_du_tout(
    atelier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Au-delà de la longueur d'un shell, le texte appelle Python ; sans lui, il dit et échoue."""
    monkeypatch.setattr("projections.dossier.consignes.LIGNES_MAX", 10)
    joints = ("--base", atelier / "demo.db", "--releves", atelier / "releves")
    _faire("dossier", *joints, "-o", tmp_path / "long.zip")
    with zipfile.ZipFile(tmp_path / "long.zip") as archive:
        archive.extractall(tmp_path / "long")
    (dossier,) = (tmp_path / "long").iterdir()
    sans = _verifier_en_shell(atelier, dossier)
    assert (sans.returncode, "NON FAIT" in sans.stdout, "TOUT TIENT" in sans.stdout) == (
        3,
        True,
        False,
    )
    outils = Path(shutil.copytree(atelier / "outils", tmp_path / "outils", symlinks=True))
    (outils / "python3").symlink_to(sys.executable)
    avec = _verifier_en_shell(tmp_path, dossier)
    assert (avec.returncode, avec.stderr, avec.stdout.splitlines()[-1]) == (0, "", "TOUT TIENT")
    _ligne_modifiee(dossier)
    texte = dossier / "VERIFIER.txt"  # the forger puts the prefix right everywhere
    manifeste = dossier / "MANIFESTE.json"
    avant = json.loads(manifeste.read_bytes())["empreinte_prefixe"]
    apres = sha256((dossier / "journal.jsonl").read_bytes()).hexdigest()
    for fichier in (texte, manifeste):
        fichier.write_text(fichier.read_text("utf-8").replace(avant, apres), "utf-8")
    _resommer(dossier)
    faux = _verifier_en_shell(tmp_path, dossier)
    assert (faux.returncode, "ÉCHEC   chaîne du journal" in faux.stdout) == (1, True)


def test_un_dossier_sans_releve_publie_se_verifie(atelier: Path, tmp_path: Path) -> None:
    """Sans dossier de relevés, le relevé du dossier n'est pas signé, et c'est dit."""
    _faire("dossier", "--base", atelier / "demo.db", "-o", tmp_path / "nu.zip")
    with zipfile.ZipFile(tmp_path / "nu.zip") as archive:
        archive.extractall(tmp_path / "nu")
    (dossier,) = (tmp_path / "nu").iterdir()
    fait = _verifier_en_python(dossier)
    assert (fait.returncode, "non signé" in fait.stdout) == (0, True)
    if not MANQUENT:
        en_shell = _verifier_en_shell(atelier, dossier)
        assert (en_shell.returncode, en_shell.stderr) == (0, "")


def _manifeste(**ecarts: object) -> Callable[[Path], None]:
    def changer(dossier: Path) -> None:
        fichier = dossier / "MANIFESTE.json"
        fichier.write_text(json.dumps({**json.loads(fichier.read_bytes()), **ecarts}), "utf-8")

    return changer


def _a_la_place(nom: str, cible: str | None) -> Callable[[Path], None]:
    """A link, or a pipe, in place of a file, its sum left as it was."""

    def changer(dossier: Path) -> None:
        (dossier / nom).unlink()
        if cible is None:
            os.mkfifo(dossier / nom)
        else:
            (dossier / nom).symlink_to(cible)

    return changer


def _octets(nom: str, octets: bytes) -> Callable[[Path], None]:
    def changer(dossier: Path) -> None:
        (dossier / nom).write_bytes(octets)

    return changer


def _membre_double(dossier: Path) -> None:
    fichier = dossier / "MANIFESTE.json"
    fichier.write_bytes(b'{"taille":1,' + fichier.read_bytes().lstrip()[1:])


def _nom_qui_s_affiche(dossier: Path) -> None:
    (dossier / "\x1b[31m\x9b\nTOUT TIENT").write_bytes(b"")


FAUX_VERDICT = "x\x1b[2J\x9b31m\u202e\nTOUT TIENT\n"
HOSTILES: dict[str, Callable[[Path], None]] = {
    "origine qui s'affiche": _manifeste(origine=FAUX_VERDICT),
    "racine qui s'affiche": _manifeste(racine=FAUX_VERDICT),
    "nom qui s'affiche": _nom_qui_s_affiche,
    "cles nombre": _manifeste(cles=3),
    "cles nombres": _manifeste(cles=[3]),
    "liste": _octets("MANIFESTE.json", b"[]"),
    "profond": _octets("MANIFESTE.json", b"[" * 200_000),
    "chiffres": _octets("MANIFESTE.json", b'{"taille":' + b"9" * 100_000 + b"}"),
    "membre double": _membre_double,
    "lien sans fin": _a_la_place("journal.jsonl", "/dev/zero"),
    "lien ailleurs": _a_la_place("MANIFESTE.json", "/etc/passwd"),
    "tuyau": _a_la_place("journal.jsonl", None),
    "tuyau des sommes": _a_la_place("SHA256SUMS", None),
    "lignes de listes": _octets("journal.jsonl", b"[1]\n"),
    "etat de liste": _octets("journal.jsonl", b'{"pos":1,"journal":1,"state":[]}\n'),
    "cellule demesuree": _octets(
        "tableaux/cellules.csv", b"cellule,unite,valeur\n" + b"x" * 200_000 + b",a,1\n"
    ),
}


@pytest.mark.parametrize("nom", HOSTILES)
def test_le_verificateur_isole_ne_cede_pas_a_un_dossier_hostile(
    atelier: Path, tmp_path: Path, nom: str
) -> None:
    """Liens, tuyaux, imbrications, faux verdicts qui s'affichent : un échec, jamais une trace."""
    dossier = _ouvert(atelier, "complet", tmp_path)
    HOSTILES[nom](dossier)
    fait = subprocess.run(
        [sys.executable, "-I", "-S", str(dossier / "verifier_dossier.py")],
        capture_output=True,
        env={"PYTHONUTF8": "1"},
        check=False,
        timeout=60,
    )
    assert fait.returncode in (1, 2)
    assert fait.stderr == b""
    sortie = fait.stdout.decode("utf-8")
    assert "TOUT TIENT" not in sortie.splitlines()
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", sortie) is None
