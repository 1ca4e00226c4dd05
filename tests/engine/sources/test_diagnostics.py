"""Proves that only commands that look may be run on hosts, with options that only look, and no shell is involved."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.words import Words
from engine.errors import InputError
from engine.sources.diagnostics import COMMANDS, SPECIAL, permitted

LOG = "/var/log/pay/app.log"
FILES = frozenset({LOG})


@pytest.mark.parametrize(
    "text, argv",
    [
        ("uptime", "uptime"),
        ("ps aux", "ps aux"),
        ("ps -eo pid,pcpu,comm --sort=-pcpu", "ps -eo pid,pcpu,comm --sort=-pcpu"),
        ("ps -p 12,13", "ps -p 12,13"),
        ("top", "top -b -n 1"),
        ("top -b -n 3 -o %MEM", "top -b -n 3 -o %MEM -b -n 1"),
        ("df -h", "df -h"),
        ("df -h /var", "df -h /var"),
        ("du -sh /var/log", "du -sh /var/log"),
        ("du -d1 /var/log", "du -d1 /var/log"),
        ("free -m", "free -m"),
        ("cat /proc/meminfo", "cat /proc/meminfo"),
        ("cat /proc/12/status /proc/net/sockstat", "cat /proc/12/status /proc/net/sockstat"),
        ("netstat -tlnp", "netstat -tlnp"),
        ("ss -tunap4", "ss -tunap4"),
        ("ss -s", "ss -s"),
        ("ss -t state established", "ss -t state established"),
        ("lsof -nP -i:8080", "lsof -nP -i:8080"),
        ("lsof -p 77", "lsof -p 77"),
        ("journalctl -u payment.service -n 50", "journalctl -u payment.service -n 50 --no-pager"),
        ("journalctl -u payment", "journalctl --lines=500 -u payment --no-pager"),
        ('journalctl --since="10 min ago"', "journalctl --lines=500 '--since=10 min ago' --no-pager"),
        (
            "journalctl -k -p err _SYSTEMD_UNIT=a.service",
            "journalctl --lines=500 -k -p err _SYSTEMD_UNIT=a.service --no-pager",
        ),
        ("systemctl status payment@1.service", "systemctl status payment@1.service --no-pager"),
        ("systemctl list-units --failed", "systemctl list-units --failed --no-pager"),
        ("dmesg -T --level=err", "dmesg -T --level=err --nopager"),
        (f"tail -n 100 {LOG}", f"tail -n 100 {LOG}"),
        (f"tail -50 {LOG}", f"tail -50 {LOG}"),
        (f"grep -i -C 3 timeout {LOG}", f"grep --max-count=200 -i -C 3 timeout {LOG}"),
        (f"grep -n 'connection refused' {LOG}", f"grep --max-count=200 -n 'connection refused' {LOG}"),
    ],
)
def test_what_only_looks_is_permitted(text: str, argv: str) -> None:
    assert list(permitted(text, FILES)) == shlex.split(argv)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "rm -rf /",
        "bash",
        "sudo ps",
        "/bin/ps",
        "systemctl",
        "systemctl restart payment",
        "systemctl stop payment",
        "systemctl --host=root@x status a",
        "systemctl status -H root@x a",
        "systemctl status --root=/x a",
        "ps auxe",
        "ps e",
        "ps -eo pid,environ",
        "ps -eE",
        "top -d 0.01",
        "df; id",
        "df && id",
        "df | sh",
        "df > /tmp/x",
        "df $(id)",
        "df `id`",
        "df ${IFS}",
        "df /var/*",
        "df ~root",
        "df \\id",
        "df 'a\nb'",
        "df\nid",
        "df !!",
        "df #x",
        "df 'unfinished",
        "cat /etc/passwd",
        "cat /proc/self/environ",
        "cat /proc/1/environ",
        "cat /proc/1/mem",
        "cat /proc/kcore",
        "cat /proc/kmsg",
        "cat /proc/1/../../etc/passwd",
        "cat /proc/1/root/etc/passwd",
        "du --files0-from=/etc/passwd",
        "du /var/../etc",
        "ss -K",
        "ss -D /tmp/x",
        "ss -F /etc/passwd",
        "ss -E",
        "ss --kill",
        "netstat -c",
        "free -s 1",
        "lsof -r",
        "lsof -D b",
        "lsof +D /",
        "journalctl -f",
        "journalctl --follow",
        "journalctl --vacuum-size=1",
        "journalctl --rotate",
        "journalctl --flush",
        "journalctl --file=/etc/passwd",
        "journalctl --directory=/x",
        "journalctl -D /x",
        "journalctl -M x",
        "journalctl --cursor-file=/tmp/x",
        "journalctl --setup-keys",
        "journalctl -u",
        "journalctl -u -f",
        "journalctl -n --follow",
        "date 010100002030",
        "date -s now",
        "date --set=now",
        "dmesg -c",
        "dmesg -C",
        "dmesg --clear",
        "dmesg -n 1",
        "vmstat 1",
        "tail",
        "tail -n 5",
        "tail -f " + LOG,
        "tail --follow " + LOG,
        "tail /etc/passwd",
        f"tail {LOG} /etc/passwd",
        f"tail {LOG} etc/passwd",
        f"head {LOG}.1",
        "grep root /etc/passwd",
        f"grep root {LOG} /etc/passwd",
        f"grep root {LOG} passwd",
        f"grep root passwd {LOG}",
        f"grep -r root {LOG}",
        f"grep -f /etc/passwd {LOG}",
        f"grep --file=/etc/passwd {LOG}",
        f"grep -P x {LOG}",
        "grep root",
        "uptime " + "x" * 600,
        "ps " + "1 " * 30,
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_else_is_refused_with_one_clear_sentence(text: str, language: str) -> None:
    with pytest.raises(InputError) as refused:
        permitted(text, FILES)
    sentence = Words(language).say(refused.value.phrase)
    assert "[error" not in sentence
    assert "\n" not in sentence


def test_a_file_of_another_service_is_none_of_ours() -> None:
    with pytest.raises(InputError):
        permitted("tail /var/log/other.log", frozenset())


TRICKY = ("-e", "-f", "--follow", "-n", "5", "-K", "-u", "a.service", LOG, "/etc/passwd", "--file=x", "x;id", "$(id)")
WORDS = st.sampled_from([*{word for command in COMMANDS for word in command.words}, *TRICKY, "-o", "environ"])


@given(st.lists(WORDS | st.text(max_size=12), min_size=1, max_size=8))
def test_whatever_is_permitted_holds_nothing_a_shell_would_act_on(words: list[str]) -> None:
    try:
        argv = permitted(" ".join(words), FILES)
    except InputError:
        return
    assert any(argv[: len(command.words)] == command.words for command in COMMANDS)
    assert not any(SPECIAL & set(word) for word in argv)
    assert not {"-f", "--follow", "-K", "/etc/passwd", "environ"} & set(argv) or argv[0] in ("ps", "grep")
    assert "/etc/passwd" not in argv or argv[0] in ("df", "du")
