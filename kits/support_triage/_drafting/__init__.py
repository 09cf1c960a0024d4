"""Replies in which every sentence can be checked: knowledge, retrieval, phrases, slots, verification."""
