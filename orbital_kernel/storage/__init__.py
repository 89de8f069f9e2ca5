"""Storage as a plan: what the files ask for, what the VMS has, and how to get there.

The observatory files and the site file say what is wanted (`plan.desired`), the VMS says
what is there (`apply.Vms.actual`), `plan.diff` is the difference a person can read, and
`apply.apply` carries it out; doing so twice changes nothing. Only `apply` and `health`
speak to the vendor's client; everything else here is arithmetic on values.
"""
