"""File formats that several missions share: FITS, QDP, text tables, VOTable."""
