"""The client for recipes without a promise: plays their own cases into a running server. What they state is the truth.

``python -m demo.play_cases --recipe kickstarter --url http://127.0.0.1:8080 --out DIR``, with the API key in ``GOODWORD_DEMO_KEY``
and the settings of the server in the environment: the clicks of the past, and codes that were never shown, are made with its secret.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from demo.cases import Case, as_text, read_cases, read_program, recipes
from demo.client import HttpServer
from demo.play import COMPARISON_FILE, PLAYING_FILE, Outcome, parser_of, run, sample, say
from demo.stage import Result, SideBySide, can_be_told, carried, play_alone, shared, why_alone
from goodword.engine.ids import Keyring
from goodword.log import configure_log
from goodword.parts import now_ms, read_secret, tenant_keyring
from goodword.program.loader import load_program
from goodword.settings import read_settings

CASTS = 48


def main() -> int:
    """Play, compare, tell."""
    configure_log("error")  # of the servers that run in here
    parser = parser_of(recipes())
    parser.add_argument("--casts", type=int, default=CASTS, help="how many play the cases side by side")
    arguments = parser.parse_args()
    playing = arguments.out / PLAYING_FILE
    playing.touch()
    settings = read_settings()
    keyring = tenant_keyring(read_secret(settings), settings.tenant)
    cases = read_cases(arguments.recipe)
    code = run(arguments, lambda server: play_cases(server, keyring, arguments.recipe, cases, arguments.casts))
    if (arguments.out / COMPARISON_FILE).exists():
        playing.unlink()
    return code


def play_cases(server: HttpServer, keyring: Keyring, recipe: str, cases: Sequence[Case], casts: int) -> Outcome:
    """Play cases of a recipe, which is in force on the server: what they state is the truth."""
    tree = read_program(recipe)
    program = load_program(as_text(tree), 1)
    told = [case for case in cases if can_be_told(case)]
    result = Result()
    say(f"{recipe} is played by its own {len(cases)} cases: programs/{recipe}/cases.yaml")
    _say_left_out(
        len(cases) - len(told), "visits over a link, which the redirect counts by the clock of now: not played"
    )
    say("\nEach alone, in a tenant of its own that is thrown away:")
    play_alone(told, tree, say, result)
    say("\nMany casts side by side, in the tenant that you can look at:")
    reasons = [why_alone(case, now_ms()) for case in told]
    beside = [case for case, why in zip(told, reasons, strict=True) if not why]
    for why, number in Counter(filter(None, reasons)).items():
        _say_left_out(number, f"{why}: played alone only")
    if beside:
        if common := shared(program):
            say(f"  casts share {common}: what the cases state holds alone, so that here nothing is compared")
        SideBySide(server, program, keyring, beside, min(casts, carried(program, beside))).play(say, result)
    events = result.events_alone + len(result.answers)
    return Outcome(result.lines(), result.failures, f"{events:,} events decided", sample(result.answers))


def _say_left_out(number: int, why: str) -> None:
    if number:
        say(f"  {number} of the cases {'has' if number == 1 else 'have'} {why}")


if __name__ == "__main__":
    sys.exit(main())
