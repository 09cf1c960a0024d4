"""The kinds of CRM: what each must be able to do (`base.py`), the table of them, and a folder for each."""
