"""What an API has to carry: distributions, the TOML file, and the fields that can vary."""
