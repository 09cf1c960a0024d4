"""Files → tables: text, spreadsheets, JSON, HDF5, Matlab, TDMS, WAV, whatever wrote them."""
