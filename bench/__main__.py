"""scripts/bench NAME [NAME …] [--json]"""

from __future__ import annotations

import argparse
import json
import sys

from rich.console import Console
from rich.table import Table

from bench import page
from bench.model import Result, number
from bench.suites import found
from parley.errors import ParleyError


def main(argv: list[str]) -> int:
    benches = found()
    listed = "\n".join(f"  {name:<12} {bench.what}" for name, bench in benches.items())
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures Parley; prints each figure beside its target. A missed target is no failure.",
        epilog=f"benchmarks:\n{listed}\n  {'all':<12} every one of them; rewrites docs/benchmarks.md",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="+", choices=[*benches, "all"], metavar="NAME", help="see below")
    parser.add_argument("--json", action="store_true", help="one JSON object keyed by target id")
    parser.add_argument(
        "--short", action="store_true", help="a quick run of those that have one, with fewer observations"
    )
    options = parser.parse_args(argv)

    names = list(benches) if "all" in options.name else list(dict.fromkeys(options.name))
    results: list[Result] = []
    for name in names:
        print(f"bench: {name} …", file=sys.stderr, flush=True)
        try:
            bench = benches[name]
            results += bench.short() if options.short and bench.short is not None else bench.run()
        except ParleyError as error:
            print(f"bench: {name} failed: {error}", file=sys.stderr)
            return 1
    if options.json:
        print(
            json.dumps(
                {result.target.id: result.as_json() for result in results}, indent=1, ensure_ascii=False
            )
        )
    else:
        show(results)
    if "all" in options.name:
        print(f"bench: wrote {page.write(results).relative_to(page.ROOT)}", file=sys.stderr)
    return 0


def show(results: list[Result]) -> None:
    table = Table(title="Parley benchmarks")
    for heading in ("target", "what", "value", "unit", "wanted", "holds"):
        table.add_column(heading, justify="right" if heading == "value" else "left")
    for result in results:
        target = result.target
        verdict = "[green]yes[/green]" if result.holds else "[red]no[/red]"
        table.add_row(target.id, target.what, number(result.value), target.unit, target.wanted, verdict)
        for name, value in result.parts.items():
            shown = number(value) if isinstance(value, int | float) else str(value)
            table.add_row("", f"  [dim]{name}[/dim]", f"[dim]{shown}[/dim]", "", "", "")
    Console().print(table)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
