"""How HubSpot lets a request in, and how it words what it refuses: keys, scopes, its limit of requests, tokens."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import JsonValue

from cloud_sync.crm.simulator.answering import ApiError, Body, Query
from cloud_sync.crm.simulator.hubspot.vendor import HubSpot, scope
from cloud_sync.crm.simulator.values import Fields

DATES = ("2026-03", "2026-09")
"""Versions of its API that are supported."""
_CORRELATION = "aeb5f871-7f07-4993-9211-075dc63e7cbf"


class HubSpotError(ApiError):
    """An error as HubSpot words it."""

    def __init__(self, status: int, category: str, message: str, **more: JsonValue) -> None:
        body: Fields = {
            "status": "error",
            "message": message,
            "correlationId": _CORRELATION,
            "category": category,
            **more,
        }
        super().__init__(status, body)


def admit(vendor: HubSpot, request: Request, right: str) -> dict[str, str]:
    """Who asks, how often, and whether it may; headers of the answer.

    Raises:
        HubSpotError: it may not.
    """
    if request.path_params.get("version", DATES[-1]) not in DATES:
        raise HubSpotError(404, "OBJECT_NOT_FOUND", "resource not found")
    tokens, state = vendor.state.tokens, vendor.state
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not tokens.good(token):
        if tokens.known(token):
            raise HubSpotError(
                401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired 1 second(s) ago."
            )  # fmt: skip
        raise HubSpotError(
            401, "INVALID_AUTHENTICATION",
            "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more"
            " details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        )  # fmt: skip
    budget = state.limiter.take()
    if budget.wait_s:
        raise HubSpotError(
            429, "RATE_LIMITS", "You have reached your ten_secondly_rolling limit.",
            errorType="RATE_LIMIT", policyName="TEN_SECONDLY_ROLLING",
        )  # fmt: skip
    search = request.url.path.endswith("/search")
    if budget.limit and search and vendor.searches.take().wait_s:
        raise HubSpotError(
            429, "RATE_LIMITS", "You have reached your secondly limit.",
            errorType="RATE_LIMIT", policyName="SECONDLY",
        )  # fmt: skip
    kind = request.path_params.get("kind", vendor.thing)
    if kind not in (vendor.thing, vendor.about.number):
        raise HubSpotError(400, "VALIDATION_ERROR", f"Unable to infer object type from: {kind}")
    needed = right if right.startswith("crm.") else scope(vendor.thing, right)
    if right and needed not in state.rights:
        raise HubSpotError(
            403, "MISSING_SCOPES",
            "This app hasn't been granted all required scopes to make this call. Read more about required scopes"
            " here: https://developers.hubspot.com/scopes.",
            errors=[{
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": [needed]},
            }],
        )  # fmt: skip
    if search or not budget.limit:  # of searches it does not say how many are left
        return {}
    return {
        "X-HubSpot-RateLimit-Max": str(budget.limit),
        "X-HubSpot-RateLimit-Remaining": str(budget.left),
        "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(budget.window_s * 1000)),
    }


def token(vendor: HubSpot, body: Body, _query: Query) -> JSONResponse:
    """An access token for the refresh token."""
    known = vendor.state.secrets.api
    names = ("client_id", "client_secret", "refresh_token")
    if any(not known.get(name) or body.get(name) != known[name] for name in names):
        said = "missing or invalid refresh token"
        return JSONResponse({"status": "BAD_REFRESH_TOKEN", "message": said}, 400)
    return JSONResponse({
        "token_type": "bearer", "refresh_token": known["refresh_token"],
        "access_token": vendor.state.tokens.grant(), "expires_in": int(vendor.state.tokens.life_s),
    })  # fmt: skip
