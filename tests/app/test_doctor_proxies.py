"""`headwater doctor`: an nginx in front of the collector that notes or tells too much."""

import re

import pytest

from app.doctor import proxies
from app.formats import nginx
from app.formats.errors import BadInput
from app.formats.nginx import read_nginx
from tests.conftest import ROOT

# The block that the collector's guide prints is what the doctor must find sound.
GUIDE = (ROOT / "docs" / "guides" / "collector.md").read_text(encoding="utf-8")
BLOCK = re.search(r"^```\n(server \{.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)[1]


def levels(found):
    return [finding.level for finding in found]


def proxied(tmp_path, text, *, name="pulse.conf"):
    path = tmp_path / name
    path.write_text(text)
    return list(proxies.look([path], collector_url="https://pulse.example.org"))


def test_the_block_of_the_guide_is_sound(tmp_path):
    """What the collector's guide tells people to write is what the doctor asks for."""
    assert levels(proxied(tmp_path, BLOCK)) == ["ok"]


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        ("access_log off;", "", "breaks"),
        ("access_log off;", "access_log /var/log/nginx/pulse.log;", "breaks"),
        ("access_log off;", "access_log off; access_log /var/log/x;", "breaks"),
        ("location / {", "location / { access_log /var/log/x;", "breaks"),
        ("location / {", "location / { location /w/ { access_log /var/log/x; }", "breaks"),
        ("location / {", "location / { if ($slow) { access_log /var/log/x; }", "breaks"),
        ("error_log /dev/null crit;", "", "weakens"),
        ("error_log /dev/null crit;", "error_log stderr;", "weakens"),
        ('X-Forwarded-For ""', "X-Forwarded-For $proxy_add_x_forwarded_for", "breaks"),
        ('X-Forwarded-For ""', "x-real-ip '$remote_addr'", "breaks"),
        ('X-Forwarded-For ""', "Forwarded \"for=${remote_addr}\"", "breaks"),
        ('proxy_set_header Cookie "";', "", "weakens"),
        ('proxy_set_header Cookie "";', "proxy_set_header Cookie $http_cookie;", "weakens"),
        ("access_log off;", "access_log off; mirror /copy;", "breaks"),
        ("access_log off;", "access_log off; include nowhere.conf;", "unseen"),
        ("proxy_pass http://127.0.0.1:8001;", "root /srv;", "unseen"),
    ],
)  # fmt: skip
def test_what_the_proxy_does_is_named(tmp_path, old, new, level):
    """Logs, addresses, cookies and copies, wherever in the block they stand."""
    assert old in BLOCK

    assert level in levels(proxied(tmp_path, BLOCK.replace(old, new)))


def test_directives_hold_from_the_outside_in(tmp_path):
    """What is switched off outside holds inside, and headers set inside replace those outside."""
    inner = BLOCK.replace("access_log off;", "").replace("error_log /dev/null crit;", "")
    sound = f"error_log /dev/null;\nhttp {{ access_log off; {inner} }}"
    headers = 'proxy_set_header X-Real-IP $remote_addr; proxy_set_header Cookie "";'

    assert levels(proxied(tmp_path, sound)) == ["ok"]
    assert levels(proxied(tmp_path, f"http {{ {headers} {BLOCK} }}")) == ["ok"]
    lost = re.sub(r'proxy_set_header \S+ (""|\$host);', "", BLOCK)
    assert "breaks" in levels(proxied(tmp_path, f"http {{ {headers} {lost} }}"))


def test_includes_are_read_where_they_stand(tmp_path):
    """A log switched on in a snippet is found, and so is a site in a folder of sites."""
    (tmp_path / "snippets").mkdir()
    (tmp_path / "snippets" / "log.conf").write_text("access_log /var/log/x;")
    (tmp_path / "sites").mkdir()
    text = BLOCK.replace("access_log off;", "include snippets/*.conf;")
    (tmp_path / "sites" / "pulse").write_text(text)

    assert "breaks" in levels(proxied(tmp_path, text))
    assert "breaks" in levels(proxied(tmp_path, "http { include sites/*; }", name="nginx.conf"))
    found = proxies.look([tmp_path / "sites" / "pulse"], collector_url="https://pulse.example.org")
    assert "breaks" in levels(found)


@pytest.mark.parametrize("name", ["other.example.org", "*.example.com", "app.example.org"])
def test_other_servers_are_left_in_peace(tmp_path, name):
    """The application may have its log; only the collector's own block is judged."""
    other = BLOCK.replace("pulse.example.org", name).replace("access_log off;", "")

    assert levels(proxied(tmp_path, f"{BLOCK}\n{other}")) == ["ok"]
    assert levels(proxied(tmp_path, other)) == ["unseen"]


@pytest.mark.parametrize("name", ["*.example.org", ".pulse.example.org", "a.b PULSE.example.org"])
def test_the_server_is_found_by_any_of_its_names(tmp_path, name):
    """Wildcards, several names, any case."""
    text = BLOCK.replace("pulse.example.org", name).replace("access_log off;", "")

    assert "breaks" in levels(proxied(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    ["server {", "server }", "}", 'server { a "x; }', "server { a b }", "{ }", "a b",
     "a {" * 30 + "}" * 30, "include bad.conf;"],
)  # fmt: skip
def test_what_nginx_would_not_read_is_unseen(tmp_path, text):
    """A broken file is one sentence, not a trace; so is one that includes itself."""
    (tmp_path / "bad.conf").write_text("include bad.conf;")
    path = tmp_path / "x.conf"
    path.write_text(text)

    with pytest.raises(BadInput):
        read_nginx(path)
    assert levels(proxied(tmp_path, text)) == ["unseen"]


def test_quotes_comments_and_variables_are_read(tmp_path):
    """Marks within quotes, comments and ${names} are no marks."""
    path = tmp_path / "x.conf"
    path.write_text('a "b;{" \'c}\' ${d}e; # f { ;\ng { h\\;i "j\\"k" ""; }\n')

    (block,) = read_nginx(path).blocks
    assert block == (
        nginx.Directive("a", ("b;{", "c}", "${d}e")),
        nginx.Directive("g", (), (nginx.Directive("h\\;i", ('j"k', "")),), has_block=True),
    )
