"""The same made-up parts as tools, cameras and public sets keep their pictures and what is known of them."""
