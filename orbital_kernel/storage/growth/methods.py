"""`orbital.storage` as far as quotas grow."""

from collections.abc import Mapping

from orbital_kernel.storage.connections import Connections
from orbital_kernel.storage.growth.automation import Controller
from orbital_kernel.storage.growth.growth import Decision
from orbital_kernel.storage.ledger import Ledger


class GrowthMethods(Connections):
    """Quotas: sampled, forecast, and raised by their policies."""

    def quotas(
        self, *, dry_run: bool = False, approved: Mapping[str, int] | None = None
    ) -> tuple[Decision, ...]:
        """Sample every quota, forecast its use, and raise the limits by its policy.

        Parameters
        ----------
        dry_run : bool, default False
            Decide, but write and change nothing.
        approved : mapping of str to int, optional
            Hard limits in bytes, by name of the quota, that a person allows above the
            approval limit of the policy.

        Returns
        -------
        tuple of Decision
            One decision for each quota ('keep', 'expand', 'wait' or 'ask'), with limits
            in bytes, the reason, and the evidence.

        Raises
        ------
        ConfigError
            If `approved` names a quota that does not exist.
        ProvisionError
            If quotas or tables are not provisioned.

        References
        ----------
        VMS REST API, `/quotas/`: `soft_limit`, `hard_limit`, `used_capacity`, `state`,
        `time_to_block`; `/clusters/`: `free_usable_capacity`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> decisions = orbital.storage.quotas(dry_run=True)
        >>> "/observatories/swift" in {decision.path for decision in decisions}
        True
        """
        clusters = {str(row.get("name")) for row in self._vms.listing("clusters")}
        controller = Controller(
            self._vms,
            Ledger(self._tables),
            self._inventory.watched(approved or {}),
            tenant=self.site.tenant,
            promise=not clusters <= set(self.site.over_commit.named),
        )
        return controller.step(dry_run=dry_run)

    def quota_names(self) -> dict[str, str]:
        """Return the name of the quota on each path.

        Returns
        -------
        dict of str to str
            Path of the view to name of its quota.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> connect().storage.quota_names()["/observatories/swift"]
        'orbital-swift'
        """
        return {space.view.path: space.quota.name for space in self._inventory.spaces()}
