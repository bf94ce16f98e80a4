"""`headwater verify`: page and closed list are compared byte by byte and count by count."""

from hashlib import sha256

import pytest

from surveys.documents import canonical
from surveys.encoding import encode
from tests.app.fake_collector import (
    RECEIPTS,
    client_files,
    close,
    fake_collector,
    path_of,
    sign_again,
    verified,
)
from tests.surveys.waves import changed, make_guardian


@pytest.fixture
def collector():
    """A collector that serves an honest wave, until a test changes it."""
    with fake_collector() as fake:
        fake.text = fake.promise()
        yield fake


@pytest.mark.attack
@pytest.mark.parametrize("name", [*client_files(), "files.json"])
def test_one_byte_of_the_client_changed(collector, name):
    """A-11: a changed byte of page, script, style or list is a mismatch."""
    status, headers, content = collector.answers[path_of(collector.text, name)]
    flipped = content[:-2] + bytes([content[-2] ^ 1]) + content[-1:]
    collector.answers[path_of(collector.text, name)] = status, headers, flipped

    assert verified(collector.address, exit_code=1)["MISMATCH"]


@pytest.mark.attack
def test_a_client_with_a_list_of_its_own_does_not_fit_its_address(collector):
    """A-11: who changes the list with the file has changed the address."""
    files = {**client_files(), "answer.js": b"steal();\n"}
    listing = canonical({name: sha256(files[name]).hexdigest() for name in files})
    for name, content in {**files, "files.json": listing}.items():
        _, headers, _ = collector.answers[path_of(collector.text, name)]
        collector.answers[path_of(collector.text, name)] = 200, headers, content

    found = verified(collector.address, exit_code=1)["MISMATCH"]
    assert "Not so: The page's address is the hash of its list of files." in found


@pytest.mark.attack
def test_a_page_other_than_the_manifest_names(collector):
    """A-11: a second client, whole in itself, is not the one that was signed."""
    first = path_of(collector.text, "index.html")
    collector.text = collector.promise(files={**client_files(), "base.css": b"main {}\n"})

    found = verified(collector.origin + first, exit_code=1)
    assert found["MISMATCH"] == ["Not so: It names the page."]


@pytest.mark.parametrize(
    "addition",
    [
        "<script>steal()</script>", '<script src="//evil.example/x.js"></script>',
        '<script src="other.js"></script>', "<style>a{}</style>", '<base href="/">',
        '<link rel="stylesheet" href="other.css">', '<iframe src="x.html"></iframe>',
        '<script src="ballot.js" integrity="sha256-AAAA"></script>',
    ],
)  # fmt: skip
def test_a_page_that_loads_something_else(collector, addition):
    """What is outside the list, and what stands in the page itself, is named."""
    page = client_files()["index.html"] + addition.encode()
    collector.promise(files={**client_files(), "index.html": page})

    (found,) = verified(collector.address, exit_code=1)["MISMATCH"]
    assert found.startswith("Not so: The page loads these files and nothing else.")


@pytest.mark.parametrize(
    "script", ['import "/x.js";', "import('./x.js');", 'export * from "https://x.example/y.js";']
)
def test_a_script_that_imports_something_else(collector, script):
    """Imports lead to files of the list only."""
    collector.promise(files={**client_files(), "ballot.js": script.encode()})

    assert len(verified(collector.address, exit_code=1)["MISMATCH"]) == 1


@pytest.mark.parametrize("key", ["", make_guardian()["sealing_key"]])
def test_a_page_that_trusts_somebody_else(collector, key):
    """The page holds the guardian's key, so it would not believe a manifest of anybody else's."""
    collector.promise(files=client_files(guardian=key))

    found = verified(collector.address, exit_code=1)["MISMATCH"]
    assert found == ["Not so: The page itself names the guardian's key."]


def test_a_page_without_limits(collector):
    """A policy that lets the page speak with others is a mismatch."""
    policy = "default-src 'none'; script-src 'self'; connect-src *; base-uri 'none'"
    path = path_of(collector.text, "index.html")
    collector.answers[path] = (
        200,
        {"Content-Security-Policy": policy},
        client_files()["index.html"],
    )

    (found,) = verified(collector.address, exit_code=1)["MISMATCH"]
    assert "connect-src 'self'" in found


def test_a_closed_wave_fits(collector):
    """After a wave, signature, counts and receipts fit, and the page may be gone."""
    collector.serve_closed(close(collector.text))
    del collector.answers[path_of(collector.text, "files.json")]

    found = verified(collector.address, "--receipt", encode(RECEIPTS[3]))
    assert found["MISMATCH"] == found["NOT CHECKED"] == []
    assert "Your receipt is among them." in found["ok"]
    assert any("accepted ≤ issued ≤ eligible" in text for text in found["ok"])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["cells", 0, "accepted"], {"exact": 100}),
        (["cells", 0, "accepted"], {"exact": -1}),
        (["cells", 0, "accepted"], {"about": 5}),
        (["cells", 0, "accepted"], {"exact": "5"}),
        (["cells", 0, "issued"], {"at_least": 1_000}),
        (["cells", 0, "issued"], {"exact": 1_000}),
        (["cells", 0, "eligible"], 3),
        (["cells", 0], None),
        (["cells"], {"a": 1}),
        (["receipts", 4], ...),
        (["receipts", 4], encode(b"short")),
        (["receipts"], None),
        (["manifest_sha256"], "ab" * 32),
    ],
)
def test_a_closed_list_that_cannot_be(collector, path, value):
    """Counts, receipts and manifest are judged even if the collector signed them."""
    collector.serve_closed(sign_again(changed(close(collector.text), path, value)))

    assert verified(collector.address, exit_code=1)["MISMATCH"]


@pytest.mark.parametrize("path", [["closed_on"], ["release_sha256"], ["cells", 0, "label"]])
def test_a_closed_list_that_was_changed_later(collector, path):
    """A change without the receipt key is a mismatch, wherever it is."""
    collector.serve_closed(changed(close(collector.text), path, "2026-03-14"))

    (found,) = verified(collector.address, exit_code=1)["MISMATCH"]
    assert "signed with the receipt key" in found


def test_receipts_that_are_none(collector):
    """As many as there are people, sorted and different, but one is no receipt."""
    document = close(collector.text)
    document["receipts"] = sorted([*document["receipts"][1:], "AAAA"])
    collector.serve_closed(sign_again(document))

    (found,) = verified(collector.address, exit_code=1)["MISMATCH"]
    assert found.startswith("Not so: It lists 51 receipts")


def test_a_receipt_that_is_missing(collector):
    """Whoever looks for a receipt in vain is told."""
    collector.serve_closed(close(collector.text))

    found = verified(collector.address, "--receipt", encode(b"\xee" * 32), exit_code=1)
    assert found["MISMATCH"] == ["Not so: Your receipt is among them."]
