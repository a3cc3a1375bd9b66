"""A domain of our own in the formats of other programs: a bicycle, by frame, gears and days to wait."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import yaml

GENIUSWEB_DOMAIN: dict[str, Any] = {
    "name": "bicycle",
    "issuesValues": {
        "Frame Colour": {"values": ["red", "vert-de-gris", "Größe L"]},
        "gears": {"values": ["1", "7", "21"]},
        "days": {"range": {"low": 2, "high": 14, "step": 2}},
        "tyre width": {"range": {"low": 1.5, "high": 2.5, "step": 0.25}},
    },
}


def geniusweb(**changes: Any) -> dict[str, Any]:
    """A profile; `changes` replace fields of the space."""
    space = {
        "issueUtilities": {
            "Frame Colour": {
                "DiscreteValueSetUtilities": {
                    "valueUtilities": {"red": 1.0, "vert-de-gris": 0.25, "Größe L": 0.123456}
                }
            },
            "gears": {"discreteutils": {"valueUtilities": {"7": 0.5, "21": 1, "1": 0}}},
            "days": {
                "NumberValueSetUtilities": {
                    "lowValue": 2,
                    "lowUtility": 1,
                    "highValue": 14,
                    "highUtility": 0.1,
                }
            },
            "tyre width": {
                "numberutils": {"lowValue": 1.5, "lowUtility": 0, "highValue": 2.5, "highUtility": 0.8}
            },
        },
        "issueWeights": {"Frame Colour": 0.4, "gears": 0.3, "days": 0.2, "tyre width": 0.1},
        "domain": copy.deepcopy(GENIUSWEB_DOMAIN),
        "name": "rider",
    }
    return {"LinearAdditiveUtilitySpace": {**space, **changes}}


NEGMAS_DOMAIN = """
name: bicycle
type: CartesianOutcomeSpace
issues:
- {name: colour, type: CategoricalIssue, values: [red, yes, no]}
- name: gears
  type: negmas.outcomes.contiguous_issue.ContiguousIssue
  values: [1, 10]
- {name: level, type: ContinuousIssue, values: [0.0, 1.0], n_levels: 5}
"""

NEGMAS_PROFILE = """
type: LinearAdditiveUtilityFunction
name: rider
reserved_value: -.inf
values:
- type: TableFun
  mapping: {red: 0.5, yes: 1.0, no: 0}
- {type: AffineFun, slope: 0.1, bias: 0}
- {type: IdentityFun}
weights: [0.5, 0.3, 0.2]
"""


def negmas(**changes: Any) -> dict[str, Any]:
    """The profile as a tree of texts, as it is read; `changes` replace fields."""
    return {**yaml.load(NEGMAS_PROFILE, Loader=yaml.BaseLoader), **changes}


GENIUS_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<utility_space number_of_issues="2">
  <objective index="1" name="bicycle" type="objective">
    <weight index="1" value="0.75"/>
    <weight index="2" value="0.25"/>
    <issue index="1" name="gears" type="discrete" vtype="discrete">
      <item index="1" value="one" evaluation="5"/>
      <item index="2" value="many" evaluation="20"/>
    </issue>
    <issue index="2" name="days" type="integer" vtype="integer" lowerbound="3" upperbound="12">
      <evaluator ftype="linear" offset="0.1" slope="0.1"/>
    </issue>
  </objective>
  <discount_factor value="0.8"/>
  <reservation value="0.25"/>
</utility_space>
"""


def put(folder: Path, name: str, content: Any) -> Path:
    """Writes a text, or a tree as JSON or YAML by the ending of the name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif path.suffix == ".json":
        path.write_text(json.dumps(content), encoding="utf-8")
    else:
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path
