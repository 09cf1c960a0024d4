"""Checks of the data: leaks, copies, sensors, too little of what is needed."""
