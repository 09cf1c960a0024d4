"""What programs' APIs answer in JSON: how rows are wrapped, values nested and fields listed. Shared by the kits that read them."""
