"""Quotas on a clock of their own, and a faster controller, in place of a VMS."""

START = 1_700_000_000.0


class Cluster:
    """Quotas on a clock of their own, blocking writes by the documented rules."""

    def __init__(self, free=10**15):
        self.now = START
        self.free = free
        self.rows = {}
        self.since = {}
        self.blocked = 0
        self.patches = []

    def add(self, path, quota, used=0):
        self.rows[path] = {
            "id": len(self.rows) + 1,
            "path": path,
            "name": quota.name,
            "tenant_name": "default",
            "used_capacity": used,
            "soft_limit": quota.soft_bytes,
            "hard_limit": quota.hard_bytes,
            "grace_s": quota.grace_s,
        }

    def write(self, path, size):
        row = self.row_of(path)
        full = row["used_capacity"] + size > row["hard_limit"]
        if full or row["state"] == "GRACE_EXPIRED":
            self.blocked += 1
            return
        self.rows[path]["used_capacity"] += size
        self.row_of(path)

    def row_of(self, path):
        row = dict(self.rows[path])
        used, state, grace_left_s = row["used_capacity"], "OK", None
        if used > row["soft_limit"]:
            since = self.since.setdefault(path, self.now)
            grace_left_s = max(0.0, since + row["grace_s"] - self.now)
            state = "SOFT_EXCEEDED" if grace_left_s else "GRACE_EXPIRED"
        else:
            self.since.pop(path, None)
        if used >= row["hard_limit"]:
            state = "HARD_EXCEEDED"
        return {
            **row,
            "state": state,
            "time_to_block": None if grace_left_s is None else f"{grace_left_s:.0f}",
        }

    def listing(self, resource, /, *, paged=False):
        if resource == "clusters":
            return [{"free_usable_capacity": self.free}]
        return [self.row_of(path) for path in self.rows]

    def patch(self, resource, item, fields):
        self.patches.append((item, dict(fields)))
        next(row for row in self.rows.values() if row["id"] == item).update(fields)


class Late:
    """A VMS whose other controller is faster: it acts between look and patch."""

    def __init__(self, cluster, other):
        self.cluster, self.other, self.looks = cluster, other, 0

    def listing(self, resource, /, *, paged=False):
        self.looks += resource == "quotas"
        if self.looks == 2 and self.other:
            other, self.other = self.other, None
            other.step()
        return self.cluster.listing(resource, paged=paged)

    def patch(self, resource, item, fields):
        self.cluster.patch(resource, item, fields)
