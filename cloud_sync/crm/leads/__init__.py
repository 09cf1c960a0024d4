"""Leads as people and programs see them: one, the hot list, what waits."""
