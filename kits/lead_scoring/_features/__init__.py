"""A lead as numbers: what each column becomes, by a specification learned from past leads."""
