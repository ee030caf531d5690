"""Processes beside the server for native code that may take long: started at first use, bounded, ended when idle."""
