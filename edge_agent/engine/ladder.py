"""The ladder TensorRT → CUDA → OpenVINO → CPU: loads a bundle on the best rung that computes the right thing.

A rung counts only after the golden samples gave the reference outputs on it. Every step down is
reported with its reason; on the last rung a difference is the bundle's fault and is raised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from edge_agent.engine.config import EngineConfig, Provider
from edge_agent.engine.session import OPENVINO, Probe, probe, session_factory
from edge_agent.errors import EngineError, EngineMissingError, GoldenMismatchError
from edge_agent.log import log, warn
from kits.core.bundle import Bundle
from kits.core.errors import BundleError, MachineError
from kits.core.ready import ReadyBundle, interleaved_ms, make_ready
from kits.core.runtime import Remembers, Session, SessionFactory

_TIMED_SAMPLES = 5
_CLEARLY = 0.9
_IN_FULL: dict[Provider, Provider] = {"openvino": "openvino-fp32"}
_BUILDS = 2
"""Engines built for one load at most, when they compute something else."""


@runtime_checkable
class Rebuildable(Protocol):
    """A session factory whose engines are built here, each a little different from the last."""

    def __call__(self, model: bytes) -> Session:
        """ONNX bytes → session."""

    def distrust(self, why: str) -> bool:
        """What it gave out is wrong; whether it may be built once more."""


class FactoryMaker(Protocol):
    """Makes the session factory of a rung."""

    def __call__(self, provider: Provider, *, kept_only: bool = False) -> SessionFactory:
        """`kept_only`: an engine that would have to be built is an EngineMissingError."""


@dataclass(frozen=True)
class Loaded:
    """A bundle that runs here and computes what its builder computed."""

    ready: ReadyBundle
    provider: Provider
    downgrades: tuple[str, ...] = ()
    waits_for_engine: bool = False
    """Whether a better rung only lacks an engine that was not to be built now."""

    @property
    def id(self) -> str:
        return self.ready.id


class Ladder:
    """Loads bundles.

    Args:
        cache_dir: holds TensorRT engines.
        prober: tells which providers may be tried.
        factories: makes the session factory of a rung.
    """

    def __init__(
        self,
        config: EngineConfig,
        cache_dir: Path,
        *,
        prober: Callable[[Provider], Probe] = probe,
        factories: FactoryMaker | None = None,
    ) -> None:
        self._config = config
        self._cache_dir = cache_dir
        self._prober = prober
        self._factories = factories or self._factory

    def _factory(self, provider: Provider, *, kept_only: bool = False) -> SessionFactory:
        if provider == "tensorrt":
            from edge_agent.engine.tensorrt import tensorrt_factory

            return tensorrt_factory(self._cache_dir, self._config, kept_only=kept_only)
        return session_factory(provider, self._config.threads)

    def load(self, bundle: Bundle, *, build: bool = True) -> Loaded:
        """The bundle on the best rung that works.

        Args:
            build: whether to build an engine that is not kept, which may take minutes.

        Raises:
            GoldenMismatchError: the last rung computes something else than the reference.
            BundleError: the kit is missing or the model cannot be loaded anywhere.
            EngineError: no rung may even be tried.
        """
        notes: list[str] = []
        failure: BundleError | MachineError | None = None
        waits = False
        for provider in self._rungs(bundle):
            found = self._prober(provider)
            if not found.usable:
                notes.append(f"{provider}: {found.reason}")
                continue
            try:
                ready = self._on_rung(bundle, provider, build=build)
            except (BundleError, MachineError) as error:
                warn("rung_failed", provider=provider, bundle=bundle.id[:12], error=error.what)
                notes.append(f"{provider}: {error.what}")
                waits |= isinstance(error, EngineMissingError)
                # without its frames, which would hold the session and its memory
                failure = error.with_traceback(None)
                continue
            chosen, ready = self._faster(bundle, provider, ready)
            log("bundle_loaded", bundle=bundle.id[:12], provider=chosen)
            return Loaded(_for_months(ready, keep_files=waits), chosen, tuple(notes), waits)
        if waits:
            return self.load(bundle)  # nothing else runs here: better late than never
        if isinstance(failure, BundleError | EngineError):
            raise failure
        raise EngineError("nothing here can run a model", where="; ".join(notes))

    def _rungs(self, bundle: Bundle) -> tuple[Provider, ...]:
        """Where a bundle may run: trees and bundles without a model know the CPU only, which is no step down.

        Nor is FP32 for models that bear nothing less. Where the configuration leaves the CPU out,
        everything is tried, and fails with its reason.
        """
        providers = tuple(self._config.providers)
        if bundle.full_precision:
            providers = tuple(dict.fromkeys(_IN_FULL.get(p, p) for p in providers))
        cpu_only = all(artefact.target == "cpu" for artefact in bundle.manifest.artefacts)
        return ("cpu",) if cpu_only and "cpu" in providers else providers

    def _faster(
        self, bundle: Bundle, provider: Provider, ready: ReadyBundle
    ) -> tuple[Provider, ReadyBundle]:
        """OpenVINO, or onnxruntime where the bundle's own INT8 for it is the faster one here.

        Which one wins depends on the processor (AMX, VNNI), so it is measured, not assumed.
        """
        rivals = provider in OPENVINO and "cpu" in self._config.providers
        if not rivals or all(a.target != "cpu" for a in bundle.manifest.artefacts):
            return provider, ready
        try:
            other = self._on_rung(bundle, "cpu", build=True)
        except (BundleError, MachineError) as error:
            warn("rung_failed", provider="cpu", bundle=bundle.id[:12], error=error.what)
            return provider, ready
        golden = bundle.golden.samples[:_TIMED_SAMPLES]
        contents = [(bundle.files[g.path], g.media_type) for g in golden]
        if not contents:
            return provider, ready
        ours, theirs = interleaved_ms([ready, other], contents)
        log("rungs_timed", bundle=bundle.id[:12], openvino_ms=ours, cpu_ms=theirs)
        return ("cpu", other) if theirs < _CLEARLY * ours else (provider, ready)

    def _on_rung(self, bundle: Bundle, provider: Provider, *, build: bool) -> ReadyBundle:
        if provider == "openvino" and not bundle.golden.samples:
            raise BundleError("no golden sample could prove a lower precision")
        for _ in range(_BUILDS):
            make = self._factories
            sessions = make(provider) if build else make(provider, kept_only=True)
            ready, complaints = _proved(bundle, sessions, provider)
            if not complaints:
                return ready
            del ready  # its memory goes back before another one is built
            what = (
                f"{len(complaints)} of {len(bundle.golden.samples)} golden samples differ"
                f" on {provider}: {complaints[0]}"
            )
            if not (isinstance(sessions, Rebuildable) and sessions.distrust(what)):
                break
            if not build:
                raise EngineMissingError(f"the kept engine was wrong: {what}")
        raise GoldenMismatchError(
            what, where=bundle.id[:12], fix="publish a bundle built for this device"
        )


def _for_months(ready: ReadyBundle, *, keep_files: bool) -> ReadyBundle:
    """With a memory where its kit has one, only now, as it was timed and proved without; without the models'
    bytes, unless a better engine is yet to be built from them.
    """
    runtime, bundle = ready.runtime, ready.bundle
    return replace(
        ready,
        runtime=runtime.remembering() if isinstance(runtime, Remembers) else runtime,
        bundle=bundle if keep_files else bundle.without_models(),
    )


def _proved(
    bundle: Bundle, sessions: SessionFactory, provider: Provider
) -> tuple[ReadyBundle, tuple[str, ...]]:
    """The bundle on a rung, and how its golden samples differ there."""
    try:
        ready = make_ready(bundle, sessions=sessions, target=provider)
        return ready, ready.check_golden()
    except (BundleError, MachineError):
        raise
    except (Exception, SystemExit) as error:  # a kit may fail in any way; that is an answer too
        what = f"the kit fails on {provider}: {type(error).__name__}: {error}"
        raise BundleError(what, where=bundle.id[:12]) from error
