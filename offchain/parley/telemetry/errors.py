"""What telemetry refuses."""

from __future__ import annotations

from parley.errors import ParleyError


class TelemetryInvalid(ParleyError):
    """A setting of traces, metrics or logs cannot be used. `values`: `setting`."""

    code = "telemetry.invalid"
    next_action = "Correct the setting named in values, or leave it out: nothing depends on telemetry."
