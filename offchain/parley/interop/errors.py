"""What can be wrong with a file of another program."""

from __future__ import annotations

from typing import ClassVar

from parley.errors import ParleyError


class InteropError(ParleyError):
    """Base of every error of `parley.interop`. `values` name the `file` where one was read."""

    code = "interop"
    status: ClassVar[int] = 422


class SourceUnreadable(InteropError):
    """No such file or folder, or it cannot be read. `values`: `file`, `problem`."""

    code = "interop.source-unreadable"
    next_action = "Give the path of a domain file, a profile file, or a folder of them."


class SourceMalformed(InteropError):
    """Not JSON, YAML or XML, or not in the form of its format. `values`: `file`, `at`, `problem`."""

    code = "interop.source-malformed"
    next_action = "Correct the file at the named place."


class SourceTooLarge(InteropError):
    """More bytes, levels, entries or files than are read. `values`: `file`, `what`, `limit`."""

    code = "interop.source-too-large"
    status = 413
    next_action = "Give a smaller file; no known domain comes near the limits."


class FormatUnknown(InteropError):
    """Nothing that is read here. `values`: `file`."""

    code = "interop.format-unknown"
    next_action = "Give Parley, GeniusWeb (JSON), NegMAS (YAML or JSON) or Genius (XML) files."


class NotSupported(InteropError):
    """A feature of the format that has no exact form here. `values`: `file`, `feature`, `at`."""

    code = "interop.not-supported"
    next_action = "Replace the named feature, or leave this domain out."


class NumberUnfit(InteropError):
    """Not a finite decimal number in range: NaN, an infinity, or absurdly many digits. `values`: `at`,
    `value`.
    """

    code = "interop.number-unfit"
    next_action = "Write a finite decimal number there."


class NamesMismatch(InteropError):
    """A profile speaks of other issues or values than its domain. `values`: `issue`, `missing`, `unknown`."""

    code = "interop.names-mismatch"
    next_action = "Give the profile the issues and values of its domain, or the domain those of the profile."


class ExportUnsupported(InteropError):
    """Something of a document that the other format cannot say. `values`: `feature`, `at`."""

    code = "interop.export-unsupported"
    next_action = "Keep the document in Parley's own format, or leave the named feature out of a copy."
