"""The vendor's Go client and CSI driver log in for tokens, page by links and filter."""

import json

import pytest
import requests

from vast_standin.http import ProtocolError
from vast_standin.vms.sessions import LOGIN, REFRESH, SECONDS, Sessions


def url(standin, path):
    return f"https://{standin.vms_address}/api/{path}"


def post(standin, path, body):
    return requests.post(
        url(standin, path), json=body, verify=standin.cert_file, timeout=30
    )


def read(standin, path, token):
    return requests.get(
        path if path.startswith("https:") else url(standin, path),
        headers={"Authorization": f"Bearer {token}"},
        verify=standin.cert_file,
        timeout=30,
    )


@pytest.fixture
def login(standin):
    password = standin.credentials["vms_password"]
    return {"username": standin.user, "password": password}


@pytest.mark.parametrize("path", ["token/", "v1/token/", "latest/token/"])
def test_a_manager_logs_in_for_tokens(standin, login, path):
    reply = post(standin, path, login)

    tokens = reply.json()
    assert (200, {"access", "refresh"}) == (reply.status_code, set(tokens))
    assert 200 == read(standin, "clusters/", tokens["access"]).status_code
    assert 401 == read(standin, "clusters/", tokens["refresh"]).status_code


def test_a_refresh_token_brings_new_tokens(standin, login):
    first = post(standin, "token/", login).json()

    second = post(standin, "token/refresh/", {"refresh": first["refresh"]})
    other = post(standin, "token/refresh/", {"refresh": first["access"]})

    assert (200, 401) == (second.status_code, other.status_code)
    assert second.json()["access"] != first["access"]
    assert 200 == read(standin, "clusters/", second.json()["access"]).status_code


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "admin", "password": "wrong"}, 401),
        ({"username": "admin"}, 400),
        ({"username": "admin", "password": 1}, 400),
        ({}, 400),
    ],
)
def test_a_wrong_login_gets_nothing(standin, body, status):
    reply = post(standin, "token/", body)

    assert status == reply.status_code
    assert "access" not in reply.json()


@pytest.mark.parametrize("token", ["", "x", "a.b.c", ".", "é"])
def test_what_is_no_token_is_refused(standin, token):
    assert 401 == read(standin, "clusters/", token.encode()).status_code


def test_a_page_of_a_stranger_cannot_log_in(standin, login):
    for headers in (
        {"Origin": "https://evil.example"},
        {"Content-Type": "text/plain"},
    ):
        reply = requests.post(
            url(standin, "token/"),
            data=json.dumps(login),
            headers=headers,
            verify=standin.cert_file,
            timeout=30,
        )
        assert reply.status_code in (403, 415)


def test_tokens_end_and_belong_to_one_process():
    now = [1000.0]
    sessions = Sessions(lambda: now[0])
    tokens = sessions.answer(
        LOGIN, {"username": "u", "password": "p"}, lambda user, _: user
    )

    assert "u" == sessions.user_of(tokens["access"])
    with pytest.raises(ProtocolError, match="invalid or expired"):
        Sessions(lambda: now[0]).user_of(tokens["access"])
    now[0] += SECONDS["access"]
    with pytest.raises(ProtocolError, match="invalid or expired"):
        sessions.user_of(tokens["access"])
    again = sessions.answer(REFRESH, {"refresh": tokens["refresh"]}, str.__add__)
    assert "u" == sessions.user_of(again["access"])


def test_links_lead_through_all_pages_as_they_are(standin, vms, login):
    policy = vms.viewpolicies.get(name="default")[0]["id"]
    paths = [f"/pages/a b&c={n}" for n in range(3)]
    views = [vms.views.post(path=p, policy_id=policy, create_dir=True) for p in paths]
    token = post(standin, "token/", login).json()["access"]
    link = "views/?page_size=1&path__contains=b%26c"
    found = []
    while link:
        page = read(standin, link, token).json()
        found += [row["path"] for row in page["results"]]
        link = page["next"]

    assert paths == found
    for view in views:
        vms.views[view["id"]].delete()


def test_without_a_size_all_is_on_the_first_page(standin, login):
    token = post(standin, "token/", login).json()["access"]

    statuses = {
        page: read(standin, f"views/?page={page}", token).status_code
        for page in ("1", "2", "0", "x")
    }

    assert {"1": 200, "2": 404, "0": 400, "x": 400} == statuses


def test_a_record_is_found_by_what_it_belongs_to(vms):
    policy = vms.viewpolicies.get(name="default")[0]
    view = vms.views.post(path="/related", policy_id=policy["id"], create_dir=True)

    assert [view["id"]] == [
        row["id"]
        for row in vms.views.get(path="/related", policy__name="default", tenant__id=1)
    ]
    assert [] == vms.views.get(path="/related", policy__name="other")
    assert [] == vms.views.get(path="/related", tenant__name__startswith="other")
    for resource, query in (
        ("globalsnapstreams", {"loanee_snapshot__id": 1}),
        ("fans", {"box__id": 1, "box__name": "x"}),
        ("carriers", {"dbox__name": "x"}),
    ):
        assert [] == vms[resource].get(**query)
    vms.views[view["id"]].delete()


def test_a_snapshot_is_of_a_folder_named_with_a_slash(vms):
    policy = vms.viewpolicies.get(name="default")[0]["id"]
    view = vms.views.post(path="/slash", policy_id=policy, create_dir=True)

    snapshot = vms.snapshots.post(name="of-slash", path="/slash/")

    assert "/slash" == snapshot["path"].rstrip("/")
    assert [snapshot["id"]] == [
        row["id"] for row in vms.snapshots.get(path__contains="/slash")
    ]
    vms.snapshots[snapshot["id"]].delete()
    vms.views[view["id"]].delete()


def test_a_link_of_the_catalogue_asks_the_same_again(standin, s3, bucket, login):
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    token = post(standin, "token/", login).json()["access"]
    asked = f"path=/{bucket}&limit=1&fields=name&ordering=name"
    link, found = f"bigcatalogconfig/query_data/?{asked}", []
    while link:
        page = read(standin, link, token).json()
        assert ["name"] == page["prop_list"]
        found += page["results"]
        link = page["next"]

    assert page["count"] == len(found)
    assert sorted(found) == found
    assert {'["a"]', '["b"]', '["c"]'} <= set(found)
