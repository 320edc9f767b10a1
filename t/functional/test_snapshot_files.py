"""ws_pubsub_snapshot: where the files are, whose they are, and what `nginx -t`
does and doesn't."""

import os
import stat
import subprocess

import pytest

from support.httpc import Http
from support.restarts import (
    AT_END, Slots, again, does_not_start, end, keeping, kill_all, marker,
    put_kept, restart, small_disk)


def folder(ng):
    return ng.prefix / "snap"


def tree(ng):
    """All that is in the folder: {name: (inode, mode, size, time, bytes)}."""
    found = {}
    for path in sorted(folder(ng).iterdir()):
        state = path.lstat()
        found[path.name] = (
            state.st_ino, state.st_mode, state.st_size, state.st_mtime_ns,
            path.read_bytes() if stat.S_ISREG(state.st_mode) else None)
    return found


# -- the files ------------------------------------------------------------------

def test_two_files_that_only_the_master_can_open(kept):
    """In a folder that workers, who are nobody, can't even look into."""
    ng = kept()
    put_kept(ng, "a")
    put_kept(ng, "a")
    restart(ng)
    assert sorted(os.listdir(folder(ng))) == ["main.0", "main.1"]
    for path in Slots(ng).paths:
        state = path.lstat()
        assert stat.S_ISREG(state.st_mode)
        assert stat.S_IMODE(state.st_mode) == 0o600
        assert (state.st_uid, state.st_gid) == (os.geteuid(), os.getegid())
        assert state.st_nlink == 1


def test_the_same_files_for_ever(kept):
    """No renames: the inode that workers have is that of the path."""
    ng = kept()
    put_kept(ng, "a")
    inodes = [path.stat().st_ino for path in Slots(ng).paths]
    put_kept(ng, "a")
    ng.reload()
    put_kept(ng, "a")
    restart(ng)
    put_kept(ng, "a")
    assert [path.stat().st_ino for path in Slots(ng).paths] == inodes


def test_a_path_below_the_prefix(kept):
    """A relative one is, as those of nginx's own modules."""
    ng = kept(http=keeping(path="snap/main"))
    text = put_kept(ng, "a")[1]
    restart(ng, "kill")
    assert Http(ng).get("a").body.decode() == text


def test_a_path_with_spaces_and_dots(kept):
    ng = kept(http=keeping(path="@PREFIX@/snap/my zone.d").replace(
        "@PREFIX@/snap/my zone.d", '"@PREFIX@/snap/my zone.d"'))
    Http(ng).put("a", "x")
    restart(ng)
    assert Http(ng).get("a").body == b"x"
    assert sorted(os.listdir(folder(ng))) == ["my zone.d.0", "my zone.d.1"]


def test_no_descriptor_is_left_behind(kept):
    """Reloads open the files again, and close them."""
    ng = kept()
    ng.reload()

    def open_slots(pid):
        links = (os.readlink(f"/proc/{pid}/fd/{one}")
                 for one in os.listdir(f"/proc/{pid}/fd"))
        return sum("/snap/main." in link for link in links)

    before = open_slots(ng.pid)
    assert before >= 2
    for _ in range(4):
        ng.reload()
    assert open_slots(ng.pid) == before


# -- paths that can't be used ------------------------------------------------------

def occupy(ng, what, number=0):
    path = folder(ng) / f"main.{number}"
    target = ng.prefix / "target"
    if what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "socket":
        subprocess.run(["/usr/bin/python3", "-c", (
            "import socket,sys;socket.socket(socket.AF_UNIX).bind("
            "sys.argv[1])"), str(path)], check=True)
    elif what == "device":
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 7))
    else:
        if what == "link to a file":
            target.write_bytes(b"precious")
        path.symlink_to(target)
    return path, target


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("what", ["folder", "fifo", "socket", "link to a file",
                                  "link to nothing"])
def test_something_else_is_there(make_nginx, what, number):
    """No start, in one line, at once; and what is there is let alone."""
    ng = make_nginx(http=keeping(), workers=1)
    folder(ng).mkdir(mode=0o700)
    path, target = occupy(ng, what, number)
    before = path.lstat()
    accepted, said = ng.test_config()
    assert not accepted and str(path) in said
    lines = does_not_start(ng)
    assert len(lines) == 1 and str(path) in lines[0]
    after = path.lstat()
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (
        before.st_ino, before.st_mode, before.st_mtime_ns)
    if what == "link to a file":
        assert target.read_bytes() == b"precious"
    else:
        assert not target.exists()


@pytest.mark.parametrize("what", ["link to a file", "folder"])
def test_something_else_comes_while_it_is_down(kept, what):
    ng = kept()
    put_kept(ng, "a")
    end(ng)
    moved = {}
    for number, path in enumerate(Slots(ng).paths):
        moved[number] = path.rename(ng.prefix / f"moved.{number}")
    occupy(ng, what)
    assert len(does_not_start(ng)) == 1
    path = Slots(ng).paths[0]
    if what == "folder":
        path.rmdir()
    else:
        path.unlink()
    for number, path in moved.items():
        path.rename(Slots(ng).paths[number])
    again(ng)
    assert Http(ng).get("a").status == 200


@pytest.mark.parametrize("path", [
    "@PREFIX@/nothing/main", "@PREFIX@/nginx.conf/main",
    "@PREFIX@/snap/" + "x" * 300, "/proc/ws_pubsub/main"])
def test_a_folder_that_cannot_be_used(make_nginx, path):
    ng = make_nginx(http=keeping(path=path), workers=1)
    folder(ng).mkdir()
    accepted, said = ng.test_config()
    assert not accepted and path.replace("@PREFIX@", str(ng.prefix)) in said
    lines = does_not_start(ng)
    assert len(lines) == 1
    assert path.replace("@PREFIX@", str(ng.prefix)) in lines[0]


@pytest.fixture(name="read_only")
def _read_only(open_path):
    """A folder and what remounts it, `ro` or `rw`: not even root can write
    to it then."""
    with small_disk(open_path / "disk", "4m") as disk:
        yield disk, lambda how: subprocess.run(
            ["mount", "-o", f"remount,{how}", str(disk)], check=True)


@pytest.mark.parametrize("there", [False, True])
def test_a_read_only_folder(read_only, make_nginx, there):
    path, remount = read_only
    ng = make_nginx(http=keeping(path=f"{path}/main"), workers=1)
    if there:
        ng.start()
        Http(ng).put("a", "x")
        end(ng)
    remount("ro")
    accepted, said = ng.test_config()
    assert not accepted and f"{path}/main" in said
    lines = does_not_start(ng)
    assert len(lines) == 1 and f"{path}/main" in lines[0]
    remount("rw")
    again(ng)
    assert Http(ng).get("a").status == (200 if there else 404)


# -- nginx -t -----------------------------------------------------------------------

def test_t_makes_nothing(make_nginx):
    ng = make_nginx(http=keeping())
    folder(ng).mkdir()
    accepted, said = ng.test_config()
    assert accepted, said
    assert tree(ng) == {}


@pytest.mark.parametrize("state", ["running", "down", "killed"])
def test_t_changes_nothing(kept, state):
    """Also not for the nginx that runs, or is started then."""
    ng = kept(http=keeping(AT_END))
    told = Http(ng).put("hist/a", "x")
    restart(ng)
    if state == "down":
        end(ng)
    elif state == "killed":
        kill_all(ng)
    before = tree(ng)
    for _ in range(2):
        accepted, said = ng.test_config()
        assert accepted, said
    assert tree(ng) == before
    if state != "running":
        again(ng)
    new = Http(ng).put("hist/a", "y")
    assert new["seq"] == 2
    assert (new["epoch"] == told["epoch"]) == (state != "killed")
    restart(ng)
    assert Http(ng).get("hist/a").body == b"y"


def test_t_with_a_running_one_that_writes(kept):
    ng = kept()
    for _ in range(4):
        text = marker()
        Http(ng).put("a", text)
        accepted, said = ng.test_config()
        assert accepted, said
    Slots(ng).wait_for(text)
    restart(ng, "kill")
    assert Http(ng).get("a").body.decode() == text


def test_t_tells_of_a_file_that_could_not_be_loaded(kept):
    ng = kept()
    put_kept(ng, "a")
    put_kept(ng, "a")
    end(ng)
    slots = Slots(ng)
    good = slots.read()
    slots.write([b"not a slot " * 100] * 2)
    before = tree(ng)
    ng.allow(r"\[emerg\]")
    accepted, said = ng.test_config()
    assert not accepted
    assert str(folder(ng) / "main") in said
    assert tree(ng) == before
    slots.write([good[0], b"not a slot " * 100])
    accepted, said = ng.test_config()
    assert accepted, said
    slots.write(good)
    assert ng.test_config()[0]
