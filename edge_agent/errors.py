"""Errors of the agent that a user can fix, as a tree below `kits.core.errors`.

kits.core.errors.KitwrightError
├── ConfigError
│   └── AgentConfigError       agent.yaml is wrong
├── MachineError
│   ├── SourceError            the source of samples cannot be opened at all
│   ├── AlreadyRunningError    another agent holds the state folder
│   ├── NoRoomError            the disk has no room for a bundle
│   └── EngineError            no engine of the ladder can run this model here
│       ├── EngineMissingError it is not kept here and was not to be built now
│       └── EngineUnfitError   its file is of no use to this GPU or this TensorRT
├── BundleError
│   ├── UntrustedBundleError   signature, project or release counter refuse the bundle
│   ├── MetadataError          the hub's signed metadata cannot be believed now
│   └── GoldenMismatchError    this machine computes something else than the builder's machine
└── UnreachableError
    ├── HubUnreachableError    the hub does not answer, or refuses
    │   ├── LongAnswerError    it answers with more bytes than it may
    │   └── ReportRefusedError it does not understand one report, and never will
    ├── EnrolmentError         the one-time token is used, expired or unknown
    └── MailboxError           the mail server does not do what is needed
        ├── MailboxLostError   the connection to it is of no use any more
        ├── MailboxLoginError  it does not let us in
        └── MailboxRefusedError  it says no to one request
            ├── MailboxFullError  because the mailbox is full
            └── MailboxBusyError  for now: it is overloaded or out of order
"""

from __future__ import annotations

from kits.core.errors import BundleError, ConfigError, MachineError, UnreachableError


class AgentConfigError(ConfigError):
    """agent.yaml is wrong."""


class SourceError(MachineError):
    """The source of samples cannot be opened at all."""


class AlreadyRunningError(MachineError):
    """Another agent holds the state folder."""


class NoRoomError(MachineError):
    """The disk has no room for a bundle."""


class EngineError(MachineError):
    """No engine of the ladder can run this model here."""


class EngineMissingError(EngineError):
    """The engine is not kept here and was not to be built now."""


class EngineUnfitError(EngineError):
    """An engine's file is of no use to this GPU or this TensorRT, whatever else is in order."""


class UntrustedBundleError(BundleError):
    """Signature, project or release counter refuse the bundle."""


class MetadataError(BundleError):
    """The hub's signed metadata cannot be believed now; no word against the bundle itself."""


class GoldenMismatchError(BundleError):
    """This machine computes something else than the builder's machine."""


class HubUnreachableError(UnreachableError):
    """The hub does not answer, or refuses."""


class LongAnswerError(HubUnreachableError):
    """The hub answers with more bytes than it may."""


class ReportRefusedError(HubUnreachableError):
    """The hub does not understand one report: to tell it again would not help."""


class EnrolmentError(UnreachableError):
    """The one-time token is used, expired or unknown."""


class MailboxError(UnreachableError):
    """The mail server does not do what is needed."""


class MailboxLostError(MailboxError):
    """The connection to the mail server is of no use any more; a new one may be."""


class MailboxLoginError(MailboxError):
    """The mail server does not let us in: password, token or TLS."""


class MailboxRefusedError(MailboxError):
    """The mail server says no to one request; the connection goes on."""


class MailboxFullError(MailboxRefusedError):
    """The mail server says no because the mailbox is over its quota; it says yes once there is room."""


class MailboxBusyError(MailboxRefusedError):
    """The mail server says no for now: it throttles, or is out of order."""
