"""Le relevé et la clé publique : écrits, relus, signés, altérés, hostiles."""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.erreurs import ReleveUnreadableError
from ledger.preuve.releve import (
    NOTE_MAX_OCTETS,
    SIGNATURES_MAX,
    TAILLE_MAX,
    ClePublique,
    Releve,
    Signature,
    lire_cle,
    lire_releve,
    origine,
)

ORIGINE = "fabriques-ledger/fabriques/e0c6f910d4a9de84"
PREFIXE_DER = bytes.fromhex("302a300506032b6570032100")
"""What comes before the 32 bytes of an Ed25519 key in DER (RFC 8410)."""


def publique(privee: Ed25519PrivateKey, nom: str = ORIGINE) -> ClePublique:
    return ClePublique(nom, privee.public_key().public_bytes_raw())


PRIVEE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
AUTRE = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
CLE = publique(PRIVEE)
TEMOIN = publique(AUTRE, "temoin.example/t1")
NU = Releve(ORIGINE, 34, bytes(range(32)))


def signer(releve: Releve, *signataires: tuple[Ed25519PrivateKey, ClePublique]) -> Releve:
    """The checkpoint signed by each key, in order."""
    signatures = tuple(
        Signature(cle.nom, cle.identifiant, privee.sign(releve.corps))
        for privee, cle in signataires
    )
    return Releve(releve.origine, releve.taille, releve.racine, signatures, releve.suite)


SIGNE = signer(NU, (PRIVEE, CLE))
NOTE = SIGNE.note()
RACINE64 = b64encode(NU.racine).decode()
LIGNE = str(SIGNE.signatures[0])


def verdict(note: bytes, cle: ClePublique = CLE) -> str:
    """What a reader concludes: the verdict, or `illisible`."""
    try:
        return lire_releve(note).verdict(cle)
    except ReleveUnreadableError:
        return "illisible"


def test_le_texte_signe_est_celui_du_format() -> None:
    """L'origine, la taille, la racine en base64, chacune sur sa ligne ; puis la signature."""
    corps = f"{ORIGINE}\n34\n{RACINE64}\n".encode()
    signature = b64encode(CLE.identifiant + PRIVEE.sign(corps)).decode()
    assert NU.corps == corps
    assert NU.note() == corps
    assert corps + f"\n— {ORIGINE} {signature}\n".encode() == NOTE


def test_l_origine_est_dite_par_la_ligne_qui_fonde_le_journal() -> None:
    """L'origine porte le programme et les huit premiers octets de la feuille fondatrice."""
    assert origine("fabriques", bytes(range(32))) == "fabriques-ledger/fabriques/0001020304050607"


@pytest.mark.parametrize(
    "releve",
    [
        NU,
        SIGNE,
        signer(NU, (AUTRE, TEMOIN), (PRIVEE, CLE)),
        signer(Releve(ORIGINE, 0, bytes(32)), (PRIVEE, CLE)),
        signer(
            Releve(ORIGINE, TAILLE_MAX, bytes(32), suite="une suite\nune autre\n"), (PRIVEE, CLE)
        ),
    ],
)
def test_un_releve_se_relit_entier_et_se_reecrit_aux_memes_octets(releve: Releve) -> None:
    """Un relevé écrit puis relu est le même, octets compris, signé ou non, avec ou sans suite."""
    assert lire_releve(releve.note()) == releve
    assert lire_releve(releve.note()).note() == releve.note()


def test_la_derniere_fin_de_ligne_peut_manquer_et_elle_seule() -> None:
    """Une copie sans sa dernière fin de ligne se lit ; une de trop, ou une autre en moins, non."""
    assert lire_releve(NOTE[:-1]) == SIGNE
    assert lire_releve(NU.note()[:-1]) == NU
    for rang in [i for i, octet in enumerate(NOTE[:-1]) if octet == 10]:
        assert verdict(NOTE[:rang] + NOTE[rang + 1 :]) in {"illisible", "absente"}
    for note in (NOTE + b"\n", NU.note() + b"\n", NU.note() + b"\n\n", b"\n" + NOTE):
        assert verdict(note) == "illisible"


def test_aucun_bit_bascule_d_une_note_signee_ne_reste_verifie() -> None:
    """Un bit basculé, un octet ôté ou doublé, n'importe où : la note n'est plus vérifiée."""
    assert verdict(NOTE) == "verifiee"
    for rang in range(len(NOTE)):
        for bit in range(8):
            change = bytes([NOTE[rang] ^ 1 << bit])
            assert verdict(NOTE[:rang] + change + NOTE[rang + 1 :]) != "verifiee"
        assert verdict(NOTE[:rang] + NOTE[rang : rang + 1] + NOTE[rang:]) != "verifiee"
        if rang < len(NOTE) - 1:
            assert verdict(NOTE[:rang] + NOTE[rang + 1 :]) != "verifiee"


def test_un_texte_change_garde_une_signature_fausse() -> None:
    """Taille, racine, origine ou suite changées sous la même signature : elle est fausse."""
    signatures = SIGNE.signatures
    for autre in (
        Releve(ORIGINE, 35, NU.racine, signatures),
        Releve(ORIGINE, 34, bytes(32), signatures),
        Releve("fabriques-ledger/autre/e0c6f910d4a9de84", 34, NU.racine, signatures),
        Releve(ORIGINE, 34, NU.racine, signatures, "suite\n"),
    ):
        assert verdict(autre.note()) == "fausse"


def test_les_signatures_inconnues_sont_ignorees() -> None:
    """Signature d'un témoin, d'un autre nom ou d'un autre identifiant : ignorée, juste ou non."""
    bruit = (
        Signature(TEMOIN.nom, TEMOIN.identifiant, AUTRE.sign(NU.corps)),
        Signature(TEMOIN.nom, TEMOIN.identifiant, b"fausse"),
        Signature(TEMOIN.nom, CLE.identifiant, b"fausse"),
        Signature(CLE.nom, TEMOIN.identifiant, b"fausse"),
    )
    seules = Releve(NU.origine, NU.taille, NU.racine, bruit)
    ensemble = Releve(NU.origine, NU.taille, NU.racine, bruit + SIGNE.signatures)
    assert (verdict(seules.note()), verdict(ensemble.note())) == ("absente", "verifiee")
    assert verdict(NU.note()) == "absente"


@pytest.mark.parametrize("fausse", [bytes(64), b"x", PRIVEE.sign(b"autre"), AUTRE.sign(NU.corps)])
def test_une_signature_fausse_de_la_cle_connue_condamne_la_note(fausse: bytes) -> None:
    """Une fausse signature de la clé connue l'emporte sur une bonne, avant ou après elle."""
    mauvaise = Signature(CLE.nom, CLE.identifiant, fausse)
    for signatures in ((mauvaise, *SIGNE.signatures), (*SIGNE.signatures, mauvaise)):
        note = Releve(NU.origine, NU.taille, NU.racine, signatures).note()
        assert verdict(note) == "fausse"


def test_une_cle_ne_verifie_que_sous_son_nom() -> None:
    """La même clé sous le nom d'une autre origine ne reconnaît pas la signature."""
    ailleurs = CLE.pour("fabriques-ledger/fabriques/0000000000000000")
    assert (verdict(NOTE, ailleurs), verdict(NOTE, ailleurs.pour(ORIGINE))) == (
        "absente",
        "verifiee",
    )
    # an Ed25519 key that is not a point verifies nothing, and raises nothing
    assert ClePublique(ORIGINE, b"\xff" * 32).signe(NU.corps, bytes(64)) is False
    assert ClePublique(ORIGINE, b"courte").signe(NU.corps, bytes(64)) is False


def texte(nom: str = ORIGINE, taille: str = "34", racine: str = RACINE64, fin: str = "") -> bytes:
    return f"{nom}\n{taille}\n{racine}\n{fin}".encode("utf-8", "surrogatepass")


HOSTILES = {
    "vide": b"",
    "une fin de ligne": b"\n",
    "deux fins de ligne": b"\n\n",
    "enorme": b"a" * (NOTE_MAX_OCTETS + 1),
    "enorme et bien forme": texte(fin="suite\n" * 20_000),
    "NUL": texte(nom="fabriques\x00"),
    "retour chariot": NOTE.replace(b"\n", b"\r\n"),
    "tabulation": texte(fin="a\tb\n"),
    "DEL": texte(nom="a\x7f"),
    "controle C1": texte(fin="a\x85b\n"),
    "separateur de ligne": texte(fin="a\u2028b\n"),
    "bidirectionnel dans l'origine": texte(nom="a\u202eb"),
    "bidirectionnel dans la suite": texte(fin="a\u2066b\n"),
    "bidirectionnel dans un nom de cle": NOTE + "— a\u202eb AAAAAAA=\n".encode(),
    "surrogat": texte(nom="a\ud800"),
    "pas de l'UTF-8": texte() + b"\xff\n",
    "UTF-8 trop long": texte(nom="a") + b"\xc0\xaf\n",
    "origine absente": texte(nom=""),
    "origine avec une espace": texte(nom="a b"),
    "origine avec une espace insecable": texte(nom="a\u00a0b"),
    "origine avec un plus": texte(nom="a+b"),
    "origine trop longue": texte(nom="a" * 201),
    "taille absente": texte(taille=""),
    "taille avec un zero devant": texte(taille="034"),
    "taille signee": texte(taille="+34"),
    "taille negative": texte(taille="-1"),
    "taille avec une espace": texte(taille=" 34"),
    "taille en chiffres arabes": texte(taille="٣٤"),
    "taille a souligne": texte(taille="3_4"),
    "taille 2**53": texte(taille=str(2**53)),
    "taille 2**64": texte(taille=str(2**64)),
    "taille de mille chiffres": texte(taille="9" * 10_000),
    "racine absente": f"{ORIGINE}\n34\n".encode(),
    "racine vide": texte(racine=""),
    "racine de 31 octets": texte(racine=b64encode(bytes(31)).decode()),
    "racine de 33 octets": texte(racine=b64encode(bytes(33)).decode()),
    "racine non canonique": texte(racine=RACINE64[:-2] + "9="),
    "racine sans bourrage": texte(racine=RACINE64[:-1]),
    "racine trop bourree": texte(racine=RACINE64 + "="),
    "racine en base64url": texte(racine="-" * 43 + "="),
    "racine avec une espace": texte(racine=RACINE64[:20] + " " + RACINE64[20:]),
    "ligne vide dans le texte": texte(fin="\nsuite\n") + f"\n{LIGNE}\n".encode(),
    "suite vide": texte(fin="\n"),
    "bloc de signatures vide": texte(fin="\n\n"),
    "signature a tiret court": NOTE.replace("—".encode(), b"-"),
    "signature sans nom": texte() + "\n— AAAAAAA=\n".encode(),
    "signature de quatre octets": texte() + "\n— a AAAAAA==\n".encode(),
    "signature non canonique": texte() + "\n— a AAAAAAB=\n".encode(),
    "signature a deux espaces": NOTE.replace(f"{ORIGINE} ".encode(), f"{ORIGINE}  ".encode()),
    "texte apres les signatures": NOTE + b"a\n",
    "soixante-cinq signatures": texte() + b"\n" + f"{LIGNE}\n".encode() * 65,
}


@pytest.mark.parametrize("nom", HOSTILES)
def test_un_releve_mal_forme_est_illisible(nom: str) -> None:
    """Chaque défaut de forme rend le relevé illisible, avec une phrase et un remède."""
    with pytest.raises(ReleveUnreadableError) as levee:
        lire_releve(HOSTILES[nom])
    assert str(levee.value).startswith("Relevé illisible : ")
    assert (levee.value.code, levee.value.remede) == (
        "releve_illisible",
        "Reprendre le fichier d'origine.",
    )


def test_jusqu_a_soixante_quatre_signatures_se_lisent() -> None:
    """Soixante-quatre signatures se lisent et se vérifient toutes."""
    note = texte() + b"\n" + f"{LIGNE}\n".encode() * SIGNATURES_MAX
    assert (SIGNATURES_MAX, verdict(note)) == (64, "verifiee")


@given(st.binary(max_size=300) | st.builds(lambda a, b: a[:b], st.just(NOTE), st.integers(0, 300)))
def test_des_octets_quelconques_sont_un_releve_ou_illisibles(octets: bytes) -> None:
    """Des octets quelconques se lisent et se réécrivent les mêmes, ou sont illisibles."""
    try:
        lu = lire_releve(octets)
    except ReleveUnreadableError:
        return
    assert lu.note() == octets.removesuffix(b"\n") + b"\n"


@given(
    st.lists(
        st.sampled_from(
            ["\n", "\n\n", ORIGINE, "34", RACINE64, "— ", " ", "=", "é", "0", LIGNE, "\r", "\x00"]
        )
        | st.text(max_size=5)
    )
)
def test_des_morceaux_de_releve_en_desordre_sont_un_releve_ou_illisibles(
    morceaux: list[str],
) -> None:
    """Des morceaux de note en désordre ne lèvent rien d'autre, et ne se vérifient pas changés."""
    octets = "".join(morceaux).encode("utf-8", "replace")
    if verdict(octets) == "verifiee":
        assert lire_releve(octets).corps == NU.corps


def test_la_cle_publique_s_ecrit_sur_une_ligne_et_se_relit() -> None:
    """La clé publique est nom+identifiant+base64, et se relit la même, espaces au bord compris."""
    corps = b64encode(b"\x01" + CLE.octets).decode()
    assert str(CLE) == f"{ORIGINE}+{CLE.identifiant.hex()}+{corps}"
    assert lire_cle(str(CLE)) == lire_cle(f" {CLE}\n") == CLE


VKEY = str(CLE)
NOM, IDENTIFIANT, CORPS = VKEY.split("+", 2)


def corps_de_type(genre: int) -> str:
    """The key, said to be of another signature type."""
    return b64encode(bytes([genre]) + CLE.octets).decode()


@pytest.mark.parametrize(
    "texte_de_cle",
    [
        "",
        NOM,
        f"{NOM}+{IDENTIFIANT}",
        f"+{IDENTIFIANT}+{CORPS}",
        f"{NOM}+00000000+{CORPS}",
        f"{NOM}+{IDENTIFIANT.upper()}+{CORPS}",
        f"autre+{IDENTIFIANT}+{CORPS}",
        f"{NOM}+{IDENTIFIANT}+{CORPS[:-1]}",
        f"{NOM}+{IDENTIFIANT}+{CORPS}=",
        f"{NOM}+{IDENTIFIANT}+{corps_de_type(2)}",
        f"{NOM}+{IDENTIFIANT}+{corps_de_type(4)}",
        f"a b+{IDENTIFIANT}+{CORPS}",
        f"a\u202eb+{IDENTIFIANT}+{CORPS}",
        f"a\ud800+{IDENTIFIANT}+{CORPS}",
        f"{VKEY}\n{VKEY}",
        "a" * 10**6,
        VKEY * 1000,
    ],
    ids=str.__len__,
)
def test_une_cle_publique_mal_formee_est_illisible(texte_de_cle: str) -> None:
    """Forme, type, identifiant ou nom faux : la clé est illisible."""
    with pytest.raises(ReleveUnreadableError, match=r"^Clé publique illisible : "):
        lire_cle(texte_de_cle)


def test_chaque_signe_change_d_une_cle_publique_la_rend_illisible() -> None:
    """Un signe changé dans le nom, l'identifiant ou la clé : l'identifiant ne répond plus."""
    for rang in range(len(VKEY)):
        for signe in "a+/Z":
            change = VKEY[:rang] + signe + VKEY[rang + 1 :]
            if change != VKEY:
                with pytest.raises(ReleveUnreadableError):
                    lire_cle(change)


@given(st.text(max_size=80) | st.text(st.characters(codec=None), max_size=20).map(VKEY.__add__))
def test_un_texte_quelconque_est_une_cle_ou_illisible(donne: str) -> None:
    """Un texte quelconque est une clé qui se réécrit la même, ou il est illisible."""
    try:
        lue = lire_cle(donne)
    except ReleveUnreadableError:
        return
    assert str(lue) == donne.strip()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl absent : non confronté")
def test_openssl_verifie_la_signature_avec_la_cle_d_une_ligne(tmp_path: Path) -> None:
    """openssl, avec la clé tirée de sa ligne, vérifie le texte signé, et refuse un autre."""
    lue = lire_releve(NOTE)
    (tmp_path / "cle.der").write_bytes(PREFIXE_DER + lire_cle(VKEY).octets)
    (tmp_path / "signature").write_bytes(lue.signatures[0].octets)

    def openssl(corps: bytes) -> int:
        (tmp_path / "corps").write_bytes(corps)
        commande = "openssl pkeyutl -verify -pubin -keyform DER -inkey cle.der -rawin"
        fait = subprocess.run(
            [*commande.split(), "-in", "corps", "-sigfile", "signature"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        return fait.returncode

    assert openssl(lue.corps) == 0
    assert openssl(lue.corps.replace(b"34", b"35")) != 0


def test_un_releve_a_juste_la_taille_admise_se_lit() -> None:
    """Un relevé de 65 536 octets se lit, un octet de plus ne se lit pas."""
    reste = NOTE_MAX_OCTETS - len(NU.corps) - 1
    plein = Releve(NU.origine, NU.taille, NU.racine, suite="x" * reste + "\n")
    assert len(plein.note()) == NOTE_MAX_OCTETS
    assert lire_releve(plein.note()) == plein
    with pytest.raises(ReleveUnreadableError, match="il dépasse 65536 octets"):
        lire_releve(Releve(NU.origine, 100, NU.racine, suite=plein.suite).note())


@pytest.mark.parametrize("taille", ["x", "-1", "034", "9007199254740992", ""])
def test_une_taille_qui_n_est_pas_un_nombre_est_citee(taille: str) -> None:
    """Une taille illisible, ou de 2^53 et plus, est citée dans la phrase."""
    with pytest.raises(ReleveUnreadableError) as levee:
        lire_releve(f"{ORIGINE}\n{taille}\n{RACINE64}\n".encode())
    raison = f"la taille {taille!r} n'est pas un nombre de lignes" if taille else "il lui manque"
    assert str(levee.value).startswith(f"Relevé illisible : {raison}")
