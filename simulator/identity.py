"""Where tokens come from: managed identities (App Service form and IMDS) and client credentials."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from simulator import clock
from simulator.access import Principal
from simulator.routes import Routes
from simulator.subscriptions import home_tenant
from simulator.tokens import LIFETIME_S, Signer
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

LOOPBACK = r"127\.0\.0\.1|localhost"
IMDS = r"169\.254\.169\.254"
LOGIN = r"login\.microsoftonline\.com|login\.windows\.net|login\.microsoft\.com"
_NAMED_BY = {
    "client_id": "client_id",
    "mi_res_id": "resource_id",
    "msi_res_id": "resource_id",
    "principal_id": "object_id",
    "object_id": "object_id",
}
"""Query parameter that picks a user-assigned identity -> key of `identities` in world.json."""


@dataclass(frozen=True)
class Issuer:
    """What this run's identity endpoints know: the secret of IDENTITY_HEADER, and the signing key."""

    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    signer: Signer = field(default_factory=Signer)

    def routes(self) -> Routes:
        routes = Routes()
        self._on(routes, LOOPBACK, "GET", "/msi/token", self._app_service)
        self._on(routes, LOOPBACK, "POST", "/msi/token", self._app_service)
        self._on(routes, IMDS, "GET", "/metadata/identity/oauth2/token", self._imds)
        self._on(routes, LOGIN, "GET", "/common/discovery/instance", _instance)
        for version in ("", "/v2.0"):
            self._on(routes, LOGIN, "GET", f"/{{tenant}}{version}/.well-known/openid-configuration", _openid)
            self._on(routes, LOGIN, "GET", f"/{{tenant}}/discovery{version}/keys", self._keys)
        self._on(routes, LOGIN, "POST", "/{tenant}/oauth2/v2.0/token", self._client_credentials)
        self._on(routes, LOGIN, "POST", "/{tenant}/oauth2/token", self._client_credentials)
        return routes

    def _on(self, routes: Routes, host: str, method: str, pattern: str, handler: Any) -> None:
        name = "identity/token" if pattern.endswith("token") else "identity/discovery"
        routes.on(method, pattern, name, scope="", since="", open=True, host=host)(handler)

    def _app_service(self, world: World, request: Request) -> Response:
        if not secrets.compare_digest(request.headers.get("x-identity-header", ""), self.secret):
            return _app_service_refusal(401, "The X-IDENTITY-HEADER header is missing or wrong.")
        asked = {**request.query, **_form(request)}
        if not asked.get("resource"):
            return _app_service_refusal(400, "The resource parameter is missing.")
        caller = _managed(world, asked)
        if caller is None:
            return _app_service_refusal(
                400,
                "No User Assigned or Delegated Managed Identity found for specified "
                "ClientId/ResourceId/PrincipalId.",
            )
        return Response(200, self._managed_token(caller, asked["resource"]))

    def _imds(self, world: World, request: Request) -> Response:
        if request.headers.get("metadata", "").lower() != "true":
            return _oauth_refusal("invalid_request", "Required metadata header not specified")
        resource = request.query.get("resource", "")
        if not resource:
            return _oauth_refusal("invalid_request", "Required query variable 'resource' is missing")
        caller = _managed(world, request.query)
        if caller is None:
            return _oauth_refusal("invalid_request", "Identity not found")
        body = self._managed_token(caller, resource)
        return Response(200, {**body, "expires_in": str(LIFETIME_S), "ext_expires_in": str(LIFETIME_S)})

    def _managed_token(self, caller: Principal, resource: str) -> dict[str, str]:
        now = int(clock.now())
        return {
            "access_token": self.signer.token(caller, resource),
            "client_id": caller.client_id,
            "expires_on": str(now + LIFETIME_S),
            "not_before": str(now),
            "resource": resource,
            "token_type": "Bearer",
        }

    def _client_credentials(self, world: World, request: Request, tenant: str) -> Response:
        form = _form(request)
        grant, client = form.get("grant_type", ""), form.get("client_id", "")
        if grant != "client_credentials":
            raise RefusedError(
                501, "NotSimulated", f"the simulator grants client_credentials only, got {grant!r}"
            )
        if not client:
            text = "The request body must contain the following parameter: 'client_id'."
            return _entra_refusal(400, "invalid_request", 900144, text)
        caller = _client(world, tenant, client, form.get("client_secret", ""))
        if isinstance(caller, Response):
            return caller
        audience = form.get("resource") or form.get("scope", "").removesuffix("/.default")
        token = self.signer.token(caller, audience)
        lasts = {"expires_in": LIFETIME_S - 1, "ext_expires_in": LIFETIME_S - 1}
        return Response(200, {"token_type": "Bearer", **lasts, "access_token": token})

    def _keys(self, world: World, request: Request, tenant: str) -> Response:
        return Response(200, self.signer.keys())


def check_identities(known: Any) -> None:
    """Raises ValueError where `identities` of world.json is no list of identities."""
    names = {"client_id", "object_id", "resource_id", "secret", "tenant", "system"}
    for number, one in enumerate(known if isinstance(known, list) else [known]):
        if not isinstance(one, dict) or "client_id" not in one or set(one) - names:
            raise ValueError(
                f"world.json: identities[{number}]: expected an object with client_id and any of "
                f"{', '.join(sorted(names))}, got {one!r:.80}"
            )


def _managed(world: World, asked: Mapping[str, str]) -> Principal | None:
    """The system-assigned identity, or the user-assigned one that is asked for; a stranger is None."""
    picks = [(_NAMED_BY[name], value.lower()) for name, value in asked.items() if name in _NAMED_BY]
    known = world.known.identities
    if not picks:
        system = next((one for one in known if one.get("system")), None)
        return _principal(world, system or {"client_id": _made("system")})
    key, value = picks[0]
    for one in known:
        if str(one.get(key, "")).lower() == value:
            return _principal(world, one)
    if known:
        return None
    return _principal(world, {key: value, "client_id": value if key == "client_id" else _made(value)})


def _client(world: World, tenant: str, client: str, secret: str) -> Principal | Response:
    """With no `identities` in world.json any client is somebody."""
    home = tenant if _is_guid(tenant) else home_tenant(world)
    if not world.known.identities:
        return _principal(world, {"client_id": client, "tenant": home})
    for one in world.known.identities:
        if str(one["client_id"]).lower() == client.lower() and one.get("tenant", home) == home:
            if one.get("secret", secret) == secret:
                return _principal(world, one)
            text = (
                "Invalid client secret provided. Ensure the secret being sent in the request is the "
                f"client secret value, not the client secret ID, for a secret added to app '{client}'."
            )
            return _entra_refusal(401, "invalid_client", 7000215, text)
    text = (
        f"Application with identifier '{client}' was not found in the directory '{tenant}'. This can "
        "happen if the application has not been installed by the administrator of the tenant or "
        "consented to by any user in the tenant."
    )
    return _entra_refusal(400, "unauthorized_client", 700016, text)


def _principal(world: World, one: Mapping[str, Any]) -> Principal:
    client = str(one["client_id"])
    return Principal(
        tenant=str(one.get("tenant") or home_tenant(world)),
        object_id=str(one.get("object_id") or _made(f"object of {client}")),
        client_id=client,
    )


def _made(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"identity:{name}"))


def _is_guid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode("utf-8", "replace")))


def _app_service_refusal(status: int, message: str) -> Response:
    return Response(status, {"statusCode": status, "message": message})


def _oauth_refusal(error: str, description: str) -> Response:
    return Response(400, {"error": error, "error_description": description})


def _entra_refusal(status: int, error: str, code: int, text: str) -> Response:
    at, trace = clock.stamp(clock.now(), digits=0).replace("T", " "), str(uuid.uuid4())
    body = {
        "error": error,
        "error_description": (
            f"AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {trace} Timestamp: {at}"
        ),
        "error_codes": [code],
        "timestamp": at,
        "trace_id": trace,
        "correlation_id": trace,
        "error_uri": f"https://login.microsoftonline.com/error?code={code}",
    }
    return Response(status, body)


def _instance(world: World, request: Request) -> Response:
    aliases = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    home = f"{request.base}/{home_tenant(world)}/v2.0/.well-known/openid-configuration"
    metadata = {"preferred_network": aliases[0], "preferred_cache": aliases[1], "aliases": aliases}
    return Response(200, {"tenant_discovery_endpoint": home, "api-version": "1.1", "metadata": [metadata]})


def _openid(world: World, request: Request, tenant: str) -> Response:
    home = tenant if _is_guid(tenant) else home_tenant(world)
    here = f"{request.base}/{home}"
    body = {
        "issuer": f"{here}/v2.0",
        "token_endpoint": f"{here}/oauth2/v2.0/token",
        "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{here}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{here}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    }
    return Response(200, body)
