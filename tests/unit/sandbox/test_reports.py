"""Output of processes, read while it is written."""

from __future__ import annotations

from pathlib import Path

from parley.sandbox.demo.reports import Reports


def test_each_whole_line_once_and_nothing_that_is_no_report(tmp_path: Path) -> None:
    log = tmp_path / "buyer.log"
    reports = Reports({"buyer": log, "silent": tmp_path / "silent.log"})
    assert list(reports.new()) == []
    log.write_bytes(b'Traceback ...\n{"kind": "ready"}\n[1]\n{"no": "kind"}\n{"kind": "off')
    assert list(reports.new()) == [("buyer", {"kind": "ready"})]
    assert list(reports.new()) == []
    with log.open("ab") as more:
        more.write(b'ered"}\n\xff\xfe\n')
    assert list(reports.new()) == [("buyer", {"kind": "offered"})]
