"""Spreadsheets (XLSX, XLS, ODS, XML of Excel 2003) → tables of texts, as a CSV of the same sheet would give them.

`workbook.py` opens one; nothing else here is for others. Values are read by python-calamine, imported when a file is
opened: no device needs it. What it does not tell (errors, formulas without a result, hidden rows, percentages, how much
memory a file will take) is read from the file's XML before, or
from an XLS's records.
"""
