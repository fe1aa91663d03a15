"""Le verbe verifier : témoins gardés hors de la base, clés, niveaux, modèle de lecture."""

from __future__ import annotations

import importlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger.audit import parallele
from ledger.preuve.canonique import json_canonique
from ledger.preuve.ligne import Lineur
from ledger.preuve.merkle import Arbre, racine_base64
from ledger.stockage.port import LigneBrute, Store
from tests.cli.outils import PROGRAMME, Resultat, depot, en_lignes, lancer, ouverture

CONTROLES = {
    "base": "fait",
    "lignes": "fait",
    "chaine": "fait",
    "index": "fait",
    "regles": "fait",
    "releves": "fait",
    "signatures": "non_demande",
    "lecture": "non_demande",
    "cliches": "non_demande",
}
MODULE_VERIFIER = importlib.import_module("ledger.audit.verifier")  # the function hides its module
SANS_TEMOIN = {**CONTROLES, "releves": "non_demande"}


@pytest.fixture
def recus(tmp_path: Path) -> tuple[Path, Path]:
    """A base of 4 lines, and the file of receipts that `executer` printed for it."""
    base, fichier = tmp_path / "base.db", tmp_path / "recus.jsonl"
    entree = en_lignes([ouverture(), *map(depot, "abc")])
    fait = lancer("executer", "-", "--base", base, entree=entree)
    assert fait.code == 0, fait.erreur
    fichier.write_bytes(fait.octets)
    return base, fichier


@pytest.fixture
def publie(recus: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path, Path]:
    """The base, the folder where its end was published signed, and the public key."""
    base, dossier, cle = recus[0], tmp_path / "releves", tmp_path / "cle"
    assert lancer("releve", "--creer-cle", cle).code == 0
    publier = ("releve", "--base", base, "--signer", cle, "--publier", dossier)
    fait = lancer(*publier)
    assert fait.code == 0, fait.erreur
    return base, dossier, next(dossier.rglob("cle.vkey"))


def stockees(base: Path) -> list[tuple[int, str, bytes]]:
    """The lines as the base holds them."""
    demande = "SELECT originator_version, topic, state FROM stored_events ORDER BY 1"
    with closing(sqlite3.connect(base)) as conn:
        return conn.execute(demande).fetchall()


def racine(base: Path, taille: int | None = None) -> str:
    """The root of the first lines, in base64, computed from what is stored."""
    lineur, arbre = Lineur(PROGRAMME), Arbre()
    arbre.ajouter(lineur.feuille(*ligne) for ligne in stockees(base)[:taille])
    return racine_base64(arbre.racine())


def reecrire(base: Path, position: int, **membres: Any) -> None:
    """Change members of a line by hand, then recompute the chain after it."""
    lineur, precedent = Lineur(PROGRAMME), None
    with closing(sqlite3.connect(base)) as conn, conn:
        for rang, topic, octets in stockees(base):
            etat = json.loads(octets)
            if rang == position:
                etat.update(membres)
            etat["precedent"] = precedent
            ligne = LigneBrute(rang, topic, json_canonique(etat))
            precedent = lineur.feuille(*ligne).hex()
            conn.execute(
                "UPDATE stored_events SET state=? WHERE originator_version=?", (ligne.octets, rang)
            )


def oter_apres(base: Path, taille: int) -> None:
    """Take away the end of the journal, index included."""
    with closing(sqlite3.connect(base)) as conn, conn:
        conn.execute("DELETE FROM stored_events WHERE originator_version>?", (taille,))
        conn.execute("DELETE FROM fabriques_commandes WHERE position>?", (taille,))


def verifier(base: Path, *options: str | Path, entree: bytes = b"") -> Resultat:
    """`fabriques verifier` in JSON."""
    return lancer("verifier", "--base", base, "--format", "json", *options, entree=entree)


def rapport(
    base: Path,
    confrontes: int,
    tenus: int,
    couverts: int,
    *constats: tuple[str, int | None, str],
    notes: tuple[int, int] = (0, 0),
    **controles: str,
) -> dict[str, Any]:
    """The whole JSON of a report; `notes`: signatures verified, and not verified."""
    return {
        "statut": "non_conforme" if constats else "conforme",
        "taille": len(stockees(base)),
        "racine": racine(base),
        "constats": [dict(zip(("code", "position", "detail"), c, strict=True)) for c in constats],
        "controles": {**CONTROLES, **controles},
        "releves": {
            "confrontes": confrontes,
            "tenus": tenus,
            "signatures_verifiees": notes[0],
            "signatures_non_verifiees": notes[1],
            "couverts": couverts,
        },
    }


def divergence(source: str | Path, taille: int, avant: str, apres: str) -> tuple[str, int, str]:
    return (
        "releve_divergent",
        taille,
        f"{source} : la racine des {taille} premières lignes était {avant}, elle est {apres} : "
        "une de ces lignes a été modifiée, ôtée ou ajoutée.",
    )


def test_les_recus_d_executer_se_redonnent_tels_quels(recus: tuple[Path, Path]) -> None:
    """La sortie d'executer, gardée dans un fichier ou passée par -, est tenue ligne à ligne."""
    base, fichier = recus
    for options, entree in (((fichier,), b""), (("-",), fichier.read_bytes())):
        fait = verifier(base, "--releve", *options, entree=entree)
        assert (fait.code, fait.json, fait.erreur) == (0, rapport(base, 4, 4, 4), "")


def test_un_recu_refuse_la_base_recalculee(recus: tuple[Path, Path]) -> None:
    """Une ligne changée, tout recalculé : sans reçu, code 0 ; avec les reçus, code 1 et où."""
    base, fichier = recus
    avant = [racine(base, taille) for taille in range(5)]
    reecrire(base, 3, ville="Paris")
    seul = verifier(base)
    assert (seul.code, seul.json) == (0, rapport(base, 0, 0, 0, releves="non_demande"))
    fait = verifier(base, "--releve", fichier)
    constats = [divergence(f"{fichier}, ligne {n}", n, avant[n], racine(base, n)) for n in (3, 4)]
    assert (fait.code, fait.json) == (1, rapport(base, 4, 2, 2, *constats))


def test_une_modification_apres_le_dernier_temoin_passe_et_se_lit(
    recus: tuple[Path, Path],
) -> None:
    """Limite : ce qui suit le dernier témoin n'est tenu par rien ; « couverts » dit où."""
    base, fichier = recus
    deux = b"".join(fichier.read_bytes().splitlines(keepends=True)[:2])
    reecrire(base, 3, ville="Paris")
    fait = verifier(base, "--releve", "-", entree=deux)
    assert (fait.code, fait.json) == (0, rapport(base, 2, 2, 2))
    table = lancer("verifier", "--base", base, "--releve", "-", entree=deux)
    assert (
        table.sortie
        == f"""\
Journal {PROGRAMME} : conforme
4 faits
Racine : {racine(base)}
Contrôles faits : base, lignes, chaîne, index, règles, relevés
Relevés et reçus : 2 tenus sur 2, lignes couvertes jusqu'à la 2 sur 4
"""
    )


def test_une_ligne_saisie_se_confronte(recus: tuple[Path, Path]) -> None:
    """« TAILLE RACINE », avec ou sans origine, tient ou non ; l'option se répète."""
    base, _ = recus
    origine = lancer("releve", "--base", base).sortie.splitlines()[0]
    tenue, fausse = f"4 {racine(base)}", f"{origine} 3 {racine(base, 2)}"
    fait = verifier(base, "--releve", tenue, "--releve", f"{origine} {tenue}")
    assert (fait.code, fait.json) == (0, rapport(base, 2, 2, 4))
    fait = verifier(base, "--releve", fausse, "--releve", f"ailleurs/1 {tenue}")
    constats = (
        divergence("saisie", 3, racine(base, 2), racine(base, 3)),
        (
            "releve_autre_origine",
            None,
            f"saisie : le relevé porte sur ailleurs/1, le journal est {origine}.",
        ),
    )
    assert (fait.code, fait.json) == (1, rapport(base, 2, 0, 0, *constats))


def test_un_dossier_publie_se_verifie_avec_sa_cle(
    publie: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    """Le dossier publié est tenu ; sa clé, en fichier ou en texte, en vérifie la signature."""
    base, dossier, vkey = publie
    sans = verifier(base, "--releve", dossier)
    assert (sans.code, sans.json) == (0, rapport(base, 1, 1, 4, notes=(0, 1)))
    attendu = rapport(base, 1, 1, 4, notes=(1, 0), signatures="fait")
    for cle in (vkey, vkey.read_text(encoding="utf-8").strip()):
        fait = verifier(base, "--releve", dossier, "--cle", cle)
        assert (fait.code, fait.json) == (0, attendu)
    autre = tmp_path / "autre"
    assert lancer("releve", "--creer-cle", autre).code == 0
    etrangere = lancer("releve", "--base", base, "--signer", autre, "--format", "json").json["cle"]
    note = next(dossier.rglob("*.releve"))
    absente = ("signature_absente", None, f"{note} : aucune signature de la clé donnée.")
    fait = verifier(base, "--releve", dossier, "--cle", etrangere)
    assert (fait.code, fait.json) == (
        1,
        rapport(base, 1, 0, 0, absente, signatures="fait"),
    )
    deux = verifier(base, "--releve", dossier, "--cle", etrangere, "--cle", vkey)
    assert (deux.code, deux.json) == (0, attendu)


def test_un_releve_retouche_n_a_plus_de_signature(
    publie: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    """Qui réécrit la base et la racine du relevé ne peut pas le signer : code 1."""
    base, dossier, vkey = publie
    avant = racine(base)
    reecrire(base, 3, ville="Paris")
    original = next(dossier.rglob("*.releve")).read_text(encoding="utf-8")
    retouche = tmp_path / "retouche.releve"
    retouche.write_text(original.replace(avant, racine(base)), encoding="utf-8")
    fait = verifier(base, "--releve", retouche, "--cle", vkey)
    fausse = (
        "signature_fausse",
        None,
        f"{retouche} : la signature n'est pas celle de ce texte par cette clé.",
    )
    assert (fait.code, fait.json) == (
        1,
        rapport(base, 1, 0, 0, fausse, signatures="fait"),
    )
    assert verifier(base, "--releve", retouche).code == 0  # only the key tells


def test_la_table_dit_les_signatures_verifiees_ou_non(publie: tuple[Path, Path, Path]) -> None:
    """La table compte les signatures vérifiées, et dit celles qui ne le sont pas."""
    base, dossier, vkey = publie
    debut = f"Journal {PROGRAMME} : conforme\n4 faits\nRacine : {racine(base)}\nContrôles faits : "
    faits = "base, lignes, chaîne, index, règles"
    tenu = "Relevés et reçus : 1 tenu sur 1, lignes couvertes jusqu'à la 4 sur 4\n"
    personne = "Aucun relevé ni reçu n'est confronté : une réécriture complète passerait.\n"
    for options, suite in (
        ((), f"{faits}\n{personne}"),
        (("--cle", vkey), f"{faits}\n{personne}"),
        (
            ("--releve", dossier),
            f"{faits}, relevés\n{tenu}"
            "1 note signée dont la signature n'est pas vérifiée (donner --cle)\n",
        ),
        (
            ("--releve", dossier, "--cle", vkey),
            f"{faits}, relevés, signatures\n{tenu}1 signature vérifiée\n",
        ),
    ):
        fait = lancer("verifier", "--base", base, *options)
        assert (fait.code, fait.sortie) == (0, debut + suite)


def test_une_cle_seule_ne_verifie_aucune_signature(publie: tuple[Path, Path, Path]) -> None:
    """--cle sans relevé, ou avec des reçus : aucune signature n'est dite vérifiée."""
    base, _, vkey = publie
    fait = verifier(base, "--cle", vkey)
    assert (fait.code, fait.json) == (0, rapport(base, 0, 0, 0, releves="non_demande"))
    fait = verifier(base, "--cle", vkey, "--releve", f"4 {racine(base)}")
    assert (fait.code, fait.json) == (0, rapport(base, 1, 1, 4))


def test_une_copie_ancienne_ne_repond_pas_au_releve(publie: tuple[Path, Path, Path]) -> None:
    """La fin ôtée avec son index : la base seule est conforme, le relevé dit ce qui manque."""
    base, dossier, vkey = publie
    oter_apres(base, 2)
    assert verifier(base).code == 0
    note = next(dossier.rglob("*.releve"))
    au_dela = (
        "releve_au_dela",
        2,
        f"{note} : le journal avait 4 lignes, il en a 2 : la fin a été ôtée, ou une copie "
        "ancienne remise en place.",
    )
    fait = verifier(base, "--releve", dossier, "--cle", vkey)
    assert (fait.code, fait.json) == (
        1,
        rapport(base, 1, 0, 0, au_dela, notes=(1, 0), signatures="fait"),
    )


def test_une_perte_declaree_reste_dite_par_les_anciens_releves(
    publie: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    """Après reprendre, l'ancien relevé dit la perte, à sa position ; le nouveau est tenu."""
    base, dossier, vkey = publie
    cle, ancien = tmp_path / "cle", next(dossier.rglob("*.releve"))
    oter_apres(base, 2)
    reprise = ("reprendre", "--base", base, "--releves", dossier, "--motif", "Disque perdu")
    assert lancer(*reprise).code == 0
    assert lancer("executer", "-", "--base", base, entree=en_lignes([depot("z")])).code == 0
    assert lancer("releve", "--base", base, "--signer", cle, "--publier", dossier).code == 0
    perdu = (
        "releve_perdu",
        3,
        f"{ancien} : les 4 lignes du relevé comprennent des lignes perdues, déclarées perdues en "
        "position 3.",
    )
    fait = verifier(base, "--releve", dossier, "--cle", vkey)
    assert (fait.code, fait.json) == (
        1,
        rapport(base, 2, 1, 4, perdu, notes=(2, 0), signatures="fait"),
    )


def test_le_niveau_de_la_chaine_ne_rejoue_pas_les_regles(recus: tuple[Path, Path]) -> None:
    """Un effet faux, rechaîné, passe à --niveau chaine, qui le dit ; jamais par défaut."""
    base, _ = recus
    reecrire(base, 3, regles_version=2)
    chaine = verifier(base, "--niveau", "chaine")
    sans = rapport(base, 0, 0, 0, releves="non_demande", regles="non_demande")
    assert (chaine.code, chaine.json) == (0, sans)
    faux = ("effet_faux", 3)
    for options in ((), ("--niveau", "regles")):
        fait = verifier(base, *options)
        assert (fait.code, fait.json["controles"]) == (1, SANS_TEMOIN)
        assert faux in {(c["code"], c["position"]) for c in fait.json["constats"]}


def test_une_ligne_illisible_dit_les_regles_interrompues(recus: tuple[Path, Path]) -> None:
    """Après une ligne illisible, la table nomme le contrôle interrompu, à part des faits."""
    base, _ = recus
    with closing(sqlite3.connect(base)) as conn, conn:
        conn.execute("UPDATE stored_events SET topic='os:system' WHERE originator_version=3")
    fait = verifier(base)
    assert (fait.code, fait.json["controles"]) == (1, {**SANS_TEMOIN, "regles": "interrompu"})
    lignes = lancer("verifier", "--base", base).sortie.splitlines()
    assert lignes[3:6] == [
        "Contrôles faits : base, lignes, chaîne, index",
        "Aucun relevé ni reçu n'est confronté : une réécriture complète passerait.",
        "Interrompu par ce qui a été trouvé : règles",
    ]


def test_le_modele_de_lecture_se_compare_a_la_demande(
    recus: tuple[Path, Path], tmp_path: Path
) -> None:
    """--lecture : fait et conforme quand il l'est ; une dérive est un constat, code 1."""
    base, fichier = recus
    lecture = tmp_path / "lecture.db"
    assert lancer("lecture", "--base", base, "--sortie", lecture).code == 0
    options = ("--lecture", lecture, "--releve", fichier)
    fait = verifier(base, *options)
    assert (fait.code, fait.json) == (0, rapport(base, 4, 4, 4, lecture="fait"))
    with closing(sqlite3.connect(lecture)) as conn, conn:
        conn.execute("UPDATE enveloppe SET disponible_centimes = disponible_centimes + 1")
    derive = (
        "lecture_divergente",
        1,
        f"table enveloppe, clé programme={PROGRAMME}, colonne disponible_centimes : "
        "4500000001 tenu, 4500000000 attendu",
    )
    fait = verifier(base, *options)
    assert (fait.code, fait.json) == (1, rapport(base, 4, 4, 4, derive, lecture="fait"))
    absent = verifier(base, "--lecture", tmp_path / "absent.db")
    assert (absent.code, absent.octets) == (4, b"")


def test_le_nombre_de_coeurs_ne_change_pas_le_rapport(
    base_golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--coeurs 1 ou 2 : les mêmes octets, témoins compris ; 0 ou un texte, code 2."""
    aides: list[int] = []

    class Ouvriers(parallele.Ouvriers):
        def __init__(
            self, ouvrir: Callable[[], Store], programme: str, *, taille: int, nombre: int
        ) -> None:
            aides.append(nombre)
            super().__init__(ouvrir, programme, taille=taille, nombre=nombre)

    monkeypatch.setattr(MODULE_VERIFIER, "Ouvriers", Ouvriers)
    monkeypatch.setattr(parallele, "PLAGE", 200)
    demande = ("--releve", f"400 {racine(base_golden, 400)}", "--releve", "399 " + "A" * 43 + "=")
    seul, deux = (verifier(base_golden, *demande, "--coeurs", n) for n in ("1", "2"))
    assert (seul, aides) == (deux, [1])
    constat = divergence("saisie", 399, "A" * 43 + "=", racine(base_golden, 399))
    assert (seul.code, seul.json) == (1, rapport(base_golden, 2, 1, 400, constat))
    for faux in ("0", "65", "deux"):
        fait = verifier(base_golden, "--coeurs", faux)
        assert (fait.code, fait.octets) == (2, b"")


def test_un_temoin_qui_ne_se_lit_pas_arrete_tout(recus: tuple[Path, Path], tmp_path: Path) -> None:
    """Source absente, vide, sans reçu accepté, ou clé mal formée : code 2, aucun verdict."""
    base, fichier = recus
    refuse = lancer("executer", "-", "--base", base, entree=en_lignes([depot("a", ville="Paris")]))
    refuses, vide, dossier = tmp_path / "refus.jsonl", tmp_path / "vide.jsonl", tmp_path / "dossier"
    refuses.write_bytes(refuse.octets)
    vide.touch()
    dossier.mkdir()
    assert [r["statut"] for r in refuse.lignes_json] == ["refusee"]
    for source in (refuses, vide, dossier):
        fait = verifier(base, "--releve", fichier, "--releve", source)
        assert (fait.code, fait.octets) == (2, b"")
        assert fait.erreur.startswith(
            f"Erreur (usage) : {str(source)[:80]} ne donne ni relevé, ni reçu"
        )
    for options, debut in (
        (("--releve", tmp_path / "absent"), "Relevé "),
        (("--releve", "4 RACINE"), "Relevé 4 RACINE illisible : il n'existe pas."),
        (("--releve", fichier, "--cle", "toto"), "Clé publique illisible : "),
    ):
        fait = verifier(base, *options)
        assert (fait.code, fait.octets) == (2, b"")
        assert fait.erreur.startswith(f"Erreur (releve_illisible) : {debut}")


def test_sans_base_aucun_verdict(recus: tuple[Path, Path], tmp_path: Path) -> None:
    """Une base absente ou étrangère avec un témoin sort en 4, sans rapport."""
    _, fichier = recus
    texte = Path(shutil.copy(fichier, tmp_path / "texte.db"))
    for base in (tmp_path / "absente.db", texte):
        fait = verifier(base, "--releve", fichier)
        assert (fait.code, fait.octets) == (4, b"")
    assert not (tmp_path / "absente.db").exists()
