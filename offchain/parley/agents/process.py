"""A reference agent as a process: configuration in, reports out as lines of JSON on standard output."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from parley.agents.agent import Agent
from parley.agents.approvals import ApprovalFolder
from parley.agents.conduct import Conduct, Plan, Report, plain_delivery
from parley.agents.config import AgentConfig, TalkConfig, parse_config
from parley.agents.errors import ConfigInvalid, GatewayProblem, GatewayUnreachable
from parley.agents.gatekeeper import Guard
from parley.agents.knowledge import StaticKnowledge
from parley.agents.pace import Pace, Purchase, Sessions, SharedNeed
from parley.agents.runner import AgentRunner
from parley.agents.session import NegotiationSession
from parley.agents.wallet import TokenName
from parley.connectors.facts import SourcedFacts
from parley.connectors.source import Source
from parley.errors import ParleyError
from parley.negotiation.strategies import Strategy, make_strategy
from parley.policy.service import PolicyEngine
from parley.telemetry.exporters import tracing_to
from parley.terms.domain import Domain
from parley.terms.errors import KeyUnusable
from parley.terms.opening import Opening
from parley.terms.payloads import Context
from parley.terms.signing import LocalSigner, Signer, load_keystore
from parley.terms.values import Address, Hash32

Watch = Callable[[Report], None]


class AgentProcess:
    """A configured agent. Use as a context manager; `run` works until it is done, stopped, or for ever."""

    def __init__(
        self,
        config: AgentConfig,
        signer: Signer,
        watch: Watch,
        *,
        clock: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        config.check()
        self.config = config
        self._watch = watch
        self._stopping = False
        self._waves = 1
        self._scores: dict[Address, int | None] = {}
        self._plans: dict[Hash32, tuple[TalkConfig, Strategy]] = {
            talk.domain.hash(): (talk, make_strategy(talk.strategy, talk.params)) for talk in config.talks
        }
        facts: SourcedFacts | None = None
        if config.facts:
            facts = SourcedFacts({spec.id: Source(spec, clock) for spec in config.sources}, config.facts)
        self._context: Callable[[str], Context] | None = (
            None if facts is None else lambda rationale: facts.context(clock(), rationale)
        )
        self.agent = Agent(
            config.gateway,
            signer,
            config.database,
            guard=self._guard(),
            knowledge=StaticKnowledge(
                {known.address: known for known in config.counterparties},
                config.limits,
                self._reputation if config.reputation else None,
                lambda deal_id: self.agent.standing(deal_id),
                sourced=None if facts is None else lambda: facts.limits(clock()),
            ),
            tokens={token: TokenName(name.name, name.version) for token, name in config.tokens.items()},
            audience=config.audience,
            clock=clock,
            watch=watch,
            tracing=tracing_to(os.environ.get("PARLEY_TRACES", "off"), f"parley-agent {config.name}"),
            sealed=config.sealed,
        )
        self._shared: SharedNeed | None = None
        self.runner = AgentRunner(
            self.agent.client,
            self.agent.wallet,
            self._plan,
            conduct=self._conduct(),
            pace=None if config.quantity is None else self._pace,
            watch=watch,
            idle=config.idle / 1_000,
            letterbox=self.agent.letterbox,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.agent.close()

    def stop(self) -> None:
        """Ends `run` after what is under way. Safe in a signal handler."""
        self._stopping = True

    def run(self, *, forever: bool = False, seconds: float | None = None) -> None:
        """Registers, opens what it is to open, then works: until everything is finished, or on and on.

        `seconds` limits it. Raises what the gateway refuses at the start.
        """
        config = self.config
        self.agent.client.register(config.name, config.capabilities, description=config.description)
        self._watch(Report("ready", details={"agent": self.agent.address, "name": config.name}))
        for session in self._own_sessions():
            self.runner.begin(session)
        self.runner.run(until=lambda: self._stopping or (not forever and self._finished()), seconds=seconds)
        self._watch(Report("stopped", details={"agent": self.agent.address}))

    # ------------------------------------------------------------------- talks

    def _own_sessions(self) -> Iterator[NegotiationSession]:
        """Negotiations an earlier run opened, and those still to be opened: a restart opens none twice."""
        opened: set[tuple[Hash32, Address]] = set()
        for domain, opening in list(self.agent.wallet.journal.negotiations()):
            if opening.initiator == self.agent.address:
                opened |= {(opening.domain, party.address) for party in opening.parties}
                yield NegotiationSession.start(
                    domain,
                    opening,
                    self.agent.wallet,
                    self.agent.channel,
                    letterbox=self.agent.letterbox,
                )
        for talk in self.config.talks:
            if talk.counterparty is not None and (talk.domain.hash(), talk.counterparty) not in opened:
                yield self._open(talk, talk.counterparty)

    def _open(self, talk: TalkConfig, counterparty: Address) -> NegotiationSession:
        role, reviewers = talk.profile.role, self.config.reviewers
        return self.agent.open(talk.domain, counterparty, role=role, reviewers=reviewers)

    def _finished(self) -> bool:
        """Whether nothing is left to do; opens another wave first where the need is not covered."""
        if self.runner.bargaining:
            return False
        if self._another_wave():
            return False
        return not self.runner.busy

    def _another_wave(self) -> bool:
        quantity, shared = self.config.quantity, self._shared
        if quantity is None or shared is None or self._waves >= quantity.waves:
            return False
        if quantity.price_issue is None or shared.remaining < quantity.least:
            return False
        self._waves += 1
        self._watch(Report("wave", details={"number": self._waves, "remaining": shared.remaining}))
        for talk in self.config.talks:
            if talk.counterparty is not None:
                self.runner.begin(self._open(talk, talk.counterparty))
        return True

    def _plan(self, domain: Domain, opening: Opening) -> Plan | None:
        """A plan for negotiations on a domain of the configuration, in the role of its profile."""
        found = self._plans.get(opening.domain)
        party = opening.party_of_address(self.agent.address)
        if found is None or party is None or party.role != found[0].profile.role:
            return None
        talk, strategy = found
        return Plan(talk.profile, strategy, talk.seed, self._context)

    # ---------------------------------------------------------------- settings

    def _guard(self) -> Guard:
        config = self.config
        return Guard(
            policy=None if config.policy is None else PolicyEngine(config.policy),
            budget=None if config.budget is None else config.budget.budget(),
            approvals=None if config.approvals is None else ApprovalFolder(Path(config.approvals)),
            reviewers=tuple(config.reviewers),
        )

    def _pace(self, sessions: Sessions) -> Pace:
        quantity = self.config.quantity
        if quantity is None:
            raise ConfigInvalid("there is no quantity to share", field="quantity")
        purchase = None
        if quantity.price_issue is not None and quantity.ceiling is not None:
            purchase = Purchase(quantity.price_issue, quantity.ceiling)
        # Agreements of earlier runs count too: the runner adopts them again before anything is said.
        self._shared = SharedNeed(quantity.need(), self.agent.wallet, sessions, purchase)
        return self._shared

    def _conduct(self) -> Conduct:
        choice = self.config.conduct
        return Conduct(
            deliver=plain_delivery if choice.deliver else lambda deal: None,
            inspect=lambda deal: choice.accept,
            dispute=choice.dispute,
        )

    def _reputation(self, address: Address) -> int | None:
        """The score at the gateway, asked once a run; None where the gateway knows of none."""
        if address not in self._scores:
            try:
                self._scores[address] = self.agent.client.reputation(address).score_ppm
            except (GatewayProblem, GatewayUnreachable):
                return None
        return self._scores[address]


def signer_from_environment() -> LocalSigner:
    """PARLEY_KEYSTORE with PARLEY_KEYSTORE_PASSPHRASE, or PARLEY_KEY. Raises ConfigInvalid or KeyUnusable."""
    keystore = os.environ.get("PARLEY_KEYSTORE")
    if keystore:
        return load_keystore(keystore, os.environ.get("PARLEY_KEYSTORE_PASSPHRASE", ""))
    key = os.environ.get("PARLEY_KEY")
    if not key:
        raise KeyUnusable(
            "no key is named",
            next_action="Set PARLEY_KEYSTORE and PARLEY_KEYSTORE_PASSPHRASE, or PARLEY_KEY; "
            "keys are never arguments.",
        )
    try:
        return LocalSigner(bytes.fromhex(key.removeprefix("0x")))
    except ValueError:
        raise ConfigInvalid("PARLEY_KEY is not 32 bytes of hex", field="PARLEY_KEY") from None


def print_report(report: Report) -> None:
    """One report as a line of JSON on standard output."""
    sys.stdout.write(json.dumps(report.as_json(), default=str) + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str], program: str, *, forever: bool) -> int:
    """Runs the agent of the configuration file named in `arguments`; the exit code."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        sys.stderr.write(f"usage: PARLEY_KEY=… python -m {program} CONFIG.json\n")
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    try:
        config = parse_config(Path(arguments[0]).read_bytes())
        with AgentProcess(config, signer_from_environment(), print_report) as process:

            def stop(number: int, frame: FrameType | None) -> None:
                process.stop()

            signal.signal(signal.SIGTERM, stop)
            signal.signal(signal.SIGINT, stop)
            process.run(forever=forever)
    except ParleyError as error:
        sys.stderr.write(f"{error}\n{error.next_action}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{arguments[0]}: {error.strerror}\n")
        return 1
    return 0
