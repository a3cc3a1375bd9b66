"""A risk score with visible parts. Pure integers, parts per million.

Each part lies in [0, 1 000 000]; the score is their weighted mean, rounded up, so that rounding never makes a
negotiation look safer. What is not known counts as the worst.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from parley.terms.documents import Part
from parley.terms.lists import Many, ShortText
from parley.terms.values import Amount, Count

PPM = 1_000_000
Tier = Literal["fast", "checked", "approval", "refuse"]
PartName = Literal["credibility", "sensitivity", "regulation", "value"]
PARTS: tuple[PartName, ...] = ("credibility", "sensitivity", "regulation", "value")
DataClass = Literal["public", "internal", "personal"]

Ppm = Annotated[int, Field(ge=0, le=PPM)]


class RiskModel(Part):
    """How a bundle scores risk. Weights are relative; `value_ceiling` (base units) is the price that
    counts as the whole risk of value; `exposed` and `trusted` jurisdictions count as all and none of the
    regulatory risk, any other as half. Thresholds are the lowest score of each tier.
    """

    weights: Mapping[PartName, Annotated[int, Field(ge=0, le=1_000)]]
    value_ceiling: Amount
    sensitivity: Mapping[DataClass, Ppm] = {"public": 0, "internal": 300_000, "personal": PPM}
    trusted: Many[ShortText] = ()
    exposed: Many[ShortText] = ()
    checked_from: Ppm = 300_000
    approval_from: Ppm = 600_000
    refuse_from: Ppm | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if set(self.weights) != set(PARTS):
            raise ValueError(f"weights names each of {', '.join(PARTS)}")
        if not any(self.weights.values()):
            raise ValueError("at least one weight must be above 0")
        if self.value_ceiling == 0:
            raise ValueError("value_ceiling must be above 0")
        if set(self.trusted) & set(self.exposed):
            raise ValueError("a jurisdiction is trusted or exposed, not both")
        steps = [
            self.checked_from,
            self.approval_from,
            *(() if self.refuse_from is None else (self.refuse_from,)),
        ]
        if steps != sorted(steps):
            raise ValueError("thresholds must not fall: checked_from, approval_from, refuse_from")
        return self


class Risk(Part):
    """The score with its parts (ppm), and the tier it leads to: the fast path, extra checks, approval,
    refusal.
    """

    score: Count
    parts: Mapping[PartName, Count]
    tier: Tier


def score(
    model: RiskModel,
    *,
    reputation_ppm: int | None,
    data_class: DataClass,
    jurisdiction: str | None,
    price: int,
) -> Risk:
    """The risk of a deal of `price` base units with a counterparty of this reputation and jurisdiction."""
    if jurisdiction is None or jurisdiction in model.exposed:
        regulation = PPM
    else:
        regulation = 0 if jurisdiction in model.trusted else PPM // 2
    parts: dict[PartName, int] = {
        "credibility": PPM - min(PPM, max(0, reputation_ppm or 0)),
        "sensitivity": model.sensitivity.get(data_class, PPM),
        "regulation": regulation,
        "value": min(PPM, -(-max(0, price) * PPM // model.value_ceiling)),
    }
    total = sum(model.weights.values())
    found = -(-sum(parts[name] * model.weights[name] for name in PARTS) // total)
    return Risk(score=found, parts=parts, tier=_tier(model, found))


def _tier(model: RiskModel, found: int) -> Tier:
    if model.refuse_from is not None and found >= model.refuse_from:
        return "refuse"
    if found >= model.approval_from:
        return "approval"
    return "checked" if found >= model.checked_from else "fast"
