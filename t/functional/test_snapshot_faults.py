"""ws_pubsub_snapshot: what becomes of its files where people, disks and
limits do what they should not."""

import contextlib
import os
import pathlib
import resource
import shutil
import stat
import subprocess
import time

import pytest

from support.httpc import Http
from support.nginx import sanitizing
from support.processes import wait_until
from support.restarts import (
    AT_END, FOLDER, Slots, again, at, does_not_start, end, keeping, kill_all,
    marker, put_kept, restart, resumed)

from test_snapshot_slots import HEAD, checksum_place, crc32c, seal


def loaded(ng):
    return [line for line in ng.log_text().splitlines() if "loaded" in line][-1]


# -- copies ------------------------------------------------------------------

def copy_over(paths, copies, how):
    for path, copy in zip(paths, copies):
        if how == "in place":
            path.write_bytes(copy.read_bytes())
            about = copy.stat()
            os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
        else:
            path.unlink()
            shutil.copy2(copy, path)


@pytest.mark.parametrize("how", ["in place", "new files"])
async def test_a_restored_copy_is_not_clean(kept, how):
    """What came after it was seen by clients, and other messages get its
    numbers."""
    ng = kept(http=keeping(AT_END))
    with Http(ng) as http:
        first = http.put("hist/a", "first")
    end(ng)
    slots = Slots(ng)
    copies = [shutil.copy2(path, ng.prefix / f"copy.{number}")
              for number, path in enumerate(slots.paths)]
    again(ng)
    with Http(ng) as http:
        lost = http.put("hist/a", "lost")
    time.sleep(2.2)
    end(ng)
    copy_over(slots.paths, [pathlib.Path(one) for one in copies], how)
    again(ng)
    assert "a copy" in loaded(ng)
    with Http(ng) as http:
        other = http.put("hist/a", "other")
    assert other["seq"] == lost["seq"] and other["epoch"] != lost["epoch"]
    assert (await resumed(ng, "hist/a", at(lost)))[0] is False
    assert await resumed(ng, "hist/a", at(first)) == (True, [("msg", 2)])


def test_the_same_files_are_clean(kept):
    ng = kept(http=keeping(AT_END))
    for _ in range(3):
        Http(ng).put("hist/a", "x")
        restart(ng)
        assert loaded(ng).endswith(", clean")
    restart(ng)
    assert loaded(ng).endswith(", clean")


@pytest.mark.skipif(sanitizing(),
                    reason="two libraries that replace the C library's calls")
def test_the_mark_is_on_the_disk(kept, open_path):
    """That a clean file is in use: the machine may die at once."""
    library = open_path / "sync_log.so"
    source = pathlib.Path(__file__).parent / "support" / "sync_log.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source),
                    "-ldl"], check=True)
    log = open_path / "syncs"
    log.write_bytes(b"")
    log.chmod(0o666)
    ng = kept(http=keeping(AT_END),
              environment={"LD_PRELOAD": str(library), "SYNC_LOG": str(log)})
    Http(ng).put("hist/a", "x")
    restart(ng)
    assert log.read_text().split() == [str(Slots(ng).paths[0])]


# -- what can't be loaded --------------------------------------------------------

def resealed(data):
    """Its content is no snapshot any more; all checksums are good."""
    head, content = data[:HEAD], bytearray(data[HEAD:])
    before = crc32c(bytes(content)).to_bytes(4, "little")
    content[-16] ^= 1  # of how many topics there are
    after = crc32c(bytes(content)).to_bytes(4, "little")
    assert head.count(before) == 1
    return seal(head.replace(before, after), checksum_place(head)) + bytes(
        content)


def test_unsound_content_with_a_good_checksum(kept):
    ng = kept(workers=1)
    slots = Slots(ng)
    texts = [put_kept(ng, "a")[1] for _ in range(2)]
    kill_all(ng)
    good = slots.read()
    newest, = slots.holding(texts[1])
    bad = list(good)
    bad[newest] = resealed(good[newest])
    slots.write(bad)
    assert ng.test_config()[0]
    again(ng)
    assert Http(ng).get("a").body.decode() == texts[0]
    kill_all(ng)
    slots.write([resealed(one) for one in good])
    ng.allow(r"\[emerg\]")
    accepted, said = ng.test_config()
    assert not accepted and "move both files away" in said
    assert "move both files away" in does_not_start(ng)[0]
    slots.write(good)
    again(ng)
    assert Http(ng).get("a").body.decode() == texts[1]


# -- limits, paths, modes ----------------------------------------------------------

@contextlib.contextmanager
def file_limit(size):
    """For what is started within."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_limit_on_the_size_of_files(kept):
    """It costs snapshots, not workers, nor the master."""
    ng = kept(workers=1)
    text = put_kept(ng, "a")[1]
    end(ng)
    ng.allow(r"can't write the snapshot .*File too large")
    with file_limit(100000):
        again(ng)
    workers = ng.worker_pids()
    with Http(ng) as http:
        for number in range(20):
            http.put(f"b/{number}", "x" * 7000)
    ng.wait_for_log("can't write the snapshot")
    time.sleep(0.5)
    assert ng.worker_pids() == workers
    end(ng)
    again(ng)
    with Http(ng) as http:
        assert http.get("a").body.decode() == text


def two_zones(other):
    return f"""
    ws_pubsub_zone main:8m;
    ws_pubsub_zone other:8m;
    ws_pubsub_snapshot zone=main @PREFIX@/{FOLDER}/main;
    ws_pubsub_snapshot zone=other @PREFIX@/{other};
    """


def test_one_file_under_two_names(kept):
    ng = kept(http=two_zones(f"{FOLDER}/other"))
    ng.allow(r"\[emerg\]")
    link = ng.prefix / "link"
    link.symlink_to(ng.prefix / FOLDER)
    for name in (f"{FOLDER}/./main", "link/main"):
        end(ng)
        lines = does_not_start(ng, http=two_zones(name))
        assert len(lines) == 1 and "is that of the zone" in lines[0]
        accepted, said = ng.test_config()
        assert not accepted and "is that of the zone" in said
        again(ng, http=two_zones(f"{FOLDER}/other"))


def test_a_file_that_others_could_read(kept):
    """As it may come from a backup."""
    ng = kept(http=keeping(AT_END))
    Http(ng).put("a", "x")
    end(ng)
    for path in Slots(ng).paths:
        path.chmod(0o644)
    assert ng.test_config()[0]
    assert stat.S_IMODE(Slots(ng).paths[0].stat().st_mode) == 0o644
    again(ng)
    assert Http(ng).get("a").body == b"x"
    for path in Slots(ng).paths:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_reload_that_adds_it_writes_at_once(kept):
    """What the files have from before is not of this zone."""
    ng = kept(http="ws_pubsub_zone main:8m;")
    text = marker()
    Http(ng).put("a", text)
    ng.reload(http=keeping("interval=1h"))
    Slots(ng).wait_for(text, 5)
    wait_until("once", lambda: len(Slots(ng).holding(text)) == 1)
    restart(ng, "kill")
    assert Http(ng).get("a").body.decode() == text
