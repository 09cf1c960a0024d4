"""All tables of the hub, as typed classes. Rows only: rules live in the modules that use them.

Devices, projects, samples and bundles are named by their own identity (name, id, digest), so rows
read like the wire formats. Times are aware UTC (`types.UtcDateTime`). Tokens and passwords are
stored as hashes only.
"""

from cloud_sync.store.models.cases import Asset, Case, CaseTransition
from cloud_sync.store.models.crm import (
    CrmConnection,
    CrmEvent,
    CrmLead,
    CrmObjection,
    CrmProcess,
    CrmScore,
    LeadModel,
)
from cloud_sync.store.models.devices import Device, DeviceCertificate, DeviceToken, EnrollToken
from cloud_sync.store.models.effects import Effect, EffectTarget, InboundMessage
from cloud_sync.store.models.intake import (
    Alert,
    Blob,
    BlobPart,
    BootClock,
    Epoch,
    Event,
    Gap,
    LooseBlob,
    Quarantine,
    Sample,
    SealedBlock,
)
from cloud_sync.store.models.lead_words import CrmLeadWords
from cloud_sync.store.models.learning import (
    Annotation,
    Dataset,
    Job,
    Project,
    Review,
    WithdrawnBundle,
)
from cloud_sync.store.models.mails import (
    MailDraft,
    MailErasure,
    MailGate,
    MailLogEntry,
    MailWho,
)
from cloud_sync.store.models.people import ApiToken, AuditLog, Person, Setting, WebSession
from cloud_sync.store.models.releases import Bundle, Deployment, Release, Rollout, TufMetadata

__all__ = [
    "Alert",
    "Annotation",
    "ApiToken",
    "Asset",
    "AuditLog",
    "Blob",
    "BlobPart",
    "BootClock",
    "Bundle",
    "Case",
    "CaseTransition",
    "CrmConnection",
    "CrmEvent",
    "CrmLead",
    "CrmLeadWords",
    "CrmObjection",
    "CrmProcess",
    "CrmScore",
    "Dataset",
    "Deployment",
    "Device",
    "DeviceCertificate",
    "DeviceToken",
    "Effect",
    "EffectTarget",
    "EnrollToken",
    "Epoch",
    "Event",
    "Gap",
    "InboundMessage",
    "Job",
    "LeadModel",
    "LooseBlob",
    "MailDraft",
    "MailErasure",
    "MailGate",
    "MailLogEntry",
    "MailWho",
    "Person",
    "Project",
    "Quarantine",
    "Release",
    "Review",
    "Rollout",
    "Sample",
    "SealedBlock",
    "Setting",
    "TufMetadata",
    "WebSession",
    "WithdrawnBundle",
]
