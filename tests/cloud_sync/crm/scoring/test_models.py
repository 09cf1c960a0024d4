"""A bundle scores leads here once its golden samples pass here; the one before is kept for the way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cloud_sync.crm.leads import lots
from cloud_sync.crm.scoring.loaded import MAX_LOADED
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.crm.scoring.models import REFUSED, LeadModels
from cloud_sync.crm.scoring.projects import only_project
from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.learning import freezing, retraining
from cloud_sync.learning.champions import (
    NEEDS_SIGNATURE,
    champion_of,
    check_approvable,
    register_challenger,
)
from cloud_sync.store.models import Alert, Bundle, LeadModel, Project, Release
from kits.core.bundle import Bundle as CoreBundle
from kits.core.bundle import bundle_id
from kits.core.errors import BundleError, GateError
from kits.core.ready import ReadyBundle
from kits.core.sample import utc_now
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    lead_bundle,
    lead_hub,
    make_rule,
    release_bundle,
)
from tests.cloud_sync.crossing import meanwhile
from tests.cloud_sync.fleet_builders import make_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        yield hub


def row(hub: Hub) -> LeadModel:
    with hub.database.session() as session:
        return session.get_one(LeadModel, LEADS)


def open_alerts(hub: Hub) -> list[Alert]:
    with hub.database.session() as session:
        return list(session.scalars(select(Alert).where(Alert.seen_at.is_(None))))


def of_another_version(bundle: CoreBundle) -> ReadyBundle:
    raise BundleError("the bundle's config is malformed", where=bundle.id[:12])


def withdraw(hub: Hub, bundle: str, champion: str = "") -> None:
    """As the engineer's signed list has it."""
    with hub.database.transaction() as session:
        session.execute(
            update(Release).where(Release.bundle == bundle).values(withdrawn_at=utc_now())
        )
        session.execute(update(Bundle).values(champion=False))
        session.execute(update(Bundle).where(Bundle.id == champion).values(champion=True))


def test_the_released_bundle_takes_effect_by_itself(hub: Hub) -> None:
    models = LeadModels(hub, make=make_rule)
    with pytest.raises(NotFoundError, match="no such project of leads"):
        models.current(LEADS)
    first = release_bundle(hub, lead_bundle(1))
    assert models.current(LEADS).id == first
    second = release_bundle(hub, lead_bundle(2, 2.0))
    assert models.current(LEADS).id == first  # until somebody looks
    assert models.look(LEADS) and not models.look(LEADS)
    assert models.current(LEADS).id == second and row(hub).previous == first


def test_a_bundle_that_computes_something_else_here_is_refused_and_told(hub: Hub) -> None:
    models = LeadModels(hub, make=make_rule)
    first = release_bundle(hub, lead_bundle(1))
    assert models.look(LEADS)
    bad = release_bundle(hub, lead_bundle(2, golden_score=0.9))
    assert not models.look(LEADS) and not models.look(LEADS)
    assert models.current(LEADS).id == first and "golden samples differ" in str(
        row(hub).refused[bad]
    )
    with hub.database.session() as session:
        assert session.scalars(select(Alert.name)).all() == [REFUSED]
    third = release_bundle(hub, lead_bundle(3))
    assert models.look(LEADS) and models.current(LEADS).id == third
    with hub.database.session() as session:
        assert session.scalar(select(Alert.id).where(Alert.seen_at.is_(None))) is None


def test_a_bundle_in_force_that_cannot_be_loaded_any_more_is_told_until_it_can(hub: Hub) -> None:
    taken = release_bundle(hub, lead_bundle())
    assert LeadModels(hub, make=make_rule).look(LEADS)

    models = LeadModels(hub, make=of_another_version)
    for _ in range(2):
        with pytest.raises(BundleError):
            models.current(LEADS)
    [told] = open_alerts(hub)
    assert (told.name, told.where) == (REFUSED, taken[:12])
    assert "its leads wait" in told.text and "malformed" in told.text
    assert LeadModels(hub, make=make_rule).current(LEADS).id == taken
    assert not open_alerts(hub)


def test_leads_wait_for_a_bundle_that_cannot_be_loaded(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as made:
        made.crm.put("1", size=50)
        made.due("1")
        made.models.current(LEADS)
        models = LeadModels(made.hub, make=of_another_version)
        waiting = LeadScoring(made.hub, models, lambda _: made.crm, now=made.clock)
        assert waiting.step() == 0 and made.crm.asked == []
        assert made.scoring.step() == 1


def test_the_way_back_holds_until_somebody_goes_forward(hub: Hub) -> None:
    models = LeadModels(hub, make=make_rule)
    first = release_bundle(hub, lead_bundle(1))
    models.look(LEADS)
    with pytest.raises(ConflictError):
        models.back(LEADS, by="ada")
    second = release_bundle(hub, lead_bundle(2, 2.0))
    models.look(LEADS)
    assert models.back(LEADS, by="ada") == first == models.current(LEADS).id
    assert not models.look(LEADS)
    assert models.forward(LEADS, by="ada") and models.current(LEADS).id == second
    with pytest.raises(NotFoundError):
        models.back("nothing", by="ada")


def test_a_bundle_that_is_released_again_is_not_the_one_before_itself(hub: Hub) -> None:
    """Else the way back leads to where one is, and has all leads scored anew."""
    models = LeadModels(hub, make=make_rule)
    first = release_bundle(hub, lead_bundle(1))
    models.look(LEADS)
    withdraw(hub, first)
    models.look(LEADS)
    with pytest.raises(NotFoundError, match="in force any more") as caught:
        models.current(LEADS)
    assert f"kit release {first[:12]} --hub" in caught.value.fix
    with hub.database.transaction() as session:
        again = Release(target=f"{LEADS}/2", project=LEADS, release=2, bundle=first)
        session.add(again)
        session.execute(update(Bundle).where(Bundle.id == first).values(champion=True))
    assert models.look(LEADS) and models.current(LEADS).id == first
    assert row(hub).previous == ""
    with pytest.raises(ConflictError, match="no bundle was in force before"):
        models.back(LEADS, by="ada")


def test_the_bundle_to_beat_is_the_one_in_service_also_after_going_back(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = LeadModels(hub, make=make_rule)
    first = release_bundle(hub, lead_bundle(1))
    models.look(LEADS)
    second = release_bundle(hub, lead_bundle(2, 2.0))
    assert beaten(hub) == second, "it takes effect in a moment"
    models.look(LEADS)
    won = lead_bundle(3, 1.5)
    register_challenger(hub, won, LEADS, {"better": True}, by="job", beaten=second)
    assert [one.name for one in open_alerts(hub)] == [NEEDS_SIGNATURE]
    models.back(LEADS, by="ada")
    assert beaten(hub) == first and not open_alerts(hub)
    with (
        hub.database.session() as session,
        pytest.raises(GateError, match="never compared with version 1 "),
    ):
        check_approvable(session, bundle_id(won))
    monkeypatch.setattr(freezing, "current", lambda *_, **__: (None, {}))
    start = retraining._prepare(hub, LEADS, "ada")
    assert start.champion_id == first and start.belongings == b"2", "as it was published last"
    models.forward(LEADS, by="ada")
    assert beaten(hub) == second
    third = release_bundle(hub, lead_bundle(4, golden_score=0.9))
    assert beaten(hub) == third
    models.look(LEADS)
    assert beaten(hub) == second, "the hub refused the newer one"
    models.back(LEADS, by="ada")
    withdraw(hub, first, champion=third)
    assert beaten(hub) == third, "none that was withdrawn"


def beaten(hub: Hub) -> str:
    """The bundle that a challenger has to beat."""
    with hub.database.session() as session:
        found = champion_of(session, LEADS)
    return found.id if found is not None else ""


def test_a_withdrawn_bundle_scores_no_more_even_when_it_is_held(hub: Hub) -> None:
    models = LeadModels(hub, make=make_rule)
    first = release_bundle(hub, lead_bundle(1))
    models.look(LEADS)
    second = release_bundle(hub, lead_bundle(2))
    models.look(LEADS)
    models.back(LEADS, by="ada")
    withdraw(hub, first, champion=second)
    assert models.look(LEADS) and models.current(LEADS).id == second
    with pytest.raises(ConflictError, match="withdrawn"):
        models.back(LEADS, by="ada")
    withdraw(hub, second)
    models.look(LEADS)
    with pytest.raises(NotFoundError):
        models.current(LEADS)


def test_a_bundle_is_loaded_once_and_few_are_kept(hub: Hub) -> None:
    made: list[str] = []

    def counting(bundle: CoreBundle) -> ReadyBundle:
        made.append(bundle.id)
        return make_rule(bundle)

    models = LeadModels(hub, make=counting)
    for version in range(1, MAX_LOADED + 3):
        release_bundle(hub, lead_bundle(version))
        models.look(LEADS)
    assert len(made) == MAX_LOADED + 2
    for _ in range(5):
        models.current(LEADS)
    assert len(made) == MAX_LOADED + 2
    models.back(LEADS, by="ada")
    models.current(LEADS)
    assert len(made) == MAX_LOADED + 2  # the one before is still there


def test_the_project_is_the_one_named_or_the_only_one(hub: Hub) -> None:
    with hub.database.session() as session, pytest.raises(NotFoundError, match="no project"):
        only_project(session)
    release_bundle(hub, lead_bundle())
    with hub.database.transaction() as session:
        assert only_project(session) == only_project(session, LEADS) == LEADS
        session.add(Project(name="other", kit="lead-scoring"))
        session.flush()
        with pytest.raises(NotFoundError, match="several"):
            only_project(session)
        with pytest.raises(NotFoundError, match="no such"):
            only_project(session, "line-1")


def test_a_release_that_is_withdrawn_while_it_is_tried_does_not_take_effect(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = LeadModels(hub, make=make_rule)
    first = release_bundle(hub, lead_bundle(1))
    models.look(LEADS)
    second = release_bundle(hub, lead_bundle(2))
    meanwhile(monkeypatch, lots, "stated", lambda: withdraw(hub, second, champion=first))
    assert not models.look(LEADS)
    assert row(hub).bundle == first and row(hub).previous == ""


def test_who_goes_back_while_a_release_is_tried_is_not_overruled(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = LeadModels(hub, make=make_rule)
    for version in (1, 2):
        bundle = release_bundle(hub, lead_bundle(version))
        models.look(LEADS)
    release_bundle(hub, lead_bundle(3))

    def there_and_back() -> None:
        models.back(LEADS, by="ada")
        models.back(LEADS, by="ada")

    meanwhile(monkeypatch, lots, "stated", there_and_back)
    assert not models.look(LEADS)
    assert (row(hub).bundle, row(hub).held) == (bundle, True)
