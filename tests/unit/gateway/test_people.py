"""People sign in by OpenID Connect: with PKCE, for this client, this sign-in and this moment; and whatever
they are, no money moves by it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt

sys.path.insert(0, str(Path(__file__).parent))

from identity_provider import ISSUER, IdentityProvider, key

from parley.agents.operator import Operator
from parley.agents.people import NoKey, SignInUnfinished
from parley.agents.people import sign_in as sign_in_here
from parley.cli.login import write_private
from parley.gateway.app import app_of
from parley.gateway.errors import SettingsInvalid
from parley.gateway.settings import GatewaySettings

VERIFIER = "v" * 43
BACK = "http://127.0.0.1:4711/callback"


@pytest.fixture
def provider(clock: Any) -> IdentityProvider:
    return IdentityProvider(clock)


@pytest.fixture
def gateway(make_gateway: Any, provider: IdentityProvider) -> Any:
    return make_gateway(identities=provider.transport, oidc_issuer=ISSUER)


@pytest.fixture
def http(gateway: Any) -> Iterator[TestClient]:
    with TestClient(app_of(gateway), raise_server_exceptions=False) as client:
        yield client


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def begin(http: TestClient, back: str = BACK, verifier: str = VERIFIER) -> Any:
    body = {"redirect_uri": back, "code_challenge": challenge_of(verifier)}
    return http.post("/v1/people/begin", json=body)


def finish(http: TestClient, code: str, state: str, verifier: str = VERIFIER, back: str = BACK) -> Any:
    body = {"code": code, "state": state, "code_verifier": verifier, "redirect_uri": back}
    return http.post("/v1/people/session", json=body)


def sign_in(http: TestClient, provider: IdentityProvider) -> Any:
    return finish(http, *provider.authorize(begin(http).json()["authorize_url"]))


def test_a_person_watches_and_signs_out(http: TestClient, provider: IdentityProvider) -> None:
    provider.claims["roles"] = ["parley-operator", "parley-reviewer", "something else"]
    answer = sign_in(http, provider)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["roles"], body["scopes"]) == (["operator", "reviewer"], ["govern", "read"])
    headers = {"Authorization": f"Bearer {body['token']}"}
    for path in ("/v1/kpis", "/v1/controls", "/v1/anomalies", "/v1/approvals", "/v1/policies"):
        assert http.get(path, headers=headers).status_code == 200, path
    again = sign_in(http, provider).json()
    assert again["person"] == body["person"], "the same person each time"
    http.delete("/v1/session", headers=headers)
    assert http.get("/v1/kpis", headers=headers).status_code == 401


def test_the_session_is_short(http: TestClient, provider: IdentityProvider, clock: Any) -> None:
    token = sign_in(http, provider).json()["token"]
    clock.now += 901
    answer = http.get("/v1/kpis", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["code"] == "gateway.session-expired"


def test_nothing_of_it_moves_money_or_speaks_for_an_agent(
    http: TestClient, provider: IdentityProvider, gateway: Any, talk: Any
) -> None:
    talk.agree()
    provider.claims["roles"] = ["parley-operator", "parley-reviewer"]
    headers = {"Authorization": f"Bearer {sign_in(http, provider).json()['token']}"}
    before = gateway.store.last_position()
    signed_by_keys = ("/v1/controls", "/v1/policies", "/v1/approvals", "/v1/retention")
    paths = http.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        named = path.replace("{negotiation}", talk.id).replace("{deal_id}", "0x" + "de" * 32)
        for method in set(methods) & {"post", "put", "patch"}:
            if path.startswith(("/v1/people", "/v1/challenge", "/v1/session")):
                continue
            answer = http.request(method, named, headers=headers, json={})
            if path.startswith(signed_by_keys):
                assert answer.status_code == 422, (path, answer.text)  # no signed order, nothing happens
            else:
                assert answer.status_code in (403, 404), (path, answer.text)
    assert gateway.store.last_position() == before
    assert http.get(f"/v1/negotiations/{talk.id}", headers=headers).status_code == 404


WRONG: tuple[Callable[[Any], Any], ...] = (
    lambda claims: claims.update(iss="https://evil.test"),
    lambda claims: claims.update(aud="another-client"),
    lambda claims: claims.update(aud=["parley", "other"]),
    lambda claims: claims.update(azp="another-client"),
    lambda claims: claims.update(nonce="0" * 64),
    lambda claims: claims.pop("nonce"),
    lambda claims: claims.pop("sub"),
    lambda claims: claims.pop("exp"),
    lambda claims: claims.update(exp=claims["iat"] - 31),
    lambda claims: claims.update(iat=claims["iat"] + 31),
    lambda claims: claims.update(nbf=claims["iat"] + 31),
    lambda claims: claims.update(iat=claims["iat"] - 631),
    lambda claims: claims.update(roles=["nobody"]),
    lambda claims: claims.update(roles={"parley-operator": True}),
    lambda claims: claims.pop("roles"),
)


def test_claims_that_do_not_hold(http: TestClient, provider: IdentityProvider) -> None:
    for number, change in enumerate(WRONG):
        provider.change = change
        answer = sign_in(http, provider)
        assert (answer.status_code, answer.json()["code"]) == (401, "gateway.identity-refused"), number


def test_clocks_may_differ_a_little(http: TestClient, provider: IdentityProvider) -> None:
    for by in (-29, 29):
        provider.claims |= {"iat": provider.clock() + by, "exp": provider.clock() + by}
        assert sign_in(http, provider).status_code == 201


def part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unsigned(claims: Any) -> str:
    header = part(json.dumps({"alg": "none"}).encode())
    return f"{header}.{part(json.dumps(claims).encode())}."


def by_public_key(claims: Any) -> str:
    """The old confusion: the public key taken for a shared secret."""
    signed = ".".join(part(json.dumps(each).encode()) for each in ({"alg": "HS256", "kid": "one"}, claims))
    return f"{signed}.{part(hmac.digest(key('one').as_pem(private=False), signed.encode(), 'sha256'))}"


FORGERIES: dict[str, Callable[[Any], str]] = {
    "unsigned": unsigned,
    "by the public key": by_public_key,
    "by an unknown key": lambda claims: jwt.encode({"alg": "RS256", "kid": "two"}, claims, key("two")),
    "by another key under this name": lambda claims: jwt.encode(
        {"alg": "RS256", "kid": "one"}, claims, key("two")
    ),
    "nothing": lambda claims: "",
    "not a token": lambda claims: "a.b.c",
    "endless": lambda claims: "a" * 20_000,
}


def test_forged_tokens(http: TestClient, provider: IdentityProvider) -> None:
    for kind, forge in FORGERIES.items():
        provider.sign = forge
        answer = sign_in(http, provider)
        assert (answer.status_code, answer.json()["code"]) == (401, "gateway.identity-refused"), kind


def test_keys_rotate(http: TestClient, provider: IdentityProvider, clock: Any) -> None:
    assert sign_in(http, provider).status_code == 201
    clock.now += 11
    provider.signing, provider.published = "two", ["two"]
    assert sign_in(http, provider).status_code == 201
    provider.signing = "one"  # withdrawn: a token by the old key no longer holds
    for _ in range(5):
        assert sign_in(http, provider).status_code == 401
    assert provider.asked.count("keys") <= 3, "unknown keys do not make it ask again and again"


def test_a_code_is_for_who_began(http: TestClient, provider: IdentityProvider, clock: Any) -> None:
    code, state = provider.authorize(begin(http).json()["authorize_url"])
    other = begin(http, verifier="w" * 43).json()
    for wrong in (
        finish(http, code, state, verifier="w" * 43),
        finish(http, code, state, verifier="short"),
        finish(http, code, state, back="http://127.0.0.1:4712/callback"),
        finish(http, code, other["state"]),
        finish(http, code, state[:-2] + "AA"),
        finish(http, code, "x"),
        finish(http, "another code", state),
    ):
        assert (wrong.status_code, wrong.json()["code"]) == (401, "gateway.identity-refused")
    assert finish(http, code, state).status_code == 201
    assert finish(http, code, state).status_code == 401, "a code serves once"
    code, state = provider.authorize(begin(http).json()["authorize_url"])
    clock.now += 601
    assert finish(http, code, state).status_code == 401


def test_people_are_sent_back_to_where_is_allowed(http: TestClient) -> None:
    far = ("https://evil.test/cb", "http://localhost.test/", "http://127.0.0.1:1/#f", "javascript:1")
    for back in (*far, "x" * 399):
        assert begin(http, back=back).status_code == 422, back


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.test"},
        {"token_endpoint": "http://id.test/token"},
        {"jwks_uri": "ftp://id.test"},
        {"pad": "x" * 300_000},
    ],
)
def test_a_provider_that_is_not_one(http: TestClient, provider: IdentityProvider, discovery: Any) -> None:
    provider.discovery = discovery
    answer = begin(http)
    assert (answer.status_code, answer.json()["code"]) == (503, "gateway.provider-unavailable")


def test_without_a_provider_there_are_keys(make_gateway: Any) -> None:
    with TestClient(app_of(make_gateway())) as client:
        answer = begin(client)
    assert (answer.status_code, answer.json()["code"]) == (404, "gateway.people-unsupported")


def test_a_provider_without_tls_is_refused_at_the_start(make_gateway: Any) -> None:
    with pytest.raises(SettingsInvalid):
        make_gateway(oidc_issuer="http://id.test")


def test_roles_inside_objects_and_words(make_gateway: Any, provider: IdentityProvider) -> None:
    named = {"oidc_issuer": ISSUER, "oidc_roles_claim": "realm.roles"}
    with TestClient(app_of(make_gateway(identities=provider.transport, **named))) as client:
        for roles in (["parley-reviewer"], "x parley-reviewer"):
            provider.claims = {"realm": {"roles": roles}}
            assert sign_in(client, provider).json()["roles"] == ["reviewer"]


def test_a_person_signs_in_from_the_command_line(
    http: TestClient, provider: IdentityProvider, tmp_path: Path
) -> None:
    def browser(address: str) -> None:
        """Comes back with a forged state first, then as the provider sends it."""
        code, state = provider.authorize(address)
        back = dict(parse_qsl(urlsplit(address).query))["redirect_uri"]

        def visit() -> None:
            for query in (f"code=evil&state={state[:-1]}", f"code={code}&state={state}"):
                with contextlib.suppress(OSError), urllib.request.urlopen(f"{back}?{query}", timeout=20):
                    continue

        threading.Thread(target=visit).start()

    found = sign_in_here("http://testserver", browser, transport=http._transport)
    assert found["roles"] == ["operator"]
    write_private(tmp_path / "session", found["token"])
    assert (tmp_path / "session").stat().st_mode & 0o777 == 0o600
    watcher = Operator("http://testserver", NoKey(), 31_337, transport=http._transport, token=found["token"])
    assert watcher.kpis(0, 2**40)["agent"] is None
    with pytest.raises(SignInUnfinished, match="no key"):
        watcher.stop("all", (), "a person has no key")
    with pytest.raises(SignInUnfinished):
        sign_in_here("http://testserver", lambda _: None, seconds=0.05, transport=http._transport)


def test_settings_from_the_environment(monkeypatch: Any) -> None:
    monkeypatch.setenv("PARLEY_OIDC_REDIRECTS", "https://a.test/cb, https://b.test/cb")
    monkeypatch.setenv("PARLEY_ESCROW", "0x" + "e5" * 20)
    assert GatewaySettings().oidc_redirects == ("https://a.test/cb", "https://b.test/cb")
