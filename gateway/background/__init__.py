"""Responses in the background: queued in the database, run by any process, streamed, resumed and cancelled."""
