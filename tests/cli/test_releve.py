"""Les verbes releve et reprendre, et executer --releves."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import segno
from msgspec.structs import replace

from ledger.preuve.preuve_ligne import lire_preuve
from ledger.preuve.preuves import coherence_tient
from ledger.preuve.releve import lire_base64, lire_cle, lire_releve
from tests.cli.outils import PROGRAMME, Resultat, depot, en_lignes, lancer, ouverture, position_max


@pytest.fixture
def cle(tmp_path: Path) -> Path:
    """A new signing key."""
    chemin = tmp_path / "cle"
    fait = lancer("releve", "--creer-cle", chemin)
    assert fait.code == 0, fait.erreur
    return chemin


def lignes(base: Path) -> list[bytes]:
    return lancer("journal", "--base", base).octets.splitlines(keepends=True)


def deposer(base: Path, *structures: str, releves: Path | None = None) -> Resultat:
    options = () if releves is None else ("--releves", releves)
    entree = en_lignes([depot(s) for s in structures])
    return lancer("executer", "-", "--base", base, *options, entree=entree)


def recu(fait: Resultat) -> tuple[int, bytes]:
    dernier = fait.lignes_json[-1]
    racine = lire_base64(dernier["racine"])
    assert racine is not None
    return dernier["taille"], racine


def test_le_releve_dit_l_origine_la_taille_et_la_racine(base_neuve: Path, tmp_path: Path) -> None:
    """Trois lignes : l'origine tirée de la ligne 1, la taille et la racine du dernier reçu."""
    taille, racine = recu(deposer(base_neuve, "a", "b"))
    fait = lancer("releve", "--base", base_neuve)
    lu = lire_releve(fait.octets)
    feuille = sha256(b"\0" + lignes(base_neuve)[0].rstrip(b"\n")).hexdigest()
    assert (lu.origine, lu.taille, lu.racine, lu.signatures) == (
        f"fabriques-ledger/{PROGRAMME}/{feuille[:16]}",
        taille,
        racine,
        (),
    )
    assert (fait.octets, fait.code, fait.erreur) == (lu.note(), 0, "")
    sortie = tmp_path / "releve.txt"
    assert lancer("releve", "--base", base_neuve, "-o", sortie).octets == b""
    assert sortie.read_bytes() == fait.octets


def test_le_releve_d_une_position_passee_est_celui_d_alors(base_neuve: Path) -> None:
    """--connu-au donne le relevé que l'on avait à cette position ou à cet instant."""
    deposer(base_neuve, "a")
    avant = lancer("releve", "--base", base_neuve).octets
    instant = json.loads(lignes(base_neuve)[-1])["state"]["enregistre_le"]
    deposer(base_neuve, "b")
    for connu in ("2", instant):
        assert lancer("releve", "--base", base_neuve, "--connu-au", connu).octets == avant
    for faux in ("0", "4", "2001-01-01"):
        fait = lancer("releve", "--base", base_neuve, "--connu-au", faux)
        assert (fait.code, fait.octets) == (2, b"")
        assert f"va de 1 à 3, {faux[:4]}" in fait.erreur


def test_le_json_du_releve_dit_tout_ce_qui_se_verifie(base_neuve: Path, cle: Path) -> None:
    """Le JSON donne la note, le SHA-256 du préfixe, l'instant du dernier fait et la clé."""
    deposer(base_neuve, "a", "b")
    note = lire_releve(lancer("releve", "--base", base_neuve, "--signer", cle).octets)
    ecrites = lignes(base_neuve)
    valeur = lancer("releve", "--base", base_neuve, "--signer", cle, "--format", "json").json
    publique = lire_cle(valeur["cle"])
    assert valeur == {
        "origine": note.origine,
        "taille": 3,
        "racine": note.corps.decode().splitlines()[2],
        "empreinte_prefixe": sha256(b"".join(ecrites)).hexdigest(),
        "enregistre_le": json.loads(ecrites[-1])["state"]["enregistre_le"],
        "cle": str(publique),
        "signatures": [note.note().decode().splitlines()[4]],
    }
    assert (publique.nom, note.verdict(publique)) == (note.origine, "verifiee")
    nu = lancer("releve", "--base", base_neuve, "--format", "json", "--connu-au", "1").json
    assert (nu["cle"], nu["signatures"], nu["taille"]) == (None, [], 1)
    assert nu["empreinte_prefixe"] == sha256(ecrites[0]).hexdigest()


def test_la_carte_tient_sur_un_ecran_et_ses_commandes_sont_justes(
    base_neuve: Path, cle: Path
) -> None:
    """Vingt-quatre lignes de 80 colonnes au plus, qui disent tout et comment le vérifier."""
    deposer(base_neuve, "a", "b")
    dit = lancer("releve", "--base", base_neuve, "--signer", cle, "--format", "json").json
    debut, reste = dit["cle"][:67], dit["cle"][67:]  # 13 columns for the heading
    jour = dit["enregistre_le"]
    attendu = f"""\
Relevé d'un journal fabriques-ledger

Origine      {dit["origine"]}
Taille       3 lignes
Racine       {dit["racine"]}
SHA-256      {dit["empreinte_prefixe"]}
Dernier fait enregistré le {jour[8:10]}/{jour[5:7]}/{jour[:4]} à {jour[11:19]} UTC
Clé          {debut}
             {reste}

À garder hors de la base. Plus tard, ces deux commandes doivent le confirmer
(BASE : le fichier de la base ; s'il tient plusieurs programmes, ajouter après
lui --programme {dit["origine"].split("/")[1]}) :

  fabriques verifier --base BASE --releve \\
    3:{dit["racine"]}
  fabriques journal --base BASE | head -n 3 | sha256sum

La seconde donne le SHA-256 ci-dessus, sans faire confiance à la première.
"""
    signee = lancer("releve", "--base", base_neuve, "--signer", cle, "--carte")
    assert signee.sortie == attendu
    nue = lancer("releve", "--base", base_neuve, "--carte").sortie
    assert nue == attendu.replace(f"{debut}\n             {reste}", "non signé")


def test_la_carte_la_plus_longue_tient_encore(tmp_path: Path) -> None:
    """Avec le plus long nom de programme, signée, la carte reste dans 24 lignes de 80 colonnes."""
    base, cle = tmp_path / "b.db", tmp_path / "cle"
    lancer("releve", "--creer-cle", cle)
    lancer("executer", "-", "--base", base, entree=en_lignes([ouverture("p" * 64)]))
    carte = lancer("releve", "--base", base, "--signer", cle, "--carte").sortie
    assert len(carte.splitlines()) <= 24
    assert max(map(len, carte.splitlines())) <= 80
    dit = lancer("releve", "--base", base, "--signer", cle, "--format", "json").json
    compacte = "".join(carte.split())
    assert dit["origine"] in compacte
    assert dit["cle"] in compacte


def test_la_carte_en_svg_porte_le_texte_et_la_note_en_code_qr(
    base_neuve: Path, cle: Path, tmp_path: Path
) -> None:
    """Le SVG redit la carte ligne à ligne, et son code QR est celui de la note ; mêmes octets."""
    demande = ("releve", "--base", base_neuve, "--signer", cle)
    sorties = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for sortie in sorties:
        assert lancer(*demande, "--carte", "-o", sortie).code == 0
    assert sorties[0].read_bytes() == sorties[1].read_bytes()
    svg = ET.parse(sorties[0]).getroot()  # noqa: S314 - written just above
    espace = "{http://www.w3.org/2000/svg}"
    carte = lancer(*demande, "--carte").sortie
    assert [t.text for t in svg.iter(f"{espace}text")] == [x for x in carte.splitlines() if x]
    (chemin,) = svg.iter(f"{espace}path")
    code = segno.make_qr(lancer(*demande).sortie, error="m", encoding="utf-8")
    sombres = set()
    for trait in chemin.attrib["d"].strip("Mz").split("zM"):
        depart, largeur = trait.split("v")[0].split("h")
        x, y = map(int, depart.split())
        sombres |= {(x + k, y) for k in range(int(largeur))}
    assert sombres == {
        (x, y) for y, rangee in enumerate(code.matrix) for x, noir in enumerate(rangee) if noir
    }


def test_la_preuve_d_une_ligne_se_verifie_sans_la_base(
    base_neuve: Path, cle: Path, tmp_path: Path
) -> None:
    """--preuve donne un tlog-proof qui tient pour sa ligne, et pour aucune autre."""
    deposer(base_neuve, "a", "b", "c")
    fichier = tmp_path / "ligne.tlog-proof"
    demande = ("releve", "--base", base_neuve, "--signer", cle)
    assert lancer(*demande, "--preuve", "2", "-o", fichier).code == 0
    preuve = lire_preuve(fichier.read_bytes())
    assert preuve.releve.note() == lancer(*demande).octets
    tenues = [preuve.tient(ligne.rstrip(b"\n")) for ligne in lignes(base_neuve)]
    assert tenues == [False, True, False, False]
    for position in ("0", "5"):
        faux = lancer(*demande, "--preuve", position)
        assert (faux.code, "--preuve va de 1 à 4." in faux.erreur) == (2, True)


def test_la_preuve_depuis_une_taille_tient(base_neuve: Path) -> None:
    """--depuis donne les deux racines et une preuve de cohérence qui tient."""
    ancienne = recu(deposer(base_neuve, "a", "b"))
    taille, racine = recu(deposer(base_neuve, "c", "d"))
    valeur = lancer("releve", "--base", base_neuve, "--depuis", "3").json
    assert list(valeur) == ["ancienne", "taille", "racine_ancienne", "racine", "preuve"]
    assert (valeur["ancienne"], valeur["taille"]) == (3, 5)
    assert (lire_base64(valeur["racine_ancienne"]), ancienne[0]) == (ancienne[1], 3)
    assert (lire_base64(valeur["racine"]), taille) == (racine, 5)
    preuve = [lire_base64(h) or b"" for h in valeur["preuve"]]
    assert coherence_tient(3, ancienne[1], 5, racine, preuve)
    faux = lancer("releve", "--base", base_neuve, "--depuis", "6")
    assert (faux.code, "--depuis va de 1 à 5." in faux.erreur) == (2, True)


def test_publier_garde_la_note_et_le_dit(base_neuve: Path, cle: Path, tmp_path: Path) -> None:
    """--publier imprime la note gardée, nomme son fichier, et dit quand elle y était déjà."""
    dossier = tmp_path / "releves"
    demande = ("releve", "--base", base_neuve, "--signer", cle, "--publier", dossier)
    premiere, seconde = lancer(*demande), lancer(*demande)
    (fichier,) = dossier.rglob("*.releve")
    assert premiere.octets == seconde.octets == fichier.read_bytes()
    assert premiere.erreur == f"Relevé de 1 ligne publié : {fichier}\n"
    assert seconde.erreur == f"Relevé de 1 ligne déjà publié : {fichier}\n"


def test_le_releve_publie_se_verifie_sans_ce_logiciel(
    base_neuve: Path, cle: Path, tmp_path: Path
) -> None:
    """ssh-keygen et openssl vérifient le relevé publié, avec les seuls fichiers du dossier."""
    if shutil.which("ssh-keygen") is None or shutil.which("openssl") is None:
        pytest.skip("ssh-keygen ou openssl absent")
    dossier = tmp_path / "releves"
    lancer("releve", "--base", base_neuve, "--signer", cle, "--publier", dossier)
    script = """set -e
    RELEVE=$(ls */*.releve); cd "$(dirname "$RELEVE")"; RELEVE=$(basename "$RELEVE")
    head -n 3 "$RELEVE" > ../../corps
    ssh-keygen -Y verify -f allowed_signers -I "$(head -n 1 ../../corps)" -n fabriques-releve \
        -s "$RELEVE.sshsig" < ../../corps
    sed -n 5p "$RELEVE" | cut -d' ' -f3 | openssl base64 -d -A | tail -c 64 > ../../signature
    openssl pkeyutl -verify -pubin -inkey cle.pem -rawin -in ../../corps -sigfile ../../signature
    """
    fait = subprocess.run(
        ["/bin/bash", "-c", script], cwd=dossier, capture_output=True, text=True, check=False
    )
    assert (fait.returncode, fait.stderr) == (0, "")
    assert fait.stdout.startswith('Good "fabriques-releve" signature for fabriques-ledger/')
    assert fait.stdout.endswith("Signature Verified Successfully\n")


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        (["--carte", "--format", "json"], "Choisir entre"),
        (["--preuve", "1", "--depuis", "1"], "Choisir entre"),
        (["--publier", "d"], "--publier demande --signer"),
        (["--publier", "d", "--signer", "k", "--connu-au", "1"], "pas de --connu-au"),
        (["--creer-cle", "k", "--carte"], "ne se combine avec rien"),
        (["--signer", "absente"], "Erreur (cle_inutilisable)"),
    ],
)
def test_un_melange_sans_sens_est_un_usage(
    base_neuve: Path, options: list[str], phrase: str
) -> None:
    """Deux rendus à la fois, publier sans clé, une clé absente : code 2, et la raison."""
    fait = lancer("releve", "--base", base_neuve, *options)
    assert (fait.code, fait.octets, phrase in fait.erreur) == (2, b"", True)


@pytest.fixture
def restauree(base_neuve: Path, cle: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A base of 3 lines put back where 5 were published, and the folder of checkpoints."""
    dossier = tmp_path / "releves"
    publier = ("releve", "--base", base_neuve, "--signer", cle, "--publier", dossier)
    deposer(base_neuve, "a")
    assert lancer(*publier).code == 0
    deposer(base_neuve, "b")
    copie = Path(shutil.copy(base_neuve, tmp_path / "sauvegarde.db"))
    deposer(base_neuve, "c", "d")
    assert lancer(*publier).code == 0
    for suffixe in ("-wal", "-shm"):
        Path(f"{base_neuve}{suffixe}").unlink(missing_ok=True)
    shutil.copy(copie, base_neuve)
    return base_neuve, dossier


def test_une_base_restauree_est_refusee_partout(restauree: tuple[Path, Path], cle: Path) -> None:
    """executer --releves (option ou variable) et releve --publier refusent : code 4, rien."""
    base, dossier = restauree
    entree = en_lignes([depot("e")])
    for fait in (
        lancer("executer", "-", "--base", base, "--releves", dossier, entree=entree),
        lancer(
            "executer", "-", "--base", base, entree=entree, env={"FABRIQUES_RELEVES": str(dossier)}
        ),
        lancer("executer", "-", "--base", base, "--releves", dossier, "--a-blanc", entree=entree),
        lancer("releve", "--base", base, "--signer", cle, "--publier", dossier),
    ):
        assert (fait.code, fait.octets) == (4, b"")
        assert fait.erreur.startswith("Erreur (base_reculee) : ")
        assert "il avait 5 lignes" in fait.erreur
        assert "il en a 3 " in fait.erreur
        assert "fabriques reprendre" in fait.erreur
    assert position_max(base) == 3


def test_reprendre_declare_la_perte_et_permet_de_continuer(
    restauree: tuple[Path, Path], cle: Path
) -> None:
    """À blanc rien n'est écrit ; puis la perte est déclarée, dite, et la suite est acceptée."""
    base, dossier = restauree
    perdu = lire_releve(next(dossier.rglob("000000000005.releve")).read_bytes())
    racine = perdu.corps.decode().splitlines()[2]
    demande = ("reprendre", "--base", base, "--releves", dossier, "--motif", "Disque perdu")
    blanc = lancer(*demande, "--a-blanc", "--format", "json")
    graine = f"{perdu.origine}\n5\n{racine}".encode()
    identifiant = f"reprise-{sha256(graine).hexdigest()[:16]}"
    attendu = {
        "programme": PROGRAMME,
        "a_blanc": True,
        "taille_trouvee": 3,
        "pertes": [
            {
                "origine_precedente": perdu.origine,
                "taille_satisfaite": 2,
                "taille_perdue": 5,
                "racine_perdue": racine,
                "id_commande": identifiant,
                "statut": "acceptee",
                "position": 4,
            }
        ],
        "origine": None,
        "taille": None,
    }
    assert (blanc.code, blanc.json, position_max(base)) == (0, attendu, 3)
    fait = lancer(*demande)
    etat = json.loads(lignes(base)[3])["state"]
    nouvelle = lire_releve(lancer("releve", "--base", base).octets).origine
    assert nouvelle != perdu.origine
    assert (
        fait.sortie.replace(" \\\n         ", " ")
        == f"""\
Journal repris · {PROGRAMME} (3 lignes trouvées)

Perdu sous l'origine {perdu.origine}
  Lignes 3 à 5 : le dernier relevé satisfait en a 2, le plus récent connu 5.
  Racine perdue : {racine}
  Déclaré en position 4 ({identifiant})

Origine nouvelle : {nouvelle}

À faire maintenant :
  1. Publier un relevé :
     fabriques releve --signer CLE --publier {dossier}
  2. Renvoyer les commandes perdues, avec les mêmes id_commande :
     fabriques executer COMMANDES-PERDUES.jsonl --releves {dossier}
  3. Garder les anciens relevés : ils disent ce qui est perdu.
"""
    )
    assert (etat["acteur"], etat["date_effet"], etat["motif"]) == (
        {"id": "exploitant", "role": "systeme"},
        "2020-02-03",
        "Disque perdu",
    )
    suite = deposer(base, "c", releves=dossier)
    assert (suite.code, suite.lignes_json[0]["positions"]) == (0, [5])
    publie = lancer("releve", "--base", base, "--signer", cle, "--publier", dossier)
    assert (publie.code, lire_releve(publie.octets).origine) == (0, nouvelle)
    encore = lancer(*demande)
    assert (encore.code, encore.octets) == (3, b"")
    assert encore.erreur == (
        f"Refus (reprise_sans_objet) : le journal {PROGRAMME} (5 lignes) contient tout ce que "
        f"disent les relevés de {dossier}. Rien n'est écrit.\n"
    )


def test_reprendre_dit_qui_quand_et_pourquoi(restauree: tuple[Path, Path]) -> None:
    """--acteur, --date-effet et --motif sont enregistrés tels quels ; mal formés, rien ne l'est."""
    base, dossier = restauree
    demande = ("reprendre", "--base", base, "--releves", dossier)
    for options, code in (
        (["--motif", " "], 3),
        (["--motif", "x", "--acteur", ""], 3),
        (["--motif", "x", "--date-effet", "hier"], 2),
        ([], 2),
    ):
        fait = lancer(*demande, *options)
        assert (fait.code, fait.octets, position_max(base)) == (code, b"", 3)
    options = ["--motif", "Panne", "--acteur", "m.dupont", "--date-effet", "04/03/2020"]
    assert lancer(*demande, *options).code == 0
    etat = json.loads(lignes(base)[3])["state"]
    assert (etat["acteur"]["id"], etat["date_effet"], etat["motif"]) == (
        "m.dupont",
        "2020-03-04",
        "Panne",
    )


def test_reprendre_refuse_un_dossier_absent(base_neuve: Path, tmp_path: Path) -> None:
    """Un dossier de relevés qui n'est pas là n'est pas un dossier sans relevé : code 2."""
    fait = lancer(
        "reprendre", "--base", base_neuve, "--releves", tmp_path / "absent", "--motif", "x"
    )
    assert (fait.code, "ne peut pas être lu : il n'existe pas" in fait.erreur) == (2, True)


def test_un_autre_journal_du_meme_nom_n_est_pas_signe(tmp_path: Path, cle: Path) -> None:
    """Une base dont la ligne 1 est une autre n'est pas signée dans le dossier de la première."""
    releves = tmp_path / "releves"
    publier = ("--signer", cle, "--publier", releves)
    for nom, code in (("vraie.db", 0), ("autre.db", 4)):
        base = tmp_path / nom
        lancer("executer", "-", "--base", base, entree=en_lignes([ouverture()]))
        fait = lancer("releve", "--base", base, *publier)
        assert (nom, fait.code, "base_reculee" in fait.erreur) == (nom, code, code == 4)
    assert len(list(releves.rglob("*.releve"))) == 1


def test_un_dossier_de_releves_sert_plusieurs_programmes(tmp_path: Path, cle: Path) -> None:
    """Les relevés d'un autre programme du même dossier sont passés et comptés, sans constat."""
    base, releves = tmp_path / "b.db", tmp_path / "releves"
    lancer("executer", "-", "--base", base, entree=en_lignes([ouverture("un"), ouverture("deux")]))
    for programme in ("un", "deux"):
        options = ("--programme", programme, "--signer", cle, "--publier", releves)
        assert lancer("releve", "--base", base, *options).code == 0
    fait = lancer(
        "verifier", "--base", base, "--programme", "un", "--releve", releves, "--format", "json"
    )
    assert (fait.code, fait.json["releves"]["confrontes"]) == (0, 1)
    assert "1 relevé d'autres programmes dans le dossier : non confrontés." in fait.erreur
    (seul,) = [d for d in releves.iterdir() if "_deux_" in d.name]
    rien = lancer("verifier", "--base", base, "--programme", "un", "--releve", seul)
    assert (rien.code, "Aucun des relevés donnés" in rien.erreur) == (2, True)


def test_un_fichier_releve_n_est_rien_d_autre_qu_une_note(base_neuve: Path, tmp_path: Path) -> None:
    """Une ligne « TAILLE RACINE » dans un fichier .releve ne passe pas pour une note."""
    note = lire_releve(lancer("releve", "--base", base_neuve).octets)
    faux = tmp_path / "000000000001.releve"
    faux.write_text(f"{note.taille} {base64.b64encode(note.racine).decode()}\n", "utf-8")
    fait = lancer("verifier", "--base", base_neuve, "--releve", faux)
    assert (fait.code, "releve_illisible" in fait.erreur) == (2, True)


def test_un_releve_contredit_n_entre_pas_dans_un_dossier(tmp_path: Path, cle: Path) -> None:
    """Un relevé du dossier que le journal contredit arrête la composition, code 4."""
    base, releves = tmp_path / "b.db", tmp_path / "releves"
    lancer("executer", "-", "--base", base, entree=en_lignes([ouverture()]))
    deposer(base, "a", "b")
    lancer("releve", "--base", base, "--signer", cle, "--publier", releves)
    (note,) = releves.rglob("*.releve")
    lu = lire_releve(note.read_bytes())
    faux = replace(lu, taille=2, signatures=())
    note.with_name("000000000002.releve").write_bytes(faux.note())
    fait = lancer("dossier", "--base", base, "--releves", releves, "-o", tmp_path / "d.zip")
    assert (fait.code, "base_reculee" in fait.erreur) == (4, True)
    assert not (tmp_path / "d.zip").exists()
