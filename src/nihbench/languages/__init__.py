"""What differs between languages: one file each, found by its code. Rules that languages share stand beside them."""
