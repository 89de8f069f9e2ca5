"""One TOML file an observatory, and site.toml for what all share.

`orbital_kernel.model.observatory` reads them; adding an observatory is adding a file.
"""
