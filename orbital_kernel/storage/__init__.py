"""Storage: the desired state, the actual state, and the changes between them.

The observatory files and the site file define the desired state (`provision.desired`),
the VMS and the database report the actual state (`provision.reading`), `plan.diff`
compares them, and `execute.apply` carries the changes out. Applying twice changes
nothing. Only `vms` calls the vendor's client; all else works on values.
"""
