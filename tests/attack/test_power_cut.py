"""
D-2: an answer is on the disk before it is acknowledged.

A kill cannot show this, since what was written outlives the program that wrote it; only the
system's calls can.  They are read off strace, where it is installed.
"""

import re
import shutil
import subprocess

import pytest

from tests.attack.serving import serving
from tests.attack.test_durability import HASTY, WAVE, answers_of
from tests.collector.conftest import make_store, open_wave

pytestmark = pytest.mark.attack

N_ANSWERS, PEOPLE = 5, 8
CALLS = "trace=read,recvfrom,write,writev,sendto,sendmsg,fsync,fdatasync"
WITHOUT_SYNC = "from collector import intake; intake.SYNCHRONOUS = 'OFF'"
ARRIVED = re.compile(r'"POST /anon/submit')
# Of a call that another thread interrupts, the log has the beginning and the end on lines of
# their own; the process that makes it stands in front of both.
BEGUN = re.compile(r"(\d+) +f(?:data)?sync\(\d+<[^>]*answers\.sqlite>(?:\)\s+= 0| <unfinished)")
RESUMED = re.compile(r"(\d+) +<\.\.\. f(?:data)?sync resumed>\)\s+= 0")
ACKNOWLEDGED = re.compile(r'"HTTP/1\.1 200')


def watch(folder, mutant=""):
    """
    Redeem ballots one after the other under strace.

    Returns for each acknowledgement whether the file of answers had been synced since the
    request arrived.
    """
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed, so nobody looked whether answers are synced")
    log = folder / "calls.txt"
    strace = ["strace", "-f", "-y", "-s", "64", "-e", CALLS, "-o", str(log)]
    if subprocess.run([*strace, "true"], capture_output=True).returncode:
        pytest.skip("strace may not look into programs here, so nobody looked for syncs")
    wave = open_wave(make_store(folder), WAVE, people=(PEOPLE,), rights=("ballot",))
    ballots = [wave.request(0, number, answers_of(number)) for number in range(N_ANSWERS)]
    with serving(folder, mutant, under=strace) as server:
        assert [server.redeem(ballot) for ballot in ballots] == [200] * N_ANSWERS
    return list(synced(log.read_text(errors="replace").splitlines()))


def synced(lines):
    """Say for each acknowledgement in a log of calls whether a sync came before it."""
    is_awaited, is_safe, syncing = False, False, set()
    for line in lines:
        if ARRIVED.search(line):
            is_awaited, is_safe, syncing = True, False, set()
        elif begun := BEGUN.match(line):
            is_safe |= line.rstrip().endswith("= 0")
            syncing.add(begun[1])
        elif (resumed := RESUMED.match(line)) and resumed[1] in syncing:
            is_safe = True
        elif is_awaited and ACKNOWLEDGED.search(line):
            yield is_safe
            is_awaited = False


def test_every_answer_is_on_the_disk_before_it_is_acknowledged(tmp_path):
    """Between each request and its acknowledgement the file of answers is synced."""
    assert watch(tmp_path) == [True] * N_ANSWERS


@pytest.mark.parametrize("mutant", [WITHOUT_SYNC, HASTY], ids=["no sync", "too early"])
def test_the_log_of_calls_finds_a_server_that_does_not_wait(tmp_path, mutant):
    """A server that never syncs, or acknowledges first, is found out."""
    assert False in watch(tmp_path, mutant)


def test_calls_are_read_whole_or_in_two_parts():
    """Short process numbers are padded, and a call that was interrupted ends on another line."""
    arrived = '123   recvfrom(9<TCP:[…]>, "POST /anon/submit HTTP/1.1", 8192) = 900'
    acknowledged = '123   sendto(9<TCP:[…]>, "HTTP/1.1 200 OK", 90) = 90'
    whole = "456   fdatasync(7</store/w/answers.sqlite>) = 0"
    begun = "456   fdatasync(7</store/w/answers.sqlite> <unfinished ...>"
    ended = "456   <... fdatasync resumed>) = 0"

    assert list(synced([arrived, whole, acknowledged])) == [True]
    assert list(synced([arrived, begun, ended, acknowledged])) == [True]
    assert list(synced([arrived, begun, acknowledged, ended])) == [False]
    assert list(synced([whole, arrived, ended, acknowledged])) == [False]
