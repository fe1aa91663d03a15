"""Signer, publier, garder et relire des relevés hors de la base ; refuser un journal qui recule."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from commands import GrandLivre
from ledger import Journal, MemoryStore
from ledger.audit.temoins import Temoin
from ledger.erreurs import (
    KeyUnusableError,
    ReleveUnreadableError,
    StoreError,
    StoreRolledBackError,
    UsageError,
)
from ledger.preuve.merkle import racine_base64
from ledger.preuve.releve import ClePublique, Releve, Signature, lire_cle, lire_releve
from ledger.sceau import agent_ssh, fichiers
from ledger.sceau.cles import (
    CLE_MAX_OCTETS,
    SignataireFichier,
    charger_signataire,
    cle_pem,
    cle_ssh,
    creer_cle,
    ligne_signataire,
)
from ledger.sceau.dossier import ReleveGarde, lire_dossier
from ledger.sceau.filaire import chaine, en_blob
from ledger.sceau.garde import Recul, controler, reculs
from ledger.sceau.publieur import Publication, Publieur, signer
from ledger.sceau.sources import LIGNE_MAX_OCTETS, charger_releves
from ledger.sceau.sshsig import signer_ssh
from tests.cli.outils import RACINE
from tests.unit.monde import Monde, P

PRIVEE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
"""The test key of docs/format-v1.md."""
AUTRE = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIQUE = PRIVEE.public_key().public_bytes_raw()
ALICE, BRUNO = SignataireFichier(PRIVEE), SignataireFichier(AUTRE)
PEM = (Encoding.PEM, PrivateFormat.PKCS8)
OPENSSH = (Encoding.PEM, PrivateFormat.OpenSSH)


def ecrire_cle(chemin: Path, octets: bytes, mode: int = 0o600) -> Path:
    chemin.write_bytes(octets)
    chemin.chmod(mode)
    return chemin


def outil(nom: str) -> str:
    """A program of the machine; without it the test is skipped, visibly."""
    chemin = shutil.which(nom)
    if chemin is None:
        pytest.skip(f"{nom} absent")
    return chemin


def journal_de(lignes: int, *, ville: str = "Vichy") -> Journal:
    """A journal of that many lines; another town is another second line."""
    monde = Monde()
    for rang in range(1, lignes):
        monde.ok("DéposerCandidature", "2020-01-10", structure=f"s{rang}", ville=ville)
    return monde.livre.journal(P)


def tronque(journal: Journal, taille: int) -> Journal:
    """The same journal, when it had fewer lines."""
    lu = Journal(journal.store, P)
    for _ in lu.rattraper(jusqua=taille):
        pass
    return lu


def contenu(dossier: Path) -> dict[str, bytes]:
    """Every file below a folder but the lock."""
    return {
        str(f.relative_to(dossier)): f.read_bytes()
        for f in sorted(dossier.rglob("*"))
        if f.is_file() and f.name != ".verrou"
    }


# --- keys


@pytest.mark.parametrize("forme", [PEM, OPENSSH], ids=["pkcs8", "openssh"])
def test_une_cle_privee_se_charge_de_son_fichier(
    tmp_path: Path, forme: tuple[Encoding, PrivateFormat]
) -> None:
    """Une clé PKCS8 ou OpenSSH donne sa clé publique, et la signature Ed25519 du message."""
    octets = PRIVEE.private_bytes(*forme, NoEncryption())
    signataire = charger_signataire(str(ecrire_cle(tmp_path / "cle", octets)))
    assert (signataire.cle, signataire.signer(b"abc")) == (PUBLIQUE, PRIVEE.sign(b"abc"))


def test_une_cle_creee_est_neuve_privee_et_n_ecrase_rien(tmp_path: Path) -> None:
    """Une clé créée est un fichier 0600, que l'on recharge, jamais la même, sans rien écraser."""
    cles = [creer_cle(tmp_path / nom) for nom in ("a", "b")]
    assert [charger_signataire(str(tmp_path / nom)).cle for nom in ("a", "b")] == cles
    assert cles[0] != cles[1]
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    avant = (tmp_path / "a").read_bytes()
    with pytest.raises(KeyUnusableError, match="il existe déjà"):
        creer_cle(tmp_path / "a")
    with pytest.raises(KeyUnusableError, match="il n'existe pas"):
        creer_cle(tmp_path / "absent" / "a")
    assert (tmp_path / "a").read_bytes() == avant


def test_une_cle_inutilisable_est_refusee_avec_sa_raison(tmp_path: Path) -> None:
    """Absente, dossier, tube, illisible, d'un autre genre, trop grosse, ouverte à tous."""
    nue = PRIVEE.private_bytes(*OPENSSH, NoEncryption())
    courbe = generate_private_key(SECP256R1()).private_bytes(*PEM, NoEncryption())
    entete = b"-----BEGIN PRIVATE KEY-----\n"
    os.mkfifo(tmp_path / "tube")
    cas = {
        "absente": "il n'existe pas",
        ".": "c'est un dossier",
        "tube": "ce n'est pas un fichier ordinaire",
        "texte": "ni une clé privée ni une clé publique SSH",
        "fausse": "n'est pas une clé privée lisible",
        "courbe": "n'est pas une clé Ed25519",
        "rsa.pub": "n'est pas une clé Ed25519",
        "grosse": f"dépasse {CLE_MAX_OCTETS} octets",
        "groupe": "peut être lu par d'autres que son propriétaire",
        "tous": "peut être lu par d'autres que son propriétaire",
    }
    ecrire_cle(tmp_path / "texte", b"bonjour")
    ecrire_cle(tmp_path / "fausse", entete + b"AAAA\n-----END PRIVATE KEY-----\n")
    ecrire_cle(tmp_path / "courbe", courbe)
    rsa = b64encode(chaine(b"ssh-rsa") + chaine(b"\3") + chaine(b"x" * 128))
    ecrire_cle(tmp_path / "rsa.pub", b"ssh-rsa " + rsa + b" moi")
    ecrire_cle(tmp_path / "grosse", entete + b"A" * CLE_MAX_OCTETS)
    ecrire_cle(tmp_path / "groupe", nue, 0o640)
    ecrire_cle(tmp_path / "tous", nue, 0o604)
    for nom, raison in cas.items():
        with pytest.raises(KeyUnusableError) as vue:
            charger_signataire(str(tmp_path / nom))
        assert (nom, raison in vue.value.message, vue.value.remede != "") == (nom, True, True)
        assert (vue.value.code, isinstance(vue.value, UsageError)) == ("cle_inutilisable", True)


def test_une_cle_chiffree_renvoie_a_l_agent(tmp_path: Path) -> None:
    """Une clé sous phrase de passe est refusée, et le remède nomme l'agent SSH."""
    ecrire_cle(tmp_path / "pkcs8", PRIVEE.private_bytes(*PEM, BestAvailableEncryption(b"secret")))
    noms = ["pkcs8"]
    if shutil.which("ssh-keygen"):
        faire = ["-q", "-t", "ed25519", "-N", "secret", "-f", str(tmp_path / "openssh")]
        subprocess.run([outil("ssh-keygen"), *faire], check=True)
        noms.append("openssh")
    for nom in noms:
        chemin = tmp_path / nom
        with pytest.raises(KeyUnusableError) as vue:
            charger_signataire(str(chemin))
        assert (vue.value.message, vue.value.remede) == (
            f"Clé inutilisable : {chemin} est protégée par une phrase de passe, ou d'un genre "
            "inconnu.",
            f"La charger dans un agent SSH (ssh-add {chemin}), puis donner --signer agent: "
            f"ou --signer {chemin}.pub.",
        )


def test_la_cle_publique_se_dit_pour_openssl_pour_ssh_et_pour_les_signataires() -> None:
    """Les trois formes publiques de la clé d'essai sont celles de la page du format."""
    der = bytes.fromhex(
        "302a300506032b657003210003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    )
    blob = "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    corps = b64encode(der).decode()
    pem = f"-----BEGIN PUBLIC KEY-----\n{corps}\n-----END PUBLIC KEY-----\n"
    assert cle_pem(PUBLIQUE) == pem.encode()
    assert cle_ssh(PUBLIQUE, "à moi") == f"ssh-ed25519 {blob} à moi\n".encode()
    assert cle_ssh(PUBLIQUE) == f"ssh-ed25519 {blob}\n".encode()
    assert ligne_signataire(ClePublique("a/b/c", PUBLIQUE)) == (
        f'a/b/c namespaces="fabriques-releve" ssh-ed25519 {blob}\n'.encode()
    )


def test_la_signature_ssh_est_celle_de_ssh_keygen(tmp_path: Path) -> None:
    """Octet pour octet celle de ssh-keygen -Y sign, qui la vérifie, et refuse un autre texte."""
    programme = outil("ssh-keygen")
    corps = journal_de(2).releve().corps
    (tmp_path / "corps").write_bytes(corps)
    cle = ecrire_cle(tmp_path / "cle", PRIVEE.private_bytes(*OPENSSH, NoEncryption()))
    espace = ["-n", "fabriques-releve"]
    faire = [programme, "-Y", "sign", "-q", "-f", str(cle), *espace, str(tmp_path / "corps")]
    subprocess.run(faire, check=True)
    assert signer_ssh(corps, ALICE) == (tmp_path / "corps.sig").read_bytes()
    origine = corps.split(b"\n")[0].decode()
    (tmp_path / "signataires").write_bytes(ligne_signataire(ClePublique(origine, PUBLIQUE)))
    (tmp_path / "sshsig").write_bytes(signer_ssh(corps, ALICE))
    verifier = [programme, "-Y", "verify", "-f", str(tmp_path / "signataires"), "-I", origine]
    verifier += [*espace, "-s", str(tmp_path / "sshsig")]
    verdicts = [
        subprocess.run(verifier, input=texte, capture_output=True, check=False).returncode
        for texte in (corps, corps.replace(b"\n2\n", b"\n3\n"))
    ]
    assert (verdicts[0], verdicts[1] != 0) == (0, True)


# --- the SSH agent


@contextmanager
def faux_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *reponses: bytes
) -> Iterator[list[bytes]]:
    """An agent that answers each connection with these bytes, whatever it is asked."""
    chemin = tmp_path / "agent.sock"
    demandes: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as ecoute:
        ecoute.bind(str(chemin))
        ecoute.listen()
        ecoute.settimeout(10)

        def servir() -> None:
            for reponse in reponses:
                lien, _ = ecoute.accept()
                with lien:
                    demandes.append(lien.recv(65_536))
                    lien.sendall(reponse)

        fil = Thread(target=servir, daemon=True)
        fil.start()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(chemin))
        yield demandes
        fil.join(timeout=10)
        assert not fil.is_alive()


def identites(*cles: tuple[bytes, bytes]) -> bytes:
    corps = b"".join(chaine(blob) + chaine(nom) for blob, nom in cles)
    return chaine(b"\x0c" + len(cles).to_bytes(4, "big") + corps)


def signature(octets: bytes) -> bytes:
    return chaine(b"\x0e" + chaine(chaine(b"ssh-ed25519") + chaine(octets)))


def test_un_vrai_agent_ssh_signe_sans_montrer_sa_cle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sous agent:, agent:COMMENTAIRE ou CLE.pub, un vrai ssh-agent signe comme le fichier."""
    agent, ajouter = outil("ssh-agent"), outil("ssh-add")
    prise = tmp_path / "s"
    with subprocess.Popen([agent, "-D", "-a", str(prise)], stdout=subprocess.DEVNULL) as processus:
        try:
            monkeypatch.setenv("SSH_AUTH_SOCK", str(prise))
            cle = ecrire_cle(tmp_path / "cle", PRIVEE.private_bytes(*OPENSSH, NoEncryption()))
            for _ in range(200):
                charge = subprocess.run([ajouter, "-q", str(cle)], capture_output=True, check=False)
                if charge.returncode == 0:
                    break
            tenues = agent_ssh.lister()
            assert [t.cle for t in tenues] == [PUBLIQUE]
            publique = tmp_path / "cle.pub"
            publique.write_bytes(cle_ssh(PUBLIQUE, "moi"))
            for nom in ("agent:", f"agent:{tenues[0].commentaire}", str(publique)):
                signataire = charger_signataire(nom)
                assert (signataire.cle, signataire.signer(b"abc")) == (
                    PUBLIQUE,
                    PRIVEE.sign(b"abc"),
                )
            publique.write_bytes(cle_ssh(AUTRE.public_key().public_bytes_raw()))
            with pytest.raises(KeyUnusableError, match="ne tient pas la clé"):
                charger_signataire(str(publique))
        finally:
            processus.terminate()


def test_l_agent_choisit_la_cle_nommee_et_refuse_de_deviner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deux clés Ed25519 : agent: refuse et les nomme, agent:NOM choisit ; les autres genres non."""
    deux = identites(
        (chaine(b"ssh-rsa") + chaine(b"x"), b"rsa"),
        (en_blob(PUBLIQUE), b"controle"),
        (en_blob(BRUNO.cle), "régie".encode()),
    )
    with faux_agent(tmp_path, monkeypatch, deux, deux, deux, identites()) as demandes:
        with pytest.raises(KeyUnusableError, match="plusieurs") as vue:
            charger_signataire("agent:")
        assert vue.value.remede == (
            "Donner agent:COMMENTAIRE ; clés Ed25519 de l'agent : controle, régie."
        )
        assert charger_signataire("agent:régie").cle == BRUNO.cle
        with pytest.raises(KeyUnusableError, match="aucune ne porte ce nom"):
            charger_signataire("agent:rsa")
        with pytest.raises(KeyUnusableError, match="ne tient aucune clé Ed25519"):
            charger_signataire("agent:")
    assert demandes == [b"\0\0\0\1\x0b"] * 4


def test_la_demande_de_signature_est_celle_du_protocole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Le message 13 porte la clé, les octets à signer et des drapeaux nuls."""
    repond = signature(PRIVEE.sign(b"abc"))
    with faux_agent(tmp_path, monkeypatch, repond) as demandes:
        assert agent_ssh.signer(PUBLIQUE, b"abc") == PRIVEE.sign(b"abc")
    corps = b"\x0d" + chaine(en_blob(PUBLIQUE)) + chaine(b"abc") + bytes(4)
    assert demandes == [chaine(corps)]


@pytest.mark.parametrize(
    ("reponse", "raison"),
    [
        (b"", "mal formée"),
        (bytes(4), "mal formée"),
        ((262_145).to_bytes(4, "big") + b"x", "mal formée"),
        (chaine(b"\x0c\0\0\0\1"), "mal formée"),
        (chaine(b"\x0c\0\0\0\0x"), "mal formée"),
        (chaine(b"\x0c\0\0\x08\x01"), "annonce 2049 clés"),
        (b"\0\0\0\x09\x0c\0", "mal formée"),
        (chaine(b"\x05"), "refuse"),
    ],
)
def test_un_agent_hostile_est_une_erreur_nette(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reponse: bytes, raison: str
) -> None:
    """Une réponse vide, démesurée, tronquée, trop longue ou négative : cle_inutilisable."""
    with (
        faux_agent(tmp_path, monkeypatch, reponse),
        pytest.raises(KeyUnusableError, match=raison),
    ):
        agent_ssh.lister()


def test_une_signature_fausse_de_l_agent_est_vue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un agent qui signe autre chose, ou d'un autre genre, ne fait pas publier un relevé faux."""
    mauvaises = (
        signature(PRIVEE.sign(b"autre")),
        signature(b"courte"),
        chaine(b"\x0e" + chaine(chaine(b"ssh-rsa") + chaine(PRIVEE.sign(b"abc")))),
    )
    seule = identites((en_blob(PUBLIQUE), b"controle"))
    with faux_agent(tmp_path, monkeypatch, seule, *mauvaises):
        signataire = charger_signataire("agent:")
        for raison in ("signature fausse", "mal formée", "mal formée"):
            with pytest.raises(KeyUnusableError, match=raison):
                signataire.signer(b"abc")


def test_sans_agent_l_erreur_le_dit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sans SSH_AUTH_SOCK, sans prise ou sans réponse à temps : la raison et le remède."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(KeyUnusableError, match="SSH_AUTH_SOCK n'est pas définie"):
        charger_signataire("agent:")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "absente"))
    with pytest.raises(KeyUnusableError, match=r"injoignable \(il n'existe pas\)"):
        charger_signataire("agent:")
    monkeypatch.setattr(agent_ssh, "ATTENTE_SECONDES", 0.05)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as muet:
        muet.bind(str(tmp_path / "muet"))
        muet.listen()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "muet"))
        with pytest.raises(KeyUnusableError, match="n'a pas répondu"):
            charger_signataire("agent:")


# --- publishing


def test_publier_garde_le_releve_signe_et_la_cle_sous_chaque_forme(tmp_path: Path) -> None:
    """Le dossier contient exactement la note, sa signature SSH, la clé et les signataires."""
    journal = journal_de(3)
    releve = journal.releve()
    cle = ClePublique(releve.origine, PUBLIQUE)
    note = Releve(
        releve.origine,
        3,
        releve.racine,
        (Signature(cle.nom, cle.identifiant, PRIVEE.sign(releve.corps)),),
    )
    ici = releve.origine.replace("/", "_")
    fichier = tmp_path / "r" / ici / "000000000003.releve"
    assert Publieur(tmp_path / "r", ALICE).publier(journal) == Publication(note, fichier, True)
    assert contenu(tmp_path / "r") == {
        f"{ici}/000000000003.releve": note.note(),
        f"{ici}/000000000003.releve.sshsig": signer_ssh(releve.corps, ALICE),
        f"{ici}/allowed_signers": ligne_signataire(cle),
        f"{ici}/cle.pem": cle_pem(PUBLIQUE),
        f"{ici}/cle.pub": cle_ssh(PUBLIQUE, cle.nom),
        f"{ici}/cle.vkey": f"{cle}\n".encode(),
    }
    assert lire_releve(fichier.read_bytes()).verdict(lire_cle(str(cle))) == "verifiee"


def test_publier_deux_fois_la_meme_taille_ne_change_rien(tmp_path: Path) -> None:
    """La seconde publication rend la première, et n'écrit pas un octet."""
    journal, publieur = journal_de(3), Publieur(tmp_path, ALICE)
    premiere = publieur.publier(journal)
    avant = contenu(tmp_path)
    assert publieur.publier(journal) == Publication(premiere.releve, premiere.fichier, False)
    assert contenu(tmp_path) == avant


def test_publier_apres_d_autres_lignes_ajoute_un_releve(tmp_path: Path) -> None:
    """Chaque taille publiée reste ; le dossier les rend toutes, par taille."""
    journal, publieur = journal_de(4), Publieur(tmp_path, ALICE)
    faites = [publieur.publier(tronque(journal, taille)) for taille in (2, 3, 4)]
    assert [f.nouveau for f in faites] == [True] * 3
    assert lire_dossier(tmp_path) == tuple(ReleveGarde(f.fichier, f.releve) for f in faites)
    assert [f.releve.taille for f in faites] == [2, 3, 4]


def test_publier_refuse_un_journal_plus_court(tmp_path: Path) -> None:
    """Un journal plus court que son dernier relevé : base_reculee, avec tailles et racines."""
    journal = journal_de(4)
    fichier = Publieur(tmp_path, ALICE).publier(journal).fichier
    avant, court = contenu(tmp_path), tronque(journal, 2)
    with pytest.raises(StoreRolledBackError) as vue:
        Publieur(tmp_path, ALICE).publier(court)
    assert (vue.value.message, vue.value.remede) == (
        f"Le journal {P} ne contient plus ce que dit {fichier} : il avait 4 lignes (racine "
        f"{racine_base64(journal.arbre.racine())}), il en a 2 (racine "
        f"{racine_base64(court.arbre.racine())}).",
        f"Lancer `fabriques verifier --releve {fichier}` ; si une sauvegarde plus ancienne a été "
        "remise en place, `fabriques reprendre` la déclare et permet de continuer.",
    )
    assert contenu(tmp_path) == avant


def test_publier_refuse_un_journal_qui_diverge(tmp_path: Path) -> None:
    """Même origine, même taille ou plus, une autre racine : base_reculee, rien n'est écrit."""
    vrai, autre = journal_de(3), journal_de(5, ville="Moulins")
    assert vrai.origine() == autre.origine()
    Publieur(tmp_path, ALICE).publier(vrai)
    avant = contenu(tmp_path)
    for taille in (3, 5):
        with pytest.raises(StoreRolledBackError) as vue:
            Publieur(tmp_path, ALICE).publier(tronque(autre, taille))
        assert (
            f"la racine de ses 3 premières lignes était {racine_base64(vrai.arbre.racine())}, "
            f"elle est {racine_base64(autre.arbre.racine(3))}." in vue.value.message
        )
    assert contenu(tmp_path) == avant


@pytest.mark.parametrize(
    ("abimer", "raison"),
    [
        (lambda note: b"", "il lui manque l'origine"),
        (lambda note: note[:-20], "une ligne de signature est mal formée"),
        (lambda note: note.replace(b"\n3\n", b"\n4\n"), "son nom dit autre chose"),
        (lambda note: note[:-10] + b"A" + note[-9:], "la signature de la clé"),
        (lambda note: b"x" * 70_000, "il dépasse 65536 octets"),
    ],
)
def test_un_dernier_releve_abime_arrete_la_publication(
    tmp_path: Path, abimer: Callable[[bytes], bytes], raison: str
) -> None:
    """Vide, coupé, d'une autre taille ou mal signé : l'erreur nomme le fichier, qui reste tel."""
    journal = journal_de(4)
    fichier = Publieur(tmp_path, ALICE).publier(tronque(journal, 3)).fichier
    fichier.write_bytes(abimer(fichier.read_bytes()))
    avant = contenu(tmp_path)
    for taille in (3, 4):
        with pytest.raises(ReleveUnreadableError, match=raison) as vue:
            Publieur(tmp_path, ALICE).publier(tronque(journal, taille))
        assert str(fichier) in vue.value.message
    assert contenu(tmp_path) == avant


def test_une_cle_qui_change_ajoute_sa_signature_et_ses_fichiers(tmp_path: Path) -> None:
    """La même taille reçoit la signature de la nouvelle clé ; rien de l'ancienne n'est touché."""
    journal = journal_de(3)
    premiere = Publieur(tmp_path, ALICE).publier(tronque(journal, 2))
    avant = contenu(tmp_path)
    seconde = Publieur(tmp_path, BRUNO).publier(tronque(journal, 2))
    cles = [ClePublique(premiere.releve.origine, c.cle) for c in (ALICE, BRUNO)]
    assert (seconde.nouveau, seconde.fichier) == (True, premiere.fichier)
    assert seconde.releve == signer(premiere.releve, BRUNO)
    assert [seconde.releve.verdict(c) for c in cles] == ["verifiee", "verifiee"]
    ici, nom = premiere.fichier.parent.name, f"cle-{cles[1].identifiant.hex()}"
    apres = contenu(tmp_path)
    assert {f: o for f, o in apres.items() if avant.get(f) != o} == {
        f"{ici}/000000000002.releve": seconde.releve.note(),
        f"{ici}/000000000002.releve-{nom[4:]}.sshsig": signer_ssh(premiere.releve.corps, BRUNO),
        f"{ici}/allowed_signers": b"".join(map(ligne_signataire, cles)),
        f"{ici}/{nom}.pem": cle_pem(BRUNO.cle),
        f"{ici}/{nom}.pub": cle_ssh(BRUNO.cle, cles[1].nom),
        f"{ici}/{nom}.vkey": f"{cles[1]}\n".encode(),
    }
    for publieur in (Publieur(tmp_path, ALICE), Publieur(tmp_path, BRUNO)):
        assert not publieur.publier(tronque(journal, 2)).nouveau
    assert Publieur(tmp_path, BRUNO).publier(journal).releve == signer(journal.releve(), BRUNO)
    assert set(contenu(tmp_path)) - set(apres) == {
        f"{ici}/000000000003.releve",
        f"{ici}/000000000003.releve.sshsig",
    }


def test_une_cle_publique_abimee_du_dossier_est_nommee(tmp_path: Path) -> None:
    """Un cle.vkey modifié arrête la publication suivante, et l'erreur nomme le fichier."""
    journal = journal_de(3)
    fichier = Publieur(tmp_path, ALICE).publier(tronque(journal, 2)).fichier
    vkey = fichier.with_name("cle.vkey")
    vkey.write_bytes(vkey.read_bytes().replace(b"+AQOh", b"+AQOi"))
    with pytest.raises(ReleveUnreadableError, match=f"{vkey} : Clé publique illisible"):
        Publieur(tmp_path, ALICE).publier(journal)


def test_deux_publications_a_la_fois_sont_sans_danger(tmp_path: Path) -> None:
    """Seize publications concurrentes, deux clés, deux tailles : tout est là, signé, entier."""
    journal = journal_de(3)
    arbres = [tronque(journal, 3) for _ in range(16)]
    with ThreadPoolExecutor(8) as fils:
        faites = list(
            fils.map(
                lambda rang: Publieur(tmp_path, (ALICE, BRUNO)[rang % 2]).publier(arbres[rang]),
                range(16),
            )
        )
    assert sum(f.nouveau for f in faites) == 2
    (garde,) = lire_dossier(tmp_path)
    cles = [ClePublique(garde.releve.origine, c.cle) for c in (ALICE, BRUNO)]
    assert [garde.releve.verdict(c) for c in cles] == ["verifiee", "verifiee"]
    assert len(garde.releve.signatures) == 2
    signataires = (garde.fichier.parent / "allowed_signers").read_bytes()
    assert sorted(signataires.splitlines(True)) == sorted(map(ligne_signataire, cles))
    assert not list(tmp_path.rglob("*.partiel"))


def test_une_mort_avant_de_nommer_ne_laisse_pas_de_demi_fichier(tmp_path: Path) -> None:
    """Tué entre l'écriture et le nom, il n'y a pas de relevé ; la publication suivante réussit."""
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from ledger.sceau import fichiers\n"
        "fichiers._lier = lambda partiel, chemin: os._exit(9)\n"
        "with fichiers.verrou(Path(sys.argv[1])):\n"
        "    fichiers.poser(Path(sys.argv[1], '000000000003.releve'), b'demi')\n"
    )
    journal = journal_de(3)
    ici = tmp_path / journal.origine().replace("/", "_")
    env = {**os.environ, "PYTHONPATH": str(RACINE)}
    mort = subprocess.run([sys.executable, "-c", script, str(ici)], env=env, check=False)
    assert (mort.returncode, contenu(tmp_path)) == (
        9,
        {f"{ici.name}/.000000000003.releve.partiel": b"demi"},
    )
    assert lire_dossier(tmp_path) == ()
    faite = Publieur(tmp_path, ALICE).publier(journal)
    assert lire_dossier(tmp_path) == (ReleveGarde(faite.fichier, faite.releve),)
    assert not list(tmp_path.rglob("*.partiel"))


def test_poser_n_ecrase_jamais_meme_sans_liens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un nom déjà pris reste tel, que le disque sache lier des fichiers ou non (clé USB)."""
    fichiers.poser(tmp_path / "a", b"premier")
    with pytest.raises(FileExistsError):
        fichiers.poser(tmp_path / "a", b"second")

    def sans_lien(_: Path, __: Path) -> None:
        raise OSError(errno.EPERM, "non")

    monkeypatch.setattr(Path, "hardlink_to", sans_lien)
    with pytest.raises(FileExistsError):
        fichiers.poser(tmp_path / "a", b"second")
    fichiers.poser(tmp_path / "b", b"autre")
    assert contenu(tmp_path) == {"a": b"premier", "b": b"autre"}


def test_publier_ailleurs_qu_en_un_dossier_est_une_erreur_du_dossier(tmp_path: Path) -> None:
    """Un parent absent ou un fichier à la place du dossier : StoreError, en français."""
    journal = journal_de(2)
    (tmp_path / "f").write_bytes(b"")
    for lieu, raison in ((tmp_path / "a" / "b", "il n'existe pas"), (tmp_path / "f", "existe")):
        with pytest.raises(StoreError, match=raison):
            Publieur(lieu, ALICE).publier(journal)
    with pytest.raises(UsageError, match="est vide"):
        Publieur(tmp_path, ALICE).publier(Journal(MemoryStore(), P))


# --- reading the folder back


def test_le_dossier_se_lit_par_programme_et_par_taille(tmp_path: Path) -> None:
    """Seuls les relevés du programme demandé, dans l'ordre des tailles ; le reste est ignoré."""
    journal = journal_de(12)
    for taille in (2, 12):
        Publieur(tmp_path, ALICE).publier(tronque(journal, taille))
    autre = Monde(store=MemoryStore(), ouvert=False)
    autre.ok("OuvrirProgramme", "2019-07-11", programme="autre")
    Publieur(tmp_path, ALICE).publier(autre.livre.journal("autre"))
    (tmp_path / "notes.txt").write_bytes(b"ailleurs")
    (tmp_path / "photos").mkdir()
    assert [g.releve.taille for g in lire_dossier(tmp_path, P)] == [2, 12]
    assert [g.releve.taille for g in lire_dossier(tmp_path)] == [1, 2, 12]
    assert lire_dossier(tmp_path, "absent") == ()


def test_un_lien_symbolique_du_dossier_n_est_pas_suivi(tmp_path: Path) -> None:
    """Un sous-dossier ou un relevé qui est un lien : erreur qui le nomme."""
    fichier = Publieur(tmp_path / "r", ALICE).publier(journal_de(2)).fichier
    vrai = tmp_path / "vrai"
    fichier.rename(vrai)
    fichier.symlink_to(vrai)
    with pytest.raises(ReleveUnreadableError, match=f"{fichier} illisible : c'est un lien"):
        lire_dossier(tmp_path / "r")
    fichier.parent.rename(tmp_path / "dossier")
    fichier.parent.symlink_to(tmp_path / "dossier")
    with pytest.raises(ReleveUnreadableError, match=f"{fichier.parent} illisible : ce n'est pas"):
        lire_dossier(tmp_path / "r")


def test_un_dossier_absent_n_est_pas_un_dossier_vide(tmp_path: Path) -> None:
    """Un partage qui n'est pas monté est une erreur ; un dossier vide, aucun relevé."""
    with pytest.raises(ReleveUnreadableError) as vue:
        lire_dossier(tmp_path / "absent")
    assert (vue.value.message, vue.value.remede) == (
        f"Le dossier de relevés {tmp_path / 'absent'} ne peut pas être lu : il n'existe pas.",
        "Monter le partage, ou créer le dossier s'il n'a jamais servi.",
    )
    assert lire_dossier(tmp_path) == ()


# --- witnesses


RACINE_1 = b64encode(bytes(range(32))).decode()
RECU = {"id_commande": "a", "statut": "acceptee", "positions": [3], "taille": 3, "racine": RACINE_1}
REFUS = {**RECU, "statut": "refusee", "positions": [], "taille": None, "racine": None}


def test_chaque_source_donne_ses_temoins(tmp_path: Path) -> None:
    """Note, reçus en lignes, reçu seul, tableau de reçus, JSON de relevé : les témoins entiers."""
    octets = bytes(range(32))
    note = signer(Releve("a/b", 3, octets), ALICE)
    lignes = b"\xef\xbb\xbf" + b"\n".join(json.dumps(r).encode() for r in (RECU, REFUS, RECU))
    cas: dict[str, tuple[bytes, list[tuple[str, str | None, Releve | None]]]] = {
        "n.txt": (note.note(), [("", "a/b", note)]),
        "nu.txt": (Releve("a/b", 3, octets).note(), [("", "a/b", Releve("a/b", 3, octets))]),
        "r.jsonl": (lignes, [(", ligne 1", None, None), (", ligne 3", None, None)]),
        "un.json": (json.dumps(RECU, indent=2).encode(), [("", None, None)]),
        "une.json": (json.dumps(RECU).encode(), [(", ligne 1", None, None)]),
        "deux.json": (
            json.dumps([RECU, REFUS, RECU], indent=2).encode(),
            [(", reçu 1", None, None), (", reçu 3", None, None)],
        ),
        "rel.json": (
            json.dumps({"origine": "a/b", "taille": 3, "racine": RACINE_1}, indent=2).encode(),
            [("", "a/b", None)],
        ),
        "carte.txt": (f"3 {RACINE_1}\n".encode(), [("", None, None)]),
        "vide.json": (b"[]", []),
        "espace.jsonl": (b"\n", []),
    }
    for nom, (contenu_, attendus) in cas.items():
        fichier = tmp_path / nom
        fichier.write_bytes(contenu_)
        for source, debut, entree in (
            (str(fichier), str(fichier), None),
            ("-", "entrée standard", io.BytesIO(contenu_)),
        ):
            if nom == "espace.jsonl" and source == "-":
                continue  # without a suffix, nothing says that these would be receipts
            lus = list(charger_releves(source, entree=entree))
            assert lus == [Temoin(f"{debut}{ou}", 3, octets, o, r) for ou, o, r in attendus], nom


@pytest.mark.parametrize(
    ("source", "origine"),
    [
        (f"3 {RACINE_1}", None),
        (f"  3\t{RACINE_1} ", None),
        (f"3:{RACINE_1}", None),
        (f"fabriques-ledger/p/0123 3 {RACINE_1}", "fabriques-ledger/p/0123"),
        (f"fabriques-ledger/p/0123 3:{RACINE_1}", "fabriques-ledger/p/0123"),
    ],
)
def test_une_ligne_recopiee_a_la_main_est_un_temoin(source: str, origine: str | None) -> None:
    """Une taille et une racine, avec ou sans origine, se donnent telles quelles."""
    assert list(charger_releves(source)) == [Temoin("saisie", 3, bytes(range(32)), origine)]


def test_un_dossier_de_temoins_se_lit_dans_l_ordre_et_compte_le_reste(tmp_path: Path) -> None:
    """Sous-dossiers compris, par nom ; liens, fichiers cachés et autres suffixes sont comptés."""
    Publieur(tmp_path / "b", ALICE).publier(journal_de(3))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "z.jsonl").write_text(json.dumps(RECU))
    (tmp_path / "a" / "lien.jsonl").symlink_to(tmp_path / "absent.jsonl")
    (tmp_path / "c.json").write_text(json.dumps(RECU))
    (tmp_path / "boucle").symlink_to(tmp_path)
    lus = charger_releves(str(tmp_path))
    note = next((tmp_path / "b").rglob("*.releve"))
    assert [t.source for t in lus] == [
        f"{tmp_path / 'c.json'}, ligne 1",
        f"{tmp_path / 'a' / 'z.jsonl'}, ligne 1",
        str(note),
    ]
    # the broken link; in the published folder: sshsig, three forms of the key, signers, the lock
    assert lus.ignores == 1 + 6


@pytest.mark.parametrize(
    ("octets", "ou"),
    [
        (b'{"taille":3}\n', "ligne 1"),
        (json.dumps(RECU).encode() + b"\n{oups\n", "ligne 2"),
        (json.dumps({**RECU, "taille": 4}).encode(), "ligne 1"),
        (json.dumps({**RECU, "racine": "AAAA"}).encode(), "ligne 1"),
        (json.dumps({**RECU, "racine": RACINE_1[:-2] + "9="}).encode(), "ligne 1"),
        (json.dumps({**RECU, "taille": 2**53, "positions": []}).encode(), "ligne 1"),
        (json.dumps({**RECU, "taille": -1, "positions": []}).encode(), "ligne 1"),
        (json.dumps({**RECU, "taille": 3.0}).encode(), "ligne 1"),
        (json.dumps({**REFUS, "statut": "acceptee"}).encode(), "ligne 1"),
        (b'{"racine":"\xff"}', "ligne 1"),
        (b'{"a":' * 30_000, "ligne 1"),
        (b'{"a":"' + b"x" * LIGNE_MAX_OCTETS + b'"}', "ligne 1"),
        (json.dumps(RECU).encode() + b" " * LIGNE_MAX_OCTETS + b"\n", "plus de 65536 octets"),
        (b"[" * 30_000, "source"),
        (b"[1]", "source"),
        (json.dumps([RECU, {}]).encode(), "reçu 2"),
        (b"", "source"),
        (b"bonjour\n", "source"),
        (b"x" * 70_000, "source"),
        (b"3 " + RACINE_1[:-2].encode() + b"9=\n", "source"),
    ],
)
def test_un_temoin_illisible_nomme_le_fichier_et_la_ligne(
    tmp_path: Path, octets: bytes, ou: str
) -> None:
    """Reçu, tableau ou note mal formés : releve_illisible, avec le fichier et la ligne."""
    fichier = tmp_path / "source"
    fichier.write_bytes(octets)
    with pytest.raises(ReleveUnreadableError) as vue:
        list(charger_releves(str(fichier)))
    assert (str(fichier) in vue.value.message, ou in vue.value.message) == (True, True)


def test_une_source_absente_est_illisible(tmp_path: Path) -> None:
    """Ni fichier, ni dossier, ni ligne : releve_illisible."""
    with pytest.raises(ReleveUnreadableError, match="absent illisible : il n'existe pas"):
        list(charger_releves(str(tmp_path / "absent")))


def test_cent_mille_recus_se_lisent_au_fil_de_l_eau() -> None:
    """Les reçus sont rendus à mesure : le premier sort sans lire la suite."""
    entree = io.BytesIO((json.dumps(RECU).encode() + b"\n") * 100_000)
    lus = charger_releves("-", entree=entree)
    assert next(lus).source == "entrée standard, ligne 1"
    assert entree.tell() < 65_536
    assert sum(1 for _ in lus) == 99_999


# --- the guard


def test_un_journal_qui_satisfait_ses_releves_passe(tmp_path: Path) -> None:
    """Aucun relevé, le dernier satisfait, ou un journal plus long : rien n'est perdu."""
    journal = journal_de(4)
    assert reculs(journal, tmp_path) == ()
    for taille in (2, 3):
        Publieur(tmp_path, ALICE).publier(tronque(journal, taille))
    for taille in (3, 4):
        assert reculs(tronque(journal, taille), tmp_path) == ()
        controler(tronque(journal, taille), tmp_path)


def test_un_journal_plus_court_ou_divergent_a_perdu(tmp_path: Path) -> None:
    """Le recul dit le plus récent relevé, et la plus grande taille encore prouvée."""
    journal, autre = journal_de(5), journal_de(6, ville="Moulins")
    gardes = [Publieur(tmp_path, ALICE).publier(tronque(journal, t)) for t in (1, 3, 5)]
    dernier = ReleveGarde(gardes[2].fichier, gardes[2].releve)
    for lu, satisfaite in ((tronque(journal, 4), 3), (tronque(journal, 2), 1), (autre, 1)):
        assert reculs(lu, tmp_path) == (Recul(dernier, satisfaite, connue=True, declaree=False),)
        with pytest.raises(StoreRolledBackError):
            controler(lu, tmp_path)


def test_une_origine_inconnue_est_refusee(tmp_path: Path) -> None:
    """Un relevé d'une origine que le journal ne connaît pas : plus ancien, ou un autre journal."""
    etranger = Monde(enveloppe_centimes=1).livre.journal(P)
    faite = Publieur(tmp_path, ALICE).publier(etranger)
    journal = journal_de(3)
    garde = ReleveGarde(faite.fichier, faite.releve)
    for lu in (journal, Journal(MemoryStore(), P)):
        assert reculs(lu, tmp_path) == (Recul(garde, 0, connue=False, declaree=False),)
        with pytest.raises(StoreRolledBackError) as vue:
            controler(lu, tmp_path)
        assert vue.value.message == (
            f"Le journal {P} ne contient plus ce que dit {faite.fichier} : le relevé porte sur "
            f"l'origine {faite.releve.origine}, que ce journal ne connaît pas : la base est plus "
            "ancienne, ou ce n'est pas le même journal."
        )


def test_une_reprise_ne_dispense_que_de_ce_qu_elle_declare(tmp_path: Path) -> None:
    """Sous l'origine quittée, les relevés jusqu'à la taille satisfaite obligent encore."""
    monde = Monde()
    for rang in range(3):
        monde.ok("ModifierEnveloppe", "2020-01-01", variation_centimes=rang + 1)
    journal = monde.livre.journal(P)
    for taille in (2, 4):
        Publieur(tmp_path, ALICE).publier(tronque(journal, taille))
    for variation, attendu in ((1, ()), (9, (2,))):
        restaure = Monde()
        restaure.ok("ModifierEnveloppe", "2020-01-01", variation_centimes=variation)
        restaure.ok(
            "ReprendreJournal",
            "2020-01-01",
            origine_precedente=journal.origine(),
            taille_satisfaite=2,
            taille_perdue=4,
        )
        trouves = reculs(restaure.livre.journal(P), tmp_path)
        assert tuple(r.garde.releve.taille for r in trouves) == attendu
        assert all(r.connue and r.declaree for r in trouves)


def test_le_grand_livre_refuse_la_premiere_ecriture_et_n_ecrit_rien(tmp_path: Path) -> None:
    """Sur un journal qui recule, toute commande lève, même à blanc, sauf la reprise."""
    journal = journal_de(3)
    Publieur(tmp_path, ALICE).publier(journal)
    monde = Monde()
    livre = GrandLivre(monde.livre.store, releves=tmp_path)
    livre.etat(P)  # reading is not writing, and does not pass for a check
    perdue = {"taille_satisfaite": 0, "taille_perdue": 3, "origine_precedente": journal.origine()}
    reprise = monde.commande("ReprendreJournal", "2020-01-01", **perdue)
    suite = monde.commande("ModifierEnveloppe", "2020-01-01")
    for essai in ([suite], [suite, suite], [reprise, suite]):
        for cible in (livre, livre.bifurquer()):
            with pytest.raises(StoreRolledBackError):
                cible.executer_lot(essai)
        assert livre.store.taille(P) == 1
    assert livre.executer(reprise).statut == "acceptee"
    assert livre.executer(suite).positions == (3,)
    assert livre.executer(monde.commande("ModifierEnveloppe", "2020-01-01")).positions == (4,)


def test_la_garde_ne_lit_le_dossier_qu_a_l_ouverture(tmp_path: Path) -> None:
    """Une fois le journal contrôlé, les commandes suivantes ne touchent plus au dossier."""
    dossier = tmp_path / "r"
    dossier.mkdir()
    monde = Monde()
    livre = GrandLivre(monde.livre.store, releves=dossier)
    assert livre.executer(monde.commande("ModifierEnveloppe", "2020-01-01")).positions == (2,)
    dossier.rmdir()
    assert livre.executer(monde.commande("ModifierEnveloppe", "2020-01-01")).positions == (3,)
    autre = GrandLivre(monde.livre.store, releves=dossier)
    with pytest.raises(ReleveUnreadableError):
        autre.executer(monde.commande("ModifierEnveloppe", "2020-01-01"))
