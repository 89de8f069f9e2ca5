"""Folders are deleted with all they hold; tenants are held to their capacity."""

import pytest
import vastpy
from botocore.exceptions import ClientError


def view(vms, path, bucket, **more):
    policy = vms.viewpolicies.get(name="default")[0]["id"]
    return vms.views.post(
        path=path,
        policy_id=policy,
        protocols=["S3", "DATABASE"],
        bucket=bucket,
        bucket_owner="standin",
        create_dir=True,
        **more,
    )


def test_a_folder_goes_with_objects_and_tables_and_its_neighbour_stays(vms, s3):
    gone = view(vms, "/folder/one", "folder-one")
    near = view(vms, "/folder/one-more", "folder-more")
    for bucket in ("folder-one", "folder-more"):
        s3.put_object(Bucket=bucket, Key="a/b", Body=b"x" * 10)
    vms.schemas.post(database_name="folder-one", name="room")
    vms.folders.delete_folder.delete(path="/folder/one")

    assert 0 == vms.views[str(gone["id"])].get()["logical_capacity"]
    assert 10 == vms.views[str(near["id"])].get()["logical_capacity"]
    vms.views[str(gone["id"])].delete()
    vms.folders.delete_folder.delete(path="/folder/one-more", tenant_id=1)
    vms.views[str(near["id"])].delete()


@pytest.mark.parametrize(
    ("fields", "status"), [({"path": "/"}, 400), ({"path": "/none"}, 404), ({}, 400)]
)
def test_what_is_no_folder_is_refused(vms, fields, status):
    with pytest.raises(vastpy.RESTFailure) as refused:
        vms.folders.delete_folder.delete(**fields)

    assert status == refused.value.status
    if status == 404:  # vast-csi takes a folder for deleted by these words
        assert b"no such directory" in refused.value.data


def test_a_tenant_is_held_to_its_hard_limit_and_its_views(vms, s3):
    tenant = vms.tenants.post(
        name="small", capacity_rules={"hard_limit": 100, "soft_limit": 50}, max_views=1
    )
    small = view(vms, "/small", "small-bucket", tenant_id=tenant["id"])
    s3.put_object(Bucket="small-bucket", Key="a", Body=b"x" * 90)

    with pytest.raises(ClientError, match="tenant small blocks"):
        s3.put_object(Bucket="small-bucket", Key="b", Body=b"x" * 20)
    with pytest.raises(vastpy.RESTFailure, match="may have 1 views"):
        view(vms, "/small2", "small-second", tenant_id=tenant["id"])
    vms.folders.delete_folder.delete(path="/small", tenant_id=tenant["id"])
    vms.views[str(small["id"])].delete()
    vms.tenants[str(tenant["id"])].delete()
