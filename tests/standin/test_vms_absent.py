"""Resources that one machine lacks: empty lists, refusals with a reason, never a 404."""

import pytest
import urllib3
import vastpy

from vast_standin.vms.kinds import absent


def failure(call):
    with pytest.raises(vastpy.RESTFailure) as caught:
        call()
    return caught.value.status, caught.value.data.decode()


def status(call):
    return failure(call)[0]


@pytest.mark.parametrize("kind", absent.KINDS, ids=lambda kind: kind.name)
def test_what_there_is_none_of_is_an_empty_list(vms, kind):
    assert [] == vms[kind.name].get()
    assert {"count": 0, "next": None, "previous": None, "results": []} == vms[
        kind.name
    ].get(page_size=5)
    assert 404 == status(vms[kind.name]["1"].get)


CREATED = {
    "replicationtargets": {
        "name": "far",
        "type": "AWS_S3",
        "bucket_name": "b",
        "access_key": "k",
        "secret_key": "s",
        "http_protocol": "https",
    },
    "nativereplicationremotetargets": {
        "name": "far",
        "leading_vip": "10.0.0.1",
        "pool_id": 1,
    },
    "replicationpolicies": {"name": "far", "replication_target_id": 1},
    "replicationstreams": {"name": "far"},
    "kafkabrokers": {"name": "far", "addresses": [{"host": "h", "port": 9092}]},
}


@pytest.mark.parametrize(("resource", "fields"), CREATED.items(), ids=CREATED)
def test_what_cannot_be_had_is_refused_with_the_reason(vms, resource, fields):
    code, text = failure(lambda: vms[resource].post(**fields))

    assert (501, True) == (code, "there is no" in text)
    assert 400 == status(lambda: vms[resource].post(name="far", imagined=1))
    assert [] == vms[resource].get()


def test_no_database_has_topics(vms, bucket):
    name = {"database_name": bucket, "name": "t"}

    assert [] == vms.topics.get(database_name=bucket)
    assert 501 == status(lambda: vms.topics.post(**name, topic_partitions=1))
    assert 404 == status(lambda: vms.topics.patch(**name, retention_ms=1))
    assert 404 == status(lambda: vms.topics.show.get(**name))
    assert 404 == status(lambda: vms.topics["delete"].delete(**name, schema_name="s"))
    assert 404 == status(lambda: vms.topics.get(database_name="imagined"))
    assert 400 == status(vms.topics.get)
    assert 400 == status(lambda: vms.topics.post(**name))
    assert 400 == status(lambda: vms.topics.post(**name, topic_partitions=1, x=1))


def test_views_keep_what_is_set_for_kafka(vms, bucket):
    (view,) = vms.views.get(bucket=bucket)
    endpoint = vms.views[str(view["id"])]

    endpoint.patch(
        kafka_is_authorization_required=True, kafka_rejoin_group_timeout_sec=7
    )

    row = endpoint.get()
    assert (True, 7) == (
        row["kafka_is_authorization_required"],
        row["kafka_rejoin_group_timeout_sec"],
    )
    assert 400 == status(lambda: endpoint.patch(event_notifications=[{"broker_id": 1}]))
    assert 400 == status(lambda: endpoint.patch(kafka_encrypted_auth_mechanism="MAGIC"))


def test_a_policy_of_users_names_users_there_are(vms):
    attached = [{"identifier_type": "uid", "identifier_value": "1000"}]
    policy = vms.qospolicies.post(
        name="users", policy_type="USER", attached_users=attached
    )
    endpoint = vms.qospolicies[str(policy["id"])]

    assert attached == endpoint.get()["attached_users"]
    for wrong in (
        [{"identifier_type": "username", "identifier_value": "imagined"}],
        [{"identifier_type": "badge", "identifier_value": "1000"}],
        [{**attached[0], "color": "red"}],
    ):
        assert 400 == status(lambda wrong=wrong: endpoint.patch(attached_users=wrong))
    assert 400 == status(
        lambda: vms.qospolicies.post(name="views", attached_users=attached)
    )
    endpoint.patch(attached_users=[])
    endpoint.delete()


EMPTY = ["devices", "nics", "replications", "switches", "defrag", "volumes"]


def test_prometheus_has_pages_of_users_and_addresses_and_empty_ones(
    standin, s3, bucket
):
    s3.put_object(Bucket=bucket, Key="k", Body=bytes(1234))
    pool = urllib3.PoolManager(ca_certs=standin.cert_file)
    headers = urllib3.make_headers(basic_auth=f"{standin.user}:{standin.password}")

    def page(family):
        url = f"https://{standin.vms_address}/api/prometheusmetrics/{family}"
        answer = pool.request("GET", url, headers=headers)
        assert 200 == answer.status
        return answer.data.decode()

    assert dict.fromkeys(EMPTY, "") == {name: page(name) for name in EMPTY}
    sample = f'{{path="/{bucket}",user="standin"}} 1234.0'
    written = f"vast_user_view_write_bytes_total{sample}"
    for _ in range(500):  # a request is counted when its answer has gone
        if written in page("user_view"):
            break
    assert written in page("user_view")
    assert 'vast_user_write_ops_total{user="standin"}' in page("users")
    assert 'vast_vip_write_ops_total{ip="127.0.0.1"}' in page("vips")
    assert 'client="127.0.0.1"' in page("user_connections")
