"""A tiny model with random weights, made once, for every test that draws."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

# Tensors in tests are tiny: threads would only wait for each other, and for the other processes of
# a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of preset tiny: 32 pixels, 64 tokens, untrained.

    It has the words of the built-in model.
    """
    import dataclasses

    import torch

    from dall_e.checkpoints.known_models import BUILT_IN, find_model
    from dall_e.config import PRESETS
    from dall_e.inference.loading import Networks
    from dall_e.pipeline import DALL_E
    from dall_e.planning.vocabulary import Vocabulary
    from dall_e.text.tokenizer import TextTokenizer

    torch.manual_seed(0)
    config = dataclasses.replace(PRESETS["tiny"], name="tiny-random", version="7")
    captions = ["a white cat", "two red apples", "一只白色的猫", "红苹果"] * 3
    model = DALL_E(
        config,
        Networks.build(config),
        TextTokenizer.train(captions, config.text.vocab_size),
        vocabulary=Vocabulary.load(find_model(BUILT_IN) / "vocabulary.txt"),
    )
    folder = tmp_path_factory.mktemp("models") / "tiny"
    model.save_pretrained(folder)
    return folder


class SigningFiles(NamedTuple):
    """A chain of certificates of our own, for tests that sign."""

    certificates: Path
    """The signer's, and that of its issuer."""
    key: Path
    root: Path
    """The issuer's alone, for those who trust it."""

    @property
    def flags(self) -> list[str]:
        """Of `dall-e generate`."""
        return ["--c2pa", str(self.certificates), str(self.key)]


@pytest.fixture(scope="session")
def signing_files(tmp_path_factory: pytest.TempPathFactory) -> SigningFiles:
    """A root and a signer of ECDSA on P-256, for the use that C2PA asks for."""
    pytest.importorskip("c2pa", exc_type=ImportError)
    pytest.importorskip("cryptography", exc_type=ImportError)
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    folder = tmp_path_factory.mktemp("signing")
    files = SigningFiles(folder / "chain.pem", folder / "key.pem", folder / "root.pem")
    root, signer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    own = certificate("root", root.public_key(), root)
    files.root.write_bytes(own)
    files.certificates.write_bytes(certificate("signer", signer.public_key(), root) + own)
    files.key.write_bytes(signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def certificate(name: str, public: Any, issuer: Any) -> bytes:
    """A certificate in PEM that `issuer`, the key of "root", has signed."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(text: str) -> x509.Name:
        kinds = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        return x509.Name([x509.NameAttribute(kind, text) for kind in kinds])

    is_root = name == "root"
    now = datetime.datetime.now(datetime.timezone.utc)
    uses = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        + ("encipher_only", "decipher_only"),
        False,
    )
    usage = x509.KeyUsage(
        digital_signature=not is_root, key_cert_sign=is_root, crl_sign=is_root, **uses
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named("root"))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()),
            critical=False,
        )
    )
    if not is_root:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=True)
    return bytes(builder.sign(issuer, SHA256()).public_bytes(Encoding.PEM))
