"""Reconcile one application: what should be, what is, what to do about it, and one status write."""

from __future__ import annotations

from common.core.annotations import SKIP_RECONCILE
from common.core.errors import ClusterError, GitError, InvalidInput, RenderError, Retryable
from common.core.keys import AppKey, Object
from common.core.model.application import read_application
from common.core.policy import Refresh, refresh_asked
from common.operations import conclude, finalize
from common.operations.bundle import Ports
from common.operations.compare import STAMPS
from common.operations.desired_state import desired_state, resolve_sources
from common.operations.echo import Echo
from common.operations.fleet import Fleet
from common.operations.look import kept_stamps, look
from common.operations.operate import BEGUN, choose, operate
from common.operations.render import INPUTS
from common.operations.status_write import Overtaken, reread
from common.operations.turn import Turn
from common.ports import Kind


def application(
    ports: Ports, fleet: Fleet, key: AppKey, kinds: Kind, echo: Echo | None = None
) -> float | None:
    """Do everything for one application that can be done now; the seconds until the next look.

    None when only an event, a request or a new commit makes another look worth while. `echo` is told what
    was known of its objects at the end.

    Raises:
        Overtaken: it was changed meanwhile; look again at once.
        Retryable: something outside cannot answer now.
    """
    raw = _find(ports, key)
    if raw is None:
        _forget(ports, key)
        return None
    reading = read_application(raw)
    app = reading.application
    if app.annotations.get(SKIP_RECONCILE) == "true":
        return None
    turn = Turn(ports=ports, fleet=fleet, app=app, now=ports.clock.now(), kinds=kinds)
    try:
        if app.deleting:
            return finalize.advance(turn)
        if reading.errors:
            raise InvalidInput.of(reading.errors)
        return _reconcile(turn, echo)
    except RenderError as error:  # a manifest's InvalidInput is none of the spec
        return conclude.not_comparable(turn, error)
    except InvalidInput as error:
        return conclude.invalid(turn, error)
    except GitError as error:
        return conclude.not_comparable(turn, error)
    except Retryable as error:
        if isinstance(error, ClusterError) and conclude.is_about_destination(turn, error):
            return conclude.not_comparable(turn, error)
        raise
    except ClusterError as error:
        return conclude.not_comparable(turn, error)


def _find(ports: Ports, key: AppKey) -> Object | None:
    """The Application; asked for when absence is not proven."""
    raw = ports.applications.get(key)
    if raw is None and not ports.applications.complete():
        try:
            return reread(ports, key)
        except Overtaken:
            return None
    return raw


def _forget(ports: Ports, key: AppKey) -> None:
    """It is gone: nothing of it is kept but what its digests share with others."""
    ports.facts.drop(STAMPS, [str(key)])
    ports.facts.drop(INPUTS, [str(key)])
    ports.facts.drop(BEGUN, [str(key)])
    ports.facts.drop(conclude.HEALTHY_SINCE, [str(key)])


def _reconcile(turn: Turn, echo: Echo | None) -> float | None:
    place = turn.fleet.place(turn.app)
    cluster = turn.connect(place)
    refresh = refresh_asked(turn.app.raw)
    hard = refresh is Refresh.HARD or Kind.HARD in turn.kinds
    again = hard or refresh is not None or Kind.FETCH in turn.kinds
    sources, facts = resolve_sources(turn, turn.app.spec.effective_sources, ask_again=again)
    state = desired_state(turn, place, cluster, sources, facts, hard=hard)
    seen = look(turn, cluster, state.desired, stamps=kept_stamps(turn))
    chosen = choose(turn, seen, state)
    operated = None
    if chosen.running is not None:
        operated = operate(turn, place, cluster, chosen.running, seen, state)
    due_in = conclude.write(turn, place, state, seen, chosen, operated, asked=refresh)
    if echo is not None:
        echo.note(place.access.id, turn.owner, seen.view)
    return due_in
